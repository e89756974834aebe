"""proto/baseline.binpb: what was promised is kept, and what comes new breaks nothing."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from soukdev import paths

_PROTO = paths.ROOT / "proto"
_BASELINE = _PROTO / "baseline.binpb"


def _drop_field(file: FileDescriptorProto) -> None:
    del _stock(file).field[-1]


def _renumber_field(file: FileDescriptorProto) -> None:
    _stock(file).field[-1].number = 99


def _retype_field(file: FileDescriptorProto) -> None:
    _stock(file).field[-2].type = file.message_type[0].field[0].TYPE_STRING


def _drop_method(file: FileDescriptorProto) -> None:
    del file.service[0].method[0]


def _drop_reason(file: FileDescriptorProto) -> None:
    reasons = next(enum for enum in file.enum_type if enum.name == "ErrorReason")
    del reasons.value[-1]


def _add_field(file: FileDescriptorProto) -> None:
    last = _stock(file).field[-2]
    added = _stock(file).field.add()
    added.CopyFrom(last)
    added.name, added.json_name, added.number = "added", "added", 99


def _stock(file: FileDescriptorProto) -> DescriptorProto:
    return next(message for message in file.message_type if message.name == "Stock")


def _breaking(folder: Path, change: Callable[[FileDescriptorProto], None]) -> str:
    """What buf finds when the contracts are the baseline's but for one change."""
    files = FileDescriptorSet.FromString(_BASELINE.read_bytes())
    change(next(file for file in files.file if file.name == "souk/inventory/v1/inventory.proto"))
    changed = folder / "changed.binpb"
    changed.write_bytes(files.SerializeToString())
    buf = paths.BUILD / "venv" / "bin" / "buf"
    config = _PROTO / "buf.yaml"
    command = [str(buf), "breaking", str(changed), "--against", str(_BASELINE)]
    done = subprocess.run(
        [*command, "--config", str(config)], capture_output=True, encoding="utf-8", check=False
    )
    assert not done.stderr
    assert (done.returncode == 0) == (not done.stdout)
    return done.stdout


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_drop_field, "update_time"),
        (_renumber_field, "update_time"),
        (_retype_field, "version"),
        (_drop_method, "SetStock"),
        (_drop_reason, "ErrorReason"),
    ],
)
def test_a_broken_promise_is_named(
    tmp_path: Path, change: Callable[[FileDescriptorProto], None], what: str
) -> None:
    assert what in _breaking(tmp_path, change)


def test_what_comes_new_breaks_nothing(tmp_path: Path) -> None:
    assert _breaking(tmp_path, _add_field) == ""
