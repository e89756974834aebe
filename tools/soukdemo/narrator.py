"""What the demo says, and how it looks."""

import os
import time
from collections.abc import Sequence
from typing import TextIO

from soukdemo.text import WIDTH, table, wrap

_INDENT = "    "
_ROOM = WIDTH - len(_INDENT)
_BOLD, _DIM, _GREEN, _RED, _PLAIN = "1", "2", "32", "31", "0"


class Narrator:
    """Numbered steps, in colour on a terminal unless NO_COLOR is set."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colour = out.isatty() and not os.environ.get("NO_COLOR")
        self._steps = 0
        self._begin = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._begin

    def title(self, text: str) -> None:
        self._line(self._in(_BOLD, text))

    def step(self, text: str) -> None:
        self._steps += 1
        self._line("")
        self._line(self._in(_BOLD, f"{self._steps:>2}  {text}"))

    def say(self, text: str) -> None:
        """A sentence or two."""
        for line in wrap(text, _ROOM):
            self._line(_INDENT + line)

    def ask(self, text: str) -> None:
        """What goes over the wire."""
        self._line(self._in(_DIM, _INDENT + text))

    def good(self, text: str) -> None:
        for line in wrap(text, _ROOM):
            self._line(self._in(_GREEN, _INDENT + line))

    def bad(self, text: str) -> None:
        for line in wrap(text, _ROOM):
            self._line(self._in(_RED, _INDENT + line))

    def rows(self, rows: Sequence[Sequence[str]], align: str, *, head: bool = False) -> None:
        """A table; with head, its first row is that."""
        for number, line in enumerate(table(rows, align, _ROOM - 2)):
            text = f"{_INDENT}  {line}"
            self._line(self._in(_DIM, text) if head and number == 0 else text)

    def command(self, text: str) -> None:
        """For the reader to copy: nothing is cut."""
        for line in text.splitlines():
            self._line(self._in(_BOLD, f"  {line}") if line else "")

    def remark(self, text: str) -> None:
        """Above a command."""
        self._line(self._in(_DIM, f"  # {text}"))

    def gap(self) -> None:
        self._line("")

    def _in(self, style: str, text: str) -> str:
        return f"\033[{style}m{text}\033[{_PLAIN}m" if self._colour else text

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)
