"""The one exception for what a person asked and the office's rules do not allow."""


class Refused(Exception):
    """An expected refusal, said to the person in a sentence of the catalogue.

    `key` names the sentence, `values` fill its placeholders. Anything that is not a `Refused`
    is a bug.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        filled = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.key} ({filled})" if filled else self.key
