#!/usr/bin/env python3
"""How many orders a second, and where the time goes.

place_order.py [--mode release] [--orders N]: a stack of its own, 200 SKUs of 20 shops, customers
that each order something else. Quotes are made before the clock starts; what is measured is
PlaceOrder alone. The ceiling of the same run is ReserveStock on the same SKUs: one transaction
behind one RPC, of which PlaceOrder needs five behind five.
"""

import argparse
import random
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from soukdev import names, paths
from soukdev.goods import Goods, put_on_sale
from soukdev.souk import Souk
from soukdev.stack import Stack

_CLIENTS = (1, 8, 32)
_SHOPS, _SKUS_A_SHOP = 20, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="release")
    parser.add_argument("--orders", type=int, default=1500, help="for each number of clients")
    options = parser.parse_args()
    folder = paths.BUILD / "bench" / "orders"
    stack = Stack(folder, names.CONTEXTS, mode=options.mode)
    stack.destroy()
    try:
        souk = Souk(stack.up())
        goods = make_goods(souk)
        for clients in _CLIENTS:
            count = options.orders if clients > 1 else options.orders // 4
            reserve(souk, goods, clients, count)
            place(souk, goods, clients, count)
    finally:
        stack.destroy()


def make_goods(souk: Souk) -> list[Goods]:
    shops = [souk.new_id() for _ in range(_SHOPS)]

    def one(shop_id: int) -> Goods:
        return put_on_sale(souk, on_hand=1_000_000, price_minor=1000, shop_id=shop_id)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, shops * _SKUS_A_SHOP))


def reserve(souk: Souk, goods: list[Goods], clients: int, count: int) -> None:
    token = souk.service()
    ids = [souk.new_id() for _ in range(count)]

    def one(hold: int) -> None:
        souk.mutate(
            "inventory.ReserveStock",
            token,
            reservation_id=hold,
            order_id=hold,
            lines=[{"sku_id": random.choice(goods).sku_id, "quantity": 1}],
        )

    run(souk, "ReserveStock", clients, one, ids)


def place(souk: Souk, goods: list[Goods], clients: int, count: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda _: prepare(souk, goods), range(count)))

    def one(job: tuple[str, dict[str, Any]]) -> None:
        token, request = job
        souk.mutate("order.PlaceOrder", token, **request)

    run(souk, "PlaceOrder", clients, one, jobs)


def prepare(souk: Souk, goods: list[Goods]) -> tuple[str, dict[str, Any]]:
    """A customer of his own with two things of one shop, quoted."""
    token = souk.customer()
    first = random.randrange(_SHOPS)
    chosen = [goods[first], goods[first + _SHOPS * random.randrange(1, _SKUS_A_SHOP)]]
    quote = souk.call(
        "pricing.CreateQuote", token, lines=[g.quote_line(random.randint(1, 3)) for g in chosen]
    )
    quantities = {line.sku_id: line.quantity for line in quote.quote.lines}
    lines = [g.line(quantities[g.sku_id]) for g in chosen]
    return token, {"lines": lines, "quote_token": quote.quote_token}


def run(souk: Souk, what: str, clients: int, one: Any, jobs: list[Any]) -> None:
    took: list[float] = []
    feed = iter(jobs)

    def client(_: int) -> None:
        while (job := next(feed, None)) is not None:
            start = time.perf_counter()
            one(job)
            took.append(time.perf_counter() - start)

    before = cpu_seconds(souk)
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    elapsed = time.perf_counter() - start
    used = {name: now - before[name] for name, now in cpu_seconds(souk).items()}
    took.sort()
    print(
        f"{what:12} {clients:3} clients {len(took) / elapsed:7.0f}/s  "
        f"p50 {1e3 * statistics.median(took):6.2f} ms  "
        f"p99 {1e3 * took[int(len(took) * 0.99)]:6.2f} ms"
    )
    spent = "  ".join(
        f"{name} {1e6 * seconds / len(took):.0f}"
        for name, seconds in sorted(used.items(), key=lambda item: -item[1])
        if seconds / elapsed > 0.005
    )
    print(f"{'':12} CPU us each: {spent}")


def cpu_seconds(souk: Souk) -> dict[str, float]:
    """Of every server, and of this client."""
    pids = {server.name: server.pid for server in souk.stack.servers()}
    return {name: _cpu(pid) for name, pid in pids.items()} | {"client": time.process_time()}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


main()
