"""A machine whose clock somebody sets."""

import struct

import grpc
from lab_kit import Lab, Watcher, metric
from soukdev import http
from soukdev.poll import until
from soukdev.service import Service


def readiness(process: Service) -> str:
    """The first line of /readyz, with its HTTP status."""
    try:
        return "200 " + http.request(process.ports["admin"], "/readyz").decode().splitlines()[0]
    except http.HttpError as error:
        return f"{error.status} " + error.body.decode().splitlines()[0]


NOT_SERVING, SERVING = b"\x08\x02", b"\x08\x01"


def health(process: Service) -> bytes:
    """What gRPC health says, as the bytes of its answer."""
    with grpc.insecure_channel(f"127.0.0.1:{process.ports['rpc']}") as channel:
        answer: bytes = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=30)
    return answer


def test_a_clock_that_is_far_off_makes_the_process_unready_until_it_is_set_right(lab: Lab) -> None:
    clock = lab.folder / "clock"
    clock.parent.mkdir(parents=True, exist_ok=True)
    clock.write_bytes(struct.pack("q", 0))
    process = lab.start("api", LAB_CLOCK_FILE=str(clock))
    assert readiness(process) == "200 ready"
    until(lambda: health(process) == SERVING, 60, "health says so, too")
    for step_s, way in ((3600, "ahead of"), (-3600, "behind")):
        with clock.open("r+b") as file:
            file.write(struct.pack("q", step_s))
        until(lambda: not readiness(process).startswith("200"), 60, "it is not ready")
        told = readiness(process)
        assert told.startswith("503 no ids: this machine's clock is 3")
        assert way in told
        until(lambda: health(process) == NOT_SERVING, 60, "health says so, too")
        with clock.open("r+b") as file:
            file.write(struct.pack("q", 0))
        until(lambda: readiness(process) == "200 ready", 60, "it is ready")
        until(lambda: health(process) == SERVING, 60, "health says so, too")


def test_how_old_events_are_is_told_by_the_databases_clock(lab: Lab) -> None:
    clock = lab.folder / "clock"
    clock.parent.mkdir(parents=True, exist_ok=True)
    clock.write_bytes(struct.pack("q", 0))
    relay = lab.start("relay", LAB_CLOCK_FILE=str(clock))
    with clock.open("r+b") as file:
        file.write(struct.pack("q", 3600))
    watcher = Watcher(lab.kafka.address, lab.topic)
    lab.tell(1, b"told")
    watcher.wait_for([b"told"])
    watcher.close()
    until(lambda: metric(relay, "souk_outbox_publish_delay_seconds"), 60, "the metric")
    assert metric(relay, "souk_outbox_publish_delay_seconds") < 3000
