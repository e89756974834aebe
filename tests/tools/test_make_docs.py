"""tools/make-docs: what its pages say of small contracts, sources and services."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = """
syntax = "proto3";
package souk.x.v1;
import "souk/common/v1/options.proto";
service XService {
  // Does it.
  //
  // NOT_FOUND X_UNKNOWN. FAILED_PRECONDITION X_BUSY.
  rpc Do(DoRequest) returns (DoResponse) { option (souk.common.v1.policy) = {roles: ROLE_SERVICE}; }
}
message DoRequest {}
message DoResponse {}
// Something | happened.
message BoxHappened {
  option (souk.common.v1.event) = {type: "x.happened" topic: "x.x" key: "x_id"};
  int64 x_id = 1;
  int64 version = 2;
}
// Not yet.
message BoxPlanned {
  option (souk.common.v1.event) = {type: "x.planned" topic: "x.x" key: "x_id"};
  int64 x_id = 1;
  int64 version = 2;
}
enum ErrorReason {
  ERROR_REASON_UNSPECIFIED = 0;
  // There is
  // no x.
  ERROR_REASON_X_UNKNOWN = 1;
  // Later.
  ERROR_REASON_X_BUSY = 2;
}
"""
SOURCES = {
    "svc-x/x_service.c": 'status_error(CODE_ABORTED,\n    REASON_X_BUSY, "")',
    "svc-x/x.c": 'status_error(CODE_INVALID_ARGUMENT, "X_UNKNOWN", "")',
    "svc-x/x_events.c": "outbox_add_one(outbox, tx, &box_happened_event, &message.base)",
}
X = {
    "name": "x",
    "common_options": [
        {"name": "a", "kind": "secret_file", "fallback": None, "min": 1, "max": 9, "help": "<a>"}
    ],
    "own_options": [
        {"name": "b_ms", "kind": "int", "fallback": "5", "min": 0, "max": 10, "help": "waits"}
    ],
    "consumers": [],
}
Y = {
    "name": "y",
    "common_options": X["common_options"],
    "own_options": [],
    "consumers": [{"name": "y.notes", "events": ["x.happened"]}],
}


@pytest.fixture
def services(tmp_path: Path) -> list[Path]:
    """Programs that say what they are, beside their sources."""
    programs = []
    for name, said in {"svc-x": X, "svc-y": Y}.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n[ $1 = --describe ] && echo '{json.dumps(said)}'\n")
        program.chmod(0o755)
        programs.append(program)
    for file, text in SOURCES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    return programs


def make(page: str, folder: Path, services: list[Path], contract: str = CONTRACT) -> str:
    (folder / "x.proto").write_text(contract)
    includes = [folder, ROOT / "proto", sysconfig.get_paths()["purelib"], "/usr/include"]
    subprocess.run(
        [
            "protoc",
            *(f"-I{include}" for include in includes),
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={folder}/set",
            "x.proto",
        ],
        check=True,
    )
    command: list[str | Path] = [sys.executable, ROOT / "tools/make-docs", page, "--root", folder]
    command += ["--contracts", folder / "set", *services]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return made.stdout or made.stderr


def test_an_event_has_who_makes_it_and_who_reads_it(tmp_path: Path, services: list[Path]) -> None:
    lines = make("events", tmp_path, services).splitlines()
    assert (
        "| `x.happened` | `x.x` | `x_id` | svc-x | svc-y (`y.notes`) | Something \\| happened. |"
        in lines
    )
    assert "| `x.planned` | `x.x` | `x_id` | nobody yet |  | Not yet. |" in lines


def test_an_event_that_nobody_explains_is_refused(tmp_path: Path, services: list[Path]) -> None:
    silent = CONTRACT.replace("// Not yet.\n", "")
    assert "BoxPlanned has no comment" in make("events", tmp_path, services, silent)


def test_a_reason_has_the_codes_of_the_contract_and_of_the_code(
    tmp_path: Path, services: list[Path]
) -> None:
    said = make("errors", tmp_path, services)
    assert "## souk.x\n" in said
    assert "| `X_UNKNOWN` | INVALID_ARGUMENT, NOT_FOUND | There is no x. | Do |\n" in said
    assert "| `X_BUSY` | ABORTED, FAILED_PRECONDITION | Later. | Do |\n" in said
    assert "| `MALFORMED_JSON` | INVALID_ARGUMENT | 400 |" in said


def test_a_reason_that_nobody_explains_is_refused(tmp_path: Path, services: list[Path]) -> None:
    silent = CONTRACT.replace("  // Later.\n", "")
    assert "ERROR_REASON_X_BUSY has no comment" in make("errors", tmp_path, services, silent)


def test_options_have_default_range_and_unit(tmp_path: Path, services: list[Path]) -> None:
    said = make("configuration", tmp_path, services)
    assert "| `SOUK_A` | secret | required | 1 to 9 |  | &lt;a> |\n" in said
    assert "## svc-x\n" in said
    assert "| `SOUK_B_MS` | number | `5` | 0 to 10 | ms | waits |\n" in said
    assert said.endswith("## svc-y\n\nNone of its own.\n")


def test_services_describe_themselves() -> None:
    program = ROOT / "build/debug/svc-search-feed/svc-search-feed"
    said = json.loads(subprocess.check_output([program, "--describe"]))
    assert said["name"] == "search"
    assert "db_host" in {option["name"] for option in said["common_options"]}
    assert "search_url" in {option["name"] for option in said["own_options"]}
    (documents,) = said["consumers"]
    assert "listing.published" in documents["events"]
