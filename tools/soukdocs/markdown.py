"""Tables as GitHub reads them."""

from collections.abc import Iterable, Sequence


class NotSaidError(Exception):
    """Something without a comment: nobody knows what it means."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A line for each row."""
    lines = [_line(heads), "|-" * len(heads) + "|", *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)


def prose(comment: str, of: str) -> str:
    """A comment of a contract in one line; NotSaidError names `of` where there is none."""
    if not comment.strip():
        raise NotSaidError(f"{of} has no comment")
    return " ".join(comment.split())


def page(title: str, text: str, *parts: str) -> str:
    """All of it, with the way it comes about."""
    made = "Made by `make docs`; changes by hand do not last."
    return "\n".join([f"# {title}\n", f"{text} {made}\n", *parts])
