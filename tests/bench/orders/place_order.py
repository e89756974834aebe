#!/usr/bin/env python3
"""How many orders a second, and where the time goes.

A stack of its own, 200 SKUs of 20 shops, and customers who each order something else: a token, a
quote and a cart of two lines each. All requests are made before the clock starts; what is measured
is PlaceOrder alone, sent by gRPC's C++ client (tests/bench/replay.cc). The ceiling of the same run
is ReserveStock of the same lines: one transaction behind one RPC, where PlaceOrder is several of
each.
"""

import argparse
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from soukdev import names, paths
from soukdev.goods import Goods, put_on_sale
from soukdev.souk import Souk
from soukdev.stack import Stack

_CLIENTS = (1, 8, 32)
_SHOPS, _SKUS_A_SHOP = 20, 10
_REPLAY = paths.BUILD / "bench" / "replay"
_TICKS = os.sysconf("SC_CLK_TCK")

Call = tuple[str, dict[str, Any]]


@dataclass
class Result:
    rate: float
    p50_us: int
    p99_us: int
    cpu_us: dict[str, float]  # of each process, for one call

    def print(self, what: str, clients: int, of: "Result | None" = None) -> None:
        ratio = f"  {self.rate / of.rate:.2f} of the ceiling" if of else ""
        print(
            f"{what:12} {clients:3} clients {self.rate:7.0f}/s  "
            f"p50 {self.p50_us / 1e3:6.2f} ms  p99 {self.p99_us / 1e3:6.2f} ms{ratio}"
        )
        spent = sorted(self.cpu_us.items(), key=lambda item: -item[1])
        shown = "  ".join(f"{name} {used:.0f}" for name, used in spent if used >= 10)
        print(f"{'':12} CPU us a call: {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="release")
    parser.add_argument("--orders", type=int, default=4000, help="for each number of clients")
    options = parser.parse_args()
    stack = Stack(
        paths.BUILD / "bench" / "orders", names.CONTEXTS, mode=options.mode, caller_limits=False
    )
    stack.destroy()
    try:
        souk = Souk(stack.up())
        goods = make_goods(souk)
        replay(souk, "order.PlaceOrder", 8, place_calls(souk, goods, 200))
        for clients in _CLIENTS:
            count = options.orders if clients > 1 else options.orders // 4
            ceiling = replay(
                souk, "inventory.ReserveStock", clients, reserve_calls(souk, goods, count)
            )
            ceiling.print("ReserveStock", clients)
            orders = replay(souk, "order.PlaceOrder", clients, place_calls(souk, goods, count))
            orders.print("PlaceOrder", clients, ceiling)
    finally:
        stack.destroy()


def make_goods(souk: Souk) -> list[Goods]:
    shops = [souk.new_id() for _ in range(_SHOPS)] * _SKUS_A_SHOP

    def one(shop_id: int) -> Goods:
        return put_on_sale(souk, on_hand=1_000_000, price_minor=1000, shop_id=shop_id)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, shops))


def choose(goods: list[Goods]) -> dict[Goods, int]:
    """Two things of one shop, with quantities."""
    first = random.randrange(_SHOPS)
    second = first + _SHOPS * random.randrange(1, _SKUS_A_SHOP)
    return {goods[place]: random.randint(1, 3) for place in (first, second)}


def reserve_calls(souk: Souk, goods: list[Goods], count: int) -> list[Call]:
    token = souk.service()

    def one() -> dict[str, Any]:
        hold = souk.new_id()
        lines = [good.quote_line(quantity) for good, quantity in choose(goods).items()]
        return {"reservation_id": hold, "order_id": hold, "lines": lines}

    return [(token, one()) for _ in range(count)]


def place_calls(souk: Souk, goods: list[Goods], count: int) -> list[Call]:
    def one(_: int) -> Call:
        token, chosen = souk.customer(), choose(goods)
        quote = souk.call(
            "pricing.CreateQuote",
            token,
            lines=[good.quote_line(quantity) for good, quantity in chosen.items()],
        )
        lines = [good.line(quantity) for good, quantity in chosen.items()]
        return token, {"lines": lines, "quote_token": quote.quote_token}

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(count)))


def replay(souk: Souk, method: str, clients: int, calls: list[Call]) -> Result:
    described = next(m for m in souk.contracts.methods() if f"{m.context}.{m.name}" == method)
    client = souk.client(described.context)
    make = client.message(described, "Request")
    encoded = b"".join(
        field(token.encode())
        + field(make(request_id=souk.request_id(), **request).SerializeToString())
        for token, request in calls
    )
    port = souk.stack.services[described.context].ports["rpc"]
    before = cpu_seconds(souk)
    report = subprocess.run(
        [str(_REPLAY), f"127.0.0.1:{port}", described.path, str(clients)],
        input=encoded,
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    ).stdout.split()
    used = {name: now - before[name] for name, now in cpu_seconds(souk).items()}
    count, failed, seconds = int(report[0]), int(report[1]), float(report[2])
    if failed or count != len(calls):
        sys.exit(f"{method}: {failed} of {count} calls failed")
    each = {name: 1e6 * spent / count for name, spent in used.items()}
    return Result(count / seconds, int(report[3]), int(report[4]), each)


def field(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little") + content


def cpu_seconds(souk: Souk) -> dict[str, float]:
    """Of every server, and of the clients that ended."""
    children = os.times()
    used = {"client": children.children_user + children.children_system}
    for server in souk.stack.servers():
        fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        used[server.name] = (int(fields[11]) + int(fields[12])) / _TICKS
    return used


main()
