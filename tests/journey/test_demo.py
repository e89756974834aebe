"""make demo, as a newcomer runs it: twice, and every line that it prints to be tried."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from journey_kit import MODE
from soukdemo.text import width
from soukdev import paths
from soukdev.stack import Stack, services_of

COLUMNS = 80
# Whichever of them is the first runs the demo twice.
pytestmark = pytest.mark.timeout(500)


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [paths.ROOT / "tools" / "demo", "--mode", MODE, "--dir", folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = paths.BUILD / "tests" / "journey" / str(os.getpid()) / "demo"
    yield folder
    if folder.exists():
        Stack(folder, services_of(folder), dies_with_us=False).destroy()


@pytest.fixture(scope="module")
def told(folder: Path) -> str:
    """What the second of two runs said."""
    for _ in range(2):
        done = demo(folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
    return done.stdout


def commands(told: str) -> list[str]:
    """Those that are printed to be tried, in bash."""
    _, _, turn = told.partition("Your turn")
    shell = re.sub(r"\\\n\s*", "", turn)
    lines = re.findall(r"^  (?! |# )(.+)$", shell, re.MULTILINE)
    return [line for line in lines if line != "tools/setup grpcurl"]


def tour(folder: Path) -> str:
    """The commands of the README, for the stack in this folder."""
    readme = (paths.ROOT / "README.md").read_text()
    _, _, rest = readme.partition("## Five minutes")
    section, _, _ = rest.partition("\n## ")
    script = "".join(re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    if not (paths.BUILD / "bin" / "grpcurl").exists():
        script, _, _ = script.partition("tools/setup grpcurl")
    return script.replace("build/stack/demo", str(folder))


def run(command: str, **variables: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=paths.ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_it_ends_well_twice_and_fits_a_terminal(told: str) -> None:
    assert "Every step held." in told
    assert "\033" not in told
    wide = [line for line in told.splitlines() if width(line) > COLUMNS]
    assert not wide, "\n".join(wide)


def test_the_lines_to_try_work_as_they_are_printed(told: str, folder: Path) -> None:
    first, *rest = commands(told)
    assert first.startswith(". ")
    said = {command.split()[0]: "" for command in rest}
    for command in rest:
        if "grpcurl" in command and not (paths.BUILD / "bin" / "grpcurl").exists():
            continue
        said[command.split()[0]] += run(f"{first}\n{command}")
    assert "双人火锅套餐" in said["curl"]
    assert '"status": "ORDER_STATUS_COMPLETED"' in said["curl"]
    assert '"free":"508"' in said["curl"].replace(" ", "")
    assert "ce_type=order.completed" in said["kcat"]
    assert '"ce_type": "order.completed"' in said["tools/stack"]
    assert set(said) == {"curl", "kcat", "tools/stack", "build/bin/grpcurl"}
    mode = (folder / "demo.env").stat().st_mode & 0o777
    assert mode == 0o600
    assert "eyJ" not in told, "a token is on the screen"


def test_all_holds_afterwards(told: str, folder: Path) -> None:
    assert told
    said = run(f"tools/check-invariants --dir {folder}")
    assert "BROKEN" not in said
    assert said.count("holds") > 20


def test_the_tour_of_the_readme(told: str, folder: Path) -> None:
    assert told
    said = run(tour(folder), MODE=MODE, STACK=str(folder)).splitlines()
    first, second = (line for line in said if line.isdecimal())
    assert first == second, "the same request made two orders"
    assert said.index("ORDER_STATUS_PAID") < said.index("ORDER_STATUS_COMPLETED")
    assert {"svc-inventory", "svc-order"} <= {line.split()[0] for line in said if " down " in line}
    assert [line for line in said if line.endswith("  order.completed")]
    assert sum(line.startswith("holds") for line in said) > 20
