"""QR codes of links: for a terminal, and on a sheet to be printed and hung at a counter."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

import segno

WIDTH, HEIGHT = 210, 297  # mm, A4
QR, QR_TOP = 110, 92  # mm; read from two metres away
_FONT = "Noto Sans, DejaVu Sans, Arial, sans-serif"


def terminal(link: str) -> str:
    """The code as text, dark on light whatever the terminal's colours."""
    out = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def sheet(link: str, *, unit: str, point: str, words: Sequence[tuple[str, str]]) -> str:
    """An A4 sheet as SVG; `words` are (title, how to) per language, the first one large.

    Names of 100 characters, the longest there are, still end above the code.
    """
    (title, how), *others = words
    size, width = (14.0, 20) if len(point) <= 20 else (9.0, 32)
    lines = list(_lines(unit, top=20, size=7, width=40))
    lines += _lines(point, top=22 + 8.75 * len(lines) + size, size=size, width=width)
    below = QR_TOP + QR
    lines += _lines(title, top=below + 14, size=11, width=30)
    lines += _lines(how, top=below + 30, size=6.5, width=46)
    for other_title, other_how in others:
        lines += _lines(f"{other_title} {other_how}", top=below + 50, size=5, width=60)
    lines += _lines(link, top=HEIGHT - 12, size=4, width=80)
    code = segno.make(link, error="q", micro=False)
    side = code.symbol_size(border=4)[0]
    # segno writes the paths; where they stand and how large they are is the sheet's affair.
    paths = code.svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None)
    inner = paths[paths.index(">") + 1 :]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<svg x="{(WIDTH - QR) / 2:g}" y="{QR_TOP}" width="{QR}" height="{QR}" '
        f'viewBox="0 0 {side} {side}">{inner}\n' + "\n".join(lines) + "\n</svg>\n"
    )


def _lines(text: str, *, top: float, size: float, width: int) -> Iterator[str]:
    """Centred lines of text; `width` in letters, the rest in mm."""
    for number, line in enumerate(textwrap.wrap(text, width, break_on_hyphens=False)):
        y = top + number * size * 1.25
        yield (
            f'<text x="{WIDTH / 2}" y="{y:g}" font-family="{_FONT}" font-size="{size}" '
            f'text-anchor="middle" fill="#111">{escape(line)}</text>'
        )
