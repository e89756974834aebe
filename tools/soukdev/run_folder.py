"""Where a run of tests keeps its servers: build/tests/<suite>/<pid>, for looking at what failed."""

import os
import shutil
from pathlib import Path

from soukdev import paths


def run_folder(suite: str) -> Path:
    """The folder of this process; those that ended runs have left are removed."""
    runs = paths.BUILD / "tests" / suite
    for old in runs.glob("*"):
        if not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = runs / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    return folder
