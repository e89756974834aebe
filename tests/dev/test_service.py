"""Our services are run as they will be: told by environment, waited for, ended, killed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from soukdev import http, names
from soukdev.server import Server, StartError
from soukdev.service import Service
from soukdev.stack import Stack

STAND_IN = Path(__file__).with_name("stand_in.py")


def settings(service: Service) -> dict[str, str]:
    told: dict[str, str] = json.loads(http.request(service.ports["admin"], "/settings"))
    return told


def test_a_service_ends_well_when_asked_and_comes_back_at_the_same_ports(place: Path) -> None:
    service = Service(place / "svc-x", binary=STAND_IN, environment={"SOUK_ROLES": "api"}).start()
    assert settings(service)["SOUK_ROLES"] == "api"
    before = service.ports
    service.terminate()
    assert service.exit_code == 0  # and not of KILL, for which it would be -9
    assert service.start().ports == before
    service.kill9()
    assert service.exit_code == -9
    service.start().stop()


def test_settings_of_our_own_environment_do_not_leak(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUK_DB_HOST", "production")
    with Service(place / "svc-x", binary=STAND_IN) as service:
        assert "SOUK_DB_HOST" not in settings(service)


def test_one_that_ends_at_its_start_is_noticed_at_once_with_its_last_words(place: Path) -> None:
    service = Service(place / "svc-x", binary=STAND_IN, environment={"SOUK_FAIL": "1"})
    with pytest.raises(StartError, match="SOUK_FAIL is not a setting"):
        service.start()
    assert service.exit_code == 1


def test_a_stack_tells_each_service_what_it_needs(
    place: Path, descriptor_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "binary", lambda context, mode: STAND_IN)
    services = ("inventory", "listing", "pricing", "cart", "order", "search")
    more = {"order": {"SOUK_LOG_LEVEL": "debug"}}
    stack = Stack(place / "stack", services, settings=more, descriptor_set=descriptor_set)
    with stack:
        told = {context: settings(service) for context, service in stack.services.items()}
        inventory, order = told["inventory"], told["order"]
        assert inventory["SOUK_DB_NAME"] == inventory["SOUK_DB_USER"] == "souk_inventory"
        assert inventory["SOUK_DB_PORT"] == str(stack.mariadb.port)
        assert inventory["SOUK_KAFKA_BROKERS"] == stack.kafka.address
        assert inventory["SOUK_SERVICE_KEY_ID"] == "svc-inventory-1"
        assert not [name for name in inventory if name.startswith("SOUK_PEER_")]
        assert order["SOUK_PEER_INVENTORY"] == f"ipv4:{stack.services['inventory'].address}"
        assert order["SOUK_LOG_LEVEL"] == "debug"
        assert Path(order["SOUK_PAYMENT_SECRET_FILE"]).exists()
        assert stack.payments
        assert order["SOUK_PAYMENT_URL"] == stack.payments.url
        assert "SOUK_QUOTE_SECRET_FILE" in told["pricing"]
        assert "SOUK_QUOTE_SECRET_FILE" not in order
        secret = stack.credentials("order").password_file.read_text()
        assert secret not in json.dumps(told)
        assert {line.state for line in stack.status()} == {"ready"}
        assert "payment-sandbox" in [line.name for line in stack.status()]
        state = (stack.folder / "stack.json").read_text()
        assert re.search(rf'"pid": {stack.services["order"].pid}\b', state)
        assert secret not in state
    assert {line.state for line in stack.status()} == {"down"}
    stack.destroy()


def test_services_that_were_told_otherwise_are_started_anew(
    place: Path, descriptor_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "binary", lambda context, mode: STAND_IN)

    def stack(*services: str) -> Stack:
        return Stack(place / "stack", services, descriptor_set=descriptor_set)

    with stack("search", "inventory") as first:
        search, inventory = first.services["search"], first.services["inventory"]
        before = {service: service.pid for service in (search, inventory)}
        more = stack("search", "inventory", "pricing").up()
        pricing = more.services["pricing"]
        assert settings(search)["SOUK_PEER_PRICING"] == f"ipv4:{pricing.address}"
        assert search.pid != before[search]
        # Nothing new for it; and a peer less is no reason.
        assert inventory.pid == before[inventory]
        pid = search.pid
        stack("search").up()
        assert search.pid == pid
        pricing.stop()
    first.destroy()


@pytest.mark.parametrize("end", [Stack.down, Stack.destroy])
def test_what_does_not_stop_keeps_nothing_else_up(
    place: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[Stack], None]
) -> None:
    stack = Stack(place, ["inventory", "order"])
    stopped: list[Server] = []
    sticky = [stack.payments, stack.services["order"], stack.kafka]

    def stop(server: Server) -> None:
        stopped.append(server)
        if server in sticky:
            raise RuntimeError(server.name)

    monkeypatch.setattr(Server, "stop", stop)
    with pytest.raises(RuntimeError):
        end(stack)
    assert set(stopped) == set(stack.servers())
