"""What can be wrong with content, said so that the person who wrote it can mend it."""


class ContentError(Exception):
    """A content file cannot be used; names the file, the place in it and the mend."""

    def __init__(self, file: str, key: str, problem: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {problem}. {mend}")
        self.file = file
        self.key = key
        self.problem = problem
        self.mend = mend


class MissingSentence(KeyError):
    """No language has a sentence under this key, not even Indonesian."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        prefix = self.key.partition(".")[0]
        return f"no sentence {self.key!r}; add it to sentences/id/{prefix}.po"
