"""What a running service reads again at SIGHUP: whose tokens it believes, and how much it logs."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lab_kit import Lab
from soukdev import http, paths
from soukdev.contracts import Contracts
from soukdev.grpc_client import GrpcClient
from soukdev.keys import Keys
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.service import Service


class Issuer:
    """Signs tokens of operators with a key of its own, under a name of its own."""

    def __init__(self, folder: Path, kid: str) -> None:
        self.kid = kid
        self._keys = Keys(folder / kid).make()

    def token(self) -> str:
        return self._keys.mint(1, "operator")

    def public(self) -> dict[str, Any]:
        known = json.loads(self._keys.keys_file.read_text())["keys"]
        return next(key for key in known if key["kid"] == "auth-1")


class Renamed(Issuer):
    """All that the test needs of another key: another id, and another pair behind it."""

    def token(self) -> str:
        self._keys.private_key_file("auth-1").rename(self._keys.private_key_file(self.kid))
        try:
            return self._keys.mint(1, "operator", kid=self.kid)
        finally:
            self._keys.private_key_file(self.kid).rename(self._keys.private_key_file("auth-1"))

    def public(self) -> dict[str, Any]:
        return {**super().public(), "kid": self.kid}


class Subject:
    """A process of the lab with a key file and a log level of the test."""

    def __init__(self, lab: Lab, **settings: str) -> None:
        self.keys_file = lab.folder / "keys.json"
        self.level_file = lab.folder / "level"
        self.old, self.new = Issuer(lab.folder, "auth-1"), Renamed(lab.folder, "auth-2")
        self.believe(self.old)
        self.level_file.write_text("info\n")
        self.process: Service = lab.start(
            "api,worker",
            SOUK_KEYS_FILE=str(self.keys_file),
            SOUK_LOG_LEVEL_FILE=str(self.level_file),
            **settings,
        )
        self._clients: list[GrpcClient] = []

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def believe(self, *issuers: Issuer) -> None:
        text = json.dumps({"keys": [issuer.public() for issuer in issuers]})
        self.keys_file.write_text(text)

    def reload(self, outcome: str = "ok") -> None:
        before = self.reloads(outcome)
        os.kill(self.process.pid, signal.SIGHUP)
        until(lambda: self.reloads(outcome) == before + 1, 60, f"a reload that is {outcome}")

    def reloads(self, outcome: str) -> int:
        page = http.request(self.process.ports["admin"], "/metrics").decode()
        name = f'souk_config_reloads_total{{outcome="{outcome}"}} '
        return sum(int(line[len(name) :]) for line in page.splitlines() if line.startswith(name))

    def client(self) -> GrpcClient:
        address = f"127.0.0.1:{self.process.ports['rpc']}"
        self._clients.append(GrpcClient(Contracts(paths.DESCRIPTOR_SET), address))
        return self._clients[-1]

    def outcome(self, token: str) -> str:
        try:
            self.client().call("ops.ListSagas", token)
        except Refused as refused:
            return refused.reason
        return "OK"


@pytest.fixture
def subject(lab: Lab) -> Iterator[Subject]:
    subject = Subject(lab)
    yield subject
    subject.close()


@contextmanager
def calling(subject: Subject, token: str) -> Iterator[list[str]]:
    """Calls without a pause meanwhile; the outcome of each."""
    outcomes: list[str] = []
    stop = threading.Event()
    client = subject.client()

    def call() -> None:
        while not stop.is_set():
            try:
                client.call("ops.ListSagas", token)
                outcomes.append("OK")
            except Refused as refused:
                outcomes.append(refused.reason or refused.code)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_keys_change_while_calls_go_on(subject: Subject) -> None:
    old, new = subject.old.token(), subject.new.token()
    assert (subject.outcome(old), subject.outcome(new)) == ("OK", "UNAUTHENTICATED")
    with calling(subject, old) as by_old:
        until(lambda: len(by_old) > 50, 60, "calls")
        subject.believe(subject.old, subject.new)
        subject.reload()
        with calling(subject, new) as by_new:
            until(lambda: len(by_new) > 50, 60, "calls by the new key")
    assert set(by_old) == {"OK"}
    with calling(subject, new) as still_by_new:
        subject.believe(subject.new)
        subject.reload()
        assert subject.outcome(old) == "UNAUTHENTICATED"
        until(lambda: len(still_by_new) > 50, 60, "calls by the new key")
    assert set(by_new) | set(still_by_new) == {"OK"}


@pytest.mark.parametrize(
    ("key_text", "level", "told"),
    [
        ("{", "info", "KEYS_INVALID"),
        ("{", "error", "KEYS_INVALID"),
        ('{"keys": []}', "info", "KEYS_INVALID"),
        ("", "info", "CONFIG_INVALID"),
        (None, "info", "CONFIG_INVALID"),
        ("good", "loud", "CONFIG_INVALID"),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    subject: Subject, key_text: str | None, level: str, told: str
) -> None:
    subject.level_file.write_text(level)
    if key_text is None:
        subject.keys_file.unlink()
    elif key_text == "good":
        subject.believe(subject.new)
    else:
        subject.keys_file.write_text(key_text)
    subject.reload("failed")
    (line,) = [line for line in subject.process.log_text().splitlines() if "not read again" in line]
    assert json.loads(line)["reason"] == told
    assert json.loads(line)["detail"]
    assert subject.outcome(subject.old.token()) == "OK"
    assert subject.outcome(subject.new.token()) == "UNAUTHENTICATED"
    assert '"reason":"UNAUTHENTICATED"' in subject.process.log_text()  # no quieter than before

    subject.level_file.write_text("info")
    subject.believe(subject.new)
    subject.reload()
    assert subject.outcome(subject.new.token()) == "OK"


def test_the_log_gets_quiet_and_talks_again(subject: Subject) -> None:
    subject.level_file.write_text("warn")
    subject.reload()
    subject.level_file.write_text("info")
    subject.reload()
    assert subject.process.log_text().count('"configuration read again"') == 1


def test_a_process_that_ends_may_still_be_asked(lab: Lab) -> None:
    """The last spans keep it when all else is gone: their collector says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as collector:
        url = f"http://127.0.0.1:{collector.getsockname()[1]}/v1/traces"
        subject = Subject(lab, SOUK_TRACE_URL=url, SOUK_TRACE_ROOTS_PER_10000="10000")
        assert subject.outcome(subject.old.token()) == "OK"
        subject.close()
        process, pid = subject.process, subject.process.pid
        os.kill(pid, signal.SIGTERM)
        while process.alive() or process.exit_code is None:
            os.kill(pid, signal.SIGHUP)
            http.answers(process.ports["admin"], "/readyz")
    assert process.exit_code == 0
