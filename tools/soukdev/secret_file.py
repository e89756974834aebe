"""Secrets live in files that only their reader may open, never in arguments or environment."""

import os
import secrets
import shutil
from pathlib import Path


def write(file: Path, text: str, owner: str | None = None) -> None:
    """Replaces the file as a whole; it is never readable by others, not even for a moment."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    if owner:
        shutil.chown(new, owner)
    new.rename(file)


def password(file: Path) -> str:
    """What the file holds; a random word, kept for the next time, when it is not there yet."""
    if not file.exists():
        write(file, secrets.token_urlsafe(32))
    return file.read_text()
