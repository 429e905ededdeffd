"""QR codes of links: for a terminal, and on a sheet to be printed and hung at a counter."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

import segno

WIDTH, HEIGHT = 210, 297  # mm, A4
QR = 110  # mm; read from two metres away
_FONT = "Noto Sans, DejaVu Sans, Arial, sans-serif"


def terminal(link: str) -> str:
    """The code as text, dark on light whatever the terminal's colours."""
    out = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def sheet(link: str, *, unit: str, point: str, words: Sequence[tuple[str, str]]) -> str:
    """An A4 sheet as SVG; `words` are (title, how to) per language, the first one large."""
    (title, how), *others = words
    lines = [*_lines(unit, top=26, size=8, width=40), *_lines(point, top=48, size=14, width=22)]
    below = 76 + QR
    lines += _lines(title, top=below + 14, size=11, width=30)
    lines += _lines(how, top=below + 32, size=6.5, width=50)
    for other_title, other_how in others:
        lines += _lines(f"{other_title} {other_how}", top=below + 56, size=5, width=66)
    lines += _lines(link, top=HEIGHT - 14, size=4, width=80)
    code = segno.make(link, error="q", micro=False)
    side = code.symbol_size(border=4)[0]
    path = code.svg_inline(scale=1, border=4, omitsize=True, unit=None)
    inner = path.replace("<svg ", f'<svg x="{(WIDTH - QR) / 2}" y="70" ', 1).replace(
        "<svg ", f'<svg width="{QR}" height="{QR}" ', 1
    )
    if "viewBox" not in inner:
        inner = inner.replace("<svg ", f'<svg viewBox="0 0 {side} {side}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f"{inner}\n" + "\n".join(lines) + "\n</svg>\n"
    )


def _lines(text: str, *, top: float, size: float, width: int) -> Iterator[str]:
    """Centred lines of text; `width` in letters, the rest in mm."""
    for number, line in enumerate(textwrap.wrap(text, width, break_on_hyphens=False)):
        y = top + number * size * 1.25
        yield (
            f'<text x="{WIDTH / 2}" y="{y:g}" font-family="{_FONT}" font-size="{size}" '
            f'text-anchor="middle" fill="#111">{escape(line)}</text>'
        )
