"""What helps while working: the hook before commits, make watch, tests that run when changed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FINE = '#include "base/status.h"\n\nint x(void);\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a file of C and what the hook needs."""
    for name in (".clang-format", ".ruff.toml", "tools/check-layers", "tools/check-sql"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    # Exceptions for files that are not in this tree.
    layers = tmp_path / "tools/check-layers"
    layers.write_text(
        layers.read_text().replace("for name in sorted(APPS | STEPS)", "for name in []")
    )
    (tmp_path / "build").mkdir()
    (tmp_path / "build/venv").symlink_to(ROOT / "build/venv")
    (tmp_path / "libcommon/base").mkdir(parents=True)
    (tmp_path / "libcommon/base/x.h").write_text(FINE)
    (tmp_path / ".gitignore").write_text("build/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "core.hooksPath", str(ROOT / "tools/hooks"))
    git(tmp_path, "add", "--all")
    return tmp_path


def git(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    names = {
        f"GIT_{who}_{what}": "x@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *arguments],
        cwd=tree,
        env={**plain, **names},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sound_commit_goes_through(tree: Path) -> None:
    done = git(tree, "commit", "-m", "x")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("libcommon/base/x.h", FINE.replace("int x", "int  x"), "should be clang-formatted"),
        ("libcommon/base/x.h", FINE.replace("base/", "run/"), "includes downwards only"),
        ("tools/x.py", "import os\n", "F401"),
        ("tools/x", "#!/usr/bin/env python3\nimport os\n", "F401"),
    ],
)
def test_what_is_staged_counts(tree: Path, file: str, text: str, says: str) -> None:
    (tree / file).write_text(text)
    git(tree, "add", "--all")
    (tree / file).write_text(FINE)  # not staged
    done = git(tree, "commit", "-m", "x")
    assert done.returncode == 1
    assert says in done.stdout + done.stderr


def test_what_is_not_staged_does_not_count(tree: Path) -> None:
    (tree / "libcommon/base/x.h").write_text("int  x;")
    assert git(tree, "commit", "-m", "x").returncode == 0


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """It says "ran" at each turn."""
    (tmp_path / "x.c").write_text("")
    process = subprocess.Popen(
        [ROOT / "tools/watch", "sh", "-c", "echo ran >> runs; test -e good"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()


def test_watch_runs_again_after_a_change_and_ends_at_ctrl_c(
    tmp_path: Path, watch: subprocess.Popen[str]
) -> None:
    assert watch.stdout
    assert "FAILED" in watch.stdout.readline()
    (tmp_path / "good").touch()  # no source
    (tmp_path / "build").mkdir()
    (tmp_path / "build/made.c").touch()
    (tmp_path / "x.c").write_text("int x;")
    assert "ok" in watch.stdout.readline()
    watch.send_signal(signal.SIGINT)
    assert watch.wait(timeout=30) == 0
    assert (tmp_path / "runs").read_text() == "ran\nran\n"
    assert list(tmp_path.glob("tmp.*")) == []


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_watch_without_a_command_says_what_it_wants(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [ROOT / "tools/watch", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (2, "usage: tools/watch COMMAND...\n")


def test_a_program_that_passed_is_not_run_again(tmp_path: Path) -> None:
    program, mark = tmp_path / "x_test", tmp_path / "mark"

    def run() -> tuple[int, str]:
        command = [ROOT / "tests/unit/run-changed", program, mark]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def write(text: str) -> None:
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    write("exit 0")
    assert run() == (0, f"  PASS  {program}\n")
    program.touch()
    assert run() == (0, "")
    write("echo oh; exit 1")
    assert run() == (1, f"--- {program}\noh\n")
    assert run() == (1, f"--- {program}\noh\n")
    write("exit 0")
    assert run() == (0, f"  PASS  {program}\n")
