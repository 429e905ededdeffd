"""Personal data in free text, taken out at the door: before anything is stored, a draft included.

Found by the rules of `lokal-id` (NIK, KK, NPWP, telephone, e-mail, bank account, plate, names
after a form of address ...) and by our own for spellings it does not know: digits of other
scripts, digits parted by dots, spaces, dashes or slashes, foreign telephone numbers, addresses
written as words. When in doubt a number goes: nine digits in a row are hardly ever an opinion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from lokal import PiiType, detect_pii

from talk.clean import boundary, clean

MARK = "[…]"
"""What stands where personal data stood: nothing of it, and nothing to read aloud wrongly."""

LONGEST = 1000
"""Characters of a comment that are kept."""

_TYPED = 4100  # the longest message of Telegram
_ROUNDS = 4

# So far beyond what is kept is looked, so that nothing is cut before it could be told what it
# is: an address of 64 characters before its @, a number spelled in words. Nothing is read after
# that, which bounds the work however much was typed.
_REACH = 200

# What identifies somebody. Not: health, religion, income. Without a name they are an opinion,
# and masking them would take the sense out of a comment about a clinic.
_KINDS: tuple[PiiType, ...] = (
    *("NIK", "KK", "NPWP", "PASSPORT", "SIM", "NIP", "BPJS", "NISN", "AKTA", "PHONE", "EMAIL"),
    *("BANK_ACCOUNT", "CARD", "PLATE", "IP", "GEO", "NAME", "ADDRESS", "BIRTH_DATE"),
)

_GAP = r"[\s.\-–—−/_,()·•|*]{0,3}"
_RUN = re.compile(rf"\+?\d(?:{_GAP}\d){{8,}}")

_SEP = r"[\s,()/–-]{1,3}"
_DATE = r"(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d\d"
_STAMP = rf"(?:{_DATE}|(?:[01]?\d|2[0-3])\.[0-5]\d|(?:19|20)\d\d)"
_WHEN = re.compile(rf"(?:\d{{1,2}}{_SEP})?{_STAMP}(?:{_SEP}{_STAMP})*(?:{_SEP}\d{{1,2}})?")
_AMOUNT = r"[1-9]\d{0,2}(?:[.,]\d{3})+(?:,\d\d)?|[1-9]\d{0,11}"
_MONEY = re.compile(rf"(?:{_AMOUNT})(?:{_SEP}(?:{_AMOUNT}))?")
_CURRENCY = re.compile(r"(?:rp|idr|rupiah|\$)\.?\s*\Z", re.IGNORECASE)

_DIGIT_WORDS = (
    "nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|"
    "zero|one|two|three|four|five|six|seven|eight|nine"
)
_SPELLED = re.compile(
    rf"\b(?:{_DIGIT_WORDS})(?:[\s,.\-]{{1,3}}(?:{_DIGIT_WORDS})){{7,}}\b", re.IGNORECASE
)

# A short local number, told by the word before it.
_CALLED = re.compile(
    r"\b(?:telp?|telepon|hp|wa|whatsapp)\b\W{0,3}(\d[\d .-]{3,8}\d)", re.IGNORECASE
)

# Each begins where such a word begins, never inside it: a word is looked at once, not once for
# each of its letters.
_USER = r"(?<![\w.+-])[\w.+-]+"
_AT = r"(?:@|\(at\)|\[at\]|\bat\b)"
_DOT = r"(?:\.|\s?\(dot\)\s?|\s?\[dot\]\s?|\s(?:dot|titik)\s)"
_END = r"(?:com|co|net|org|id|go|ac|sch|info)"
_MAILS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:{_USER})?@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{0,5}}",
        rf"{_USER}\s?{_AT}\s?[\w-]{{1,64}}(?:{_DOT}[\w-]{{1,64}}){{0,3}}{_DOT}{_END}\b",
        rf"{_USER}\s?@\s?[\w-]{{1,64}}(?:\s?\.\s?[\w-]{{1,64}}){{0,3}}\s?\.\s?{_END}\b",
        rf"{_USER}\s?{_AT}\s?(?:gmail|yahoo|ymail|outlook|hotmail|icloud)\b",
        r"\b(?:t|wa|fb)\.me/\S+|\b(?:instagram|facebook|tiktok|x|twitter)\.com/\S+",
    )
)


# Forms of address, of which one after the other is nobody's way to write and costs the rules of
# `lokal` the square of their number. The last two of many say whatever all of them say.
_TITLES = (
    "bapak|ibu|pak|bu|mas|mbak|kak|bang|presiden|wakil|menteri|direktur|dokter|drs|dra|dr|prof|"
    "ir|hj|h|guru|lurah|camat|bupati|walikota|wali|gubernur|kepala|dosen|ketua|manajer|admin|"
    "kurir|driver|ustadzah|ustadz|sdri|sdr|saudara|saudari|tn|ny|nn|mrs|mr|miss|mister|ms|koh|ko|"
    "cik|cici|ci|om|tante|kang|teh|bli|cak|mbok|habib|gus|romo|pastor|pendeta|pdt|almarhumah|"
    "almarhum|almh|alm|kh|dear|adalah|ialah"
)
_TITLE = rf"(?:{_TITLES})\.?+(?![A-Za-z'’-])[ \t]*+"
_MANY_TITLES = re.compile(rf"(?<![A-Za-z'’-])(?:{_TITLE})++", re.IGNORECASE)
_ONE_TITLE = re.compile(_TITLE, re.IGNORECASE)
_TITLES_READ = 2


class Masked(NamedTuple):
    """Text that may be kept, and what was done to it."""

    text: str
    found: bool  # personal data was taken out
    cut: bool  # it was longer than is kept


def mask(typed: str) -> Masked:
    """Clean what a person typed, take personal data out, keep at most LONGEST characters.

    Of longer text the beginning is read and kept. May come out empty. Masking twice changes
    nothing.
    """
    text = clean(typed, _TYPED)
    read = text[: boundary(text, LONGEST + _REACH)]
    upto = len(read) if read == text else LONGEST
    cut, found = read != text, False
    text = read
    for _ in range(_ROUNDS):
        before = text[: boundary(text, upto)].rstrip()
        text = _once(text, upto)
        if text == before:
            break
        upto, found = len(text), True
    short = text[: boundary(text, LONGEST)].rstrip() if len(text) > LONGEST else text
    return Masked(short, found, cut or short != text)


def _once(text: str, upto: int) -> str:
    """The text before a place; what is taken out may lie across that place."""
    upto = boundary(text, upto)
    pieces: list[str] = []
    at = 0
    for start, end in _merged(sorted(_spans(_plain(text)))):
        if start >= upto:
            break
        pieces += (text[at:start], MARK)
        at = end
    return "".join((*pieces, text[at:upto])).rstrip()


def _plain(text: str) -> str:
    """The same characters, place by place, with digits and signs of any script made ASCII."""
    if text.isascii():
        return text
    return "".join(map(_ascii, text))


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    value = unicodedata.digit(character, None)
    if value is not None:
        return str(value)
    simple = unicodedata.normalize("NFKC", character)
    return simple if len(simple) == 1 else character


def _spans(view: str) -> Iterator[tuple[int, int]]:
    """Where personal data stands, in any order and perhaps overlapping."""
    for found in detect_pii(_sparing(view), types=_KINDS):
        if found.type == "NAME":
            yield found.start, found.start + len(_name(found.value))
        else:
            yield found.start, found.end
    for run in _RUN.finditer(view):
        if not _harmless(run[0], view[: run.start()]):
            yield run.span()
    for called in _CALLED.finditer(view):
        yield called.span(1)
    for spelled in _SPELLED.finditer(view):
        yield spelled.span()
    for pattern in _MAILS:
        for mail in pattern.finditer(view):
            yield mail.span()


def _sparing(view: str) -> str:
    """The same, place by place, with all but the last of many forms of address blotted out."""
    return _MANY_TITLES.sub(_last_titles, view)


def _last_titles(run: re.Match[str]) -> str:
    titles = _ONE_TITLE.findall(run[0])
    kept = "".join(titles[-_TITLES_READ:])
    return "." * (len(run[0]) - len(kept)) + kept


def _name(words: str) -> str:
    """A name without the small words after it, which the rules sometimes take along."""
    kept = re.match(r"\S+(?:\s+[A-Z]\S*)*", words)
    return kept[0] if kept else words


def _harmless(run: str, before: str) -> bool:
    """Whether a run of digits is nothing but dates, times and years, or an amount of money."""
    if _WHEN.fullmatch(run):
        return True
    return _CURRENCY.search(before[-12:]) is not None and _MONEY.fullmatch(run) is not None


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Overlapping and touching places as one, in order."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            if current is not None:
                yield current
            current = (start, end)
    if current is not None:
        yield current
