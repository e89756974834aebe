"""Text in columns, where a Chinese character takes two."""

import unicodedata
from collections.abc import Iterator, Sequence

WIDTH = 80


def width(text: str) -> int:
    """How many columns a terminal needs."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """As much as fits."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept) + _width(character) > columns - 1:
            break
        kept += character
    return f"{kept}…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Cut or filled up to the columns."""
    text = cut(text, columns)
    space = " " * (columns - width(text))
    return space + text if right else text + space


def wrap(text: str, columns: int) -> Iterator[str]:
    """Lines of whole words."""
    line = ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > columns:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def table(rows: Sequence[Sequence[str]], align: str, columns: int) -> Iterator[str]:
    """One line a row. align: < or > for each column; the first one gives way where it is tight."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(align))]
    widths[0] -= max(0, sum(widths) + 2 * (len(align) - 1) - columns)
    for row in rows:
        cells = [
            pad(cell, size, right=side == ">")
            for cell, size, side in zip(row, widths, align, strict=True)
        ]
        yield "  ".join(cells).rstrip()
