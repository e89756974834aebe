"""svc-listing's publish, and answers that it does not hear in time."""

import os
from collections.abc import Iterator

import grpc
import pytest
from between import Between
from listing_kit import ONLINE, create, draft_of, item_of, sku, submit, until_status
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
SET_PRICE = "/souk.pricing.v1.PricingService/SetPrice"


@pytest.fixture(scope="module")
def between() -> Iterator[Between]:
    between = Between()
    yield between
    between.close()


@pytest.fixture(scope="module")
def souk(between: Between, request: pytest.FixtureRequest) -> Iterator[Souk]:
    settings = {"listing": {"SOUK_PEER_PRICING": f"ipv4:127.0.0.1:{between.port}"}}
    services = ["listing", "inventory", "pricing"]
    stack = Stack(run_folder("peers"), services, mode=MODE, settings=settings, caller_limits=False)
    try:
        stack.up()
        between.to = grpc.insecure_channel(f"127.0.0.1:{stack.services['pricing'].ports['rpc']}")
        yield Souk(stack, patience_s=30)
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()


def test_prices_that_were_set_are_not_asked_for_again(souk: Souk, between: Between) -> None:
    """Who begins with the first one again never gets beyond the sixth."""
    draft = draft_of("deal")
    draft["skus"] = [sku(f"D{n}", 4500) for n in range(20)]
    between.late[SET_PRICE] = 7
    listing = until_status(souk, submit(souk, create(souk, "deal", draft=draft)), ONLINE, 60)
    prices = souk.call(
        "pricing.BatchGetPrices", None, sku_ids=[s.sku_id for s in item_of(souk, listing).skus]
    )
    assert [one.amount.minor for one in prices.prices] == [4500] * 20
