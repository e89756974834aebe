#!/usr/bin/env python3
"""What is still answered in time when more calls come than can be served.

svc-inventory on real servers. Its capacity is what 64 clients that wait for their answers get out
of it; then ReserveStock comes at 1, 2 and 3 times that rate, whether others were answered or not,
with the contract's deadline. Goodput is what was answered OK within it, as a ratio to the capacity,
which is measured before and after. Rounds alternate between settings, so that a machine that has
other things to do is busy for all of them alike.
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from soukdev import paths
from soukdev.souk import Souk
from soukdev.stack import Stack

_METHOD = "inventory.ReserveStock"
_REPLAY = paths.BUILD / "bench" / "replay"
_SKUS = 200
_CLIENTS = 64
_LOADS = (1, 2, 3)
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "fixed": {"SOUK_RPC_CONCURRENCY_LEAST": "1000"},
    "adaptive": {"SOUK_RPC_CONCURRENCY_LEAST": "16"},
}


@dataclass
class Result:
    goodput: float  # of the capacity
    shed: float  # of what came
    late: float
    p50_us: int
    p99_us: int

    def print(self, what: str, load: float) -> None:
        took = f"p50 {self.p50_us / 1e3:6.1f} ms  p99 {self.p99_us / 1e3:6.1f} ms"
        lost = f"shed {self.shed:4.0%}  late {self.late:4.0%}"
        ratio = f"goodput {self.goodput:4.2f} of capacity"
        print(f"{what:10} {load:.0f}x  {ratio}  {lost}  {took}", flush=True)


class Bench:
    """The stack, its goods, and who calls."""

    def __init__(self, souk: Souk) -> None:
        self._souk = souk
        self._skus = [souk.new_id() for _ in range(_SKUS)]
        self._described = next(
            m for m in souk.contracts.methods() if f"{m.context}.{m.name}" == _METHOD
        )
        for sku in self._skus:
            souk.mutate(
                "inventory.SetStock",
                souk.service("listing"),
                sku_id=sku,
                model="STOCK_MODEL_QUANTITY",
                on_hand=1_000_000_000,
                shop_id=1,
            )

    def restart(self, settings: Mapping[str, str]) -> None:
        service = self._souk.stack.services["inventory"]
        service.terminate()
        service.settings = {**service.settings, **settings}
        service.start()
        self._souk.forget_client("inventory")

    def capacity(self, seconds: float, per_s: float = 200) -> float:
        """Answers a second, so many expected."""
        count, failed, took = self._replay(int(per_s * seconds), str(_CLIENTS))[:3]
        return (count - failed) / took

    def load(self, times: float, before: float, seconds: float) -> tuple[Result, float]:
        """And the capacity after it: what the machine has for us changes all the time."""
        deadline_ms = self._described.deadline_ms
        per_s = times * before
        told = self._replay(int(per_s * seconds), f"{per_s:.3f}", str(deadline_ms))
        calls, good, shed, late, failed, took = told[:6]
        if failed > calls / 10:  # a deadlock loses now and then
            sys.exit(f"{failed:.0f} of {calls:.0f} calls failed")
        after = self.capacity(seconds / 2, before)
        capacity = (before + after) / 2
        result = Result(
            good / took / capacity, shed / calls, late / calls, int(told[6]), int(told[7])
        )
        return result, after

    def _replay(self, count: int, *arguments: str) -> list[float]:
        port = self._souk.stack.services["inventory"].ports["rpc"]
        report = subprocess.run(
            [str(_REPLAY), f"127.0.0.1:{port}", self._described.path, *arguments],
            input=self._calls(count),
            stdout=subprocess.PIPE,
            check=True,
            timeout=600,
        ).stdout
        return [float(number) for number in report.split()]

    def _calls(self, count: int) -> bytes:
        token = self._souk.service().encode()
        make = self._souk.client("inventory").message(self._described, "Request")
        calls = bytearray()
        for _ in range(count):
            hold = self._souk.new_id()
            lines = [{"sku_id": sku, "quantity": 1} for sku in random.sample(self._skus, k=2)]
            message = make(
                request_id=f"bench-{hold}", reservation_id=hold, order_id=hold, lines=lines
            ).SerializeToString()
            for part in (token, message):
                calls += len(part).to_bytes(4, "little") + part
        return bytes(calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    options = parser.parse_args()
    folder = paths.BUILD / "bench" / "overload"
    stack = Stack(folder, ["inventory"], mode=options.mode, caller_limits=False)
    stack.destroy()
    results: dict[tuple[str, int], list[Result]] = {}
    try:
        bench = Bench(Souk(stack.up()))
        for _ in range(options.rounds):
            for what, settings in _SETTINGS.items():
                bench.restart(settings)
                before = bench.capacity(options.seconds)
                for load in _LOADS:
                    result, before = bench.load(load, before, options.seconds)
                    result.print(what, load)
                    results.setdefault((what, load), []).append(result)
    finally:
        stack.destroy()
    print(f"\nmedian of {options.rounds} rounds")
    for (what, load), them in results.items():
        Result(
            *(
                median(getattr(one, name) for one in them)
                for name in ("goodput", "shed", "late", "p50_us", "p99_us")
            )
        ).print(what, load)


main()
