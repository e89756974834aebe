"""One trace tells of everything that a request set off, from the gateway to the last consumer."""

import re
import secrets
from collections.abc import Iterator

import pytest
from collector import Collector, Span
from journey_kit import Market, opened
from soukdev import http
from soukdev.poll import until

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector().listening() as collector:
        yield collector


@pytest.fixture(scope="module")
def market(collector: Collector) -> Iterator[Market]:
    with opened("traces", collector=collector.address) as market:
        yield market


def _named(path: list[Span]) -> list[tuple[str, int, str]]:
    return [(span.service, span.kind, span.name) for span in path]


def test_one_trace_goes_from_the_gateway_to_the_last_consumer(
    market: Market, collector: Collector
) -> None:
    market.goods()

    # An operator submits; a work queue, a saga and a stream of facts later search knows the item.
    consumed = collector.await_span(
        service="search", kind=CONSUMER, cloudevents__event_type="listing.published"
    )
    path = until(lambda: collector.path(consumed), 60, "the whole path")
    assert _named(path) == [
        ("gateway", SERVER, "ingress"),
        ("listing", SERVER, "souk.listing.v1.ListingService/SubmitListing"),
        ("listing", PRODUCER, "listing.publish.ready"),
        ("listing", CONSUMER, "listing.publish.ready"),
        ("listing", INTERNAL, "publish"),
        ("listing", INTERNAL, "go_online"),
        ("listing", PRODUCER, "listing.item"),
        ("search", CONSUMER, "listing.item"),
    ]
    # The peers of the saga are in it, too; each process tells of its spans when it is ready to.
    collector.await_span(trace=consumed.trace, service="pricing", kind=SERVER)
    collector.await_span(trace=consumed.trace, service="inventory", kind=SERVER)
    servers = {span.service for span in collector.trace(consumed.trace) if span.kind == SERVER}
    assert servers == {"gateway", "listing", "pricing", "inventory"}


def test_a_purchase_shows_its_saga_its_peers_and_its_statements(
    market: Market, collector: Collector
) -> None:
    goods, customer = market.goods(), market.customer()
    customer.order([goods.line(2)])

    reserve = collector.await_span(
        service="inventory",
        kind=SERVER,
        name="souk.inventory.v1.InventoryService/ReserveStock",
    )
    path = until(lambda: collector.path(reserve), 60, "the whole path")
    assert _named(path)[0] == ("gateway", SERVER, "ingress")
    (step,) = [one for one in path if (one.service, one.name) == ("order", "reserve_stock")]
    assert (step.kind, step.attributes["souk.saga.kind"]) == (INTERNAL, "place_order")
    commit = collector.await_span(service="inventory", name="COMMIT", parent=reserve.id)
    assert collector.path(commit)[:-1] == path
    assert all(span.start_ns <= span.end_ns for span in path)


def test_spans_hold_no_values(market: Market, collector: Collector) -> None:
    customer = market.customer()
    goods = market.goods()
    trace = secrets.token_hex(16)
    customer.api.session.headers["traceparent"] = f"00-{trace}-{secrets.token_hex(8)}-01"
    customer.order([goods.line()])
    statement = collector.await_span(trace=trace, service="order", name="INSERT INTO outbox")
    for service in ("listing", "pricing", "inventory"):
        collector.await_span(trace=trace, service=service, kind=SERVER)
        collector.await_span(trace=trace, service=service, kind=CLIENT)

    assert "?" in str(statement.attributes["db.query.text"])
    told = [
        str(value)
        for span in list(collector.spans)
        if span.service != "gateway"
        for value in span.attributes.values()
    ]
    assert told
    assert not [text for text in told if goods.sku_id in text]


def test_a_collector_that_refuses_costs_spans_and_nothing_else(
    market: Market, collector: Collector
) -> None:
    collector.answer = 503
    try:
        market.customer().order([market.goods().line()])
        port = market.souk.stack.services["order"].ports["admin"]
        dropped = re.compile(r'souk_trace_spans_total\{outcome="dropped"\} [1-9]')
        until(lambda: dropped.search(http.request(port, "/metrics").decode()), 60, "dropped spans")
    finally:
        collector.answer = 200
