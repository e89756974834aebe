"""Runs a checker of tools/ over a small tree of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def complaints(checker: str, root: Path, files: dict[str, str]) -> list[str]:
    """What the checker says about these files; nothing means that it is content."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / checker, root],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    assert done.returncode == (1 if lines else 0), done
    return lines
