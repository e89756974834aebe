"""Where things are: the tree, what tools/setup linked into build/, the cache outside the tree."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DESCRIPTOR_SET = BUILD / "gen" / "souk.pb"


def cache() -> Path:
    """The folder that tools/setup fetches into, shared by all checkouts of a user."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("SOUK_CACHE") or f"{base}/souk")


def installed(name: str) -> Path:
    """A server's files as tools/setup left them.

    Resolved, because Java's class archive is only taken under the path it was made with.
    """
    link = BUILD / name
    if not link.exists():
        raise FileNotFoundError(f"{link} is not there: run tools/setup")
    return link.resolve()
