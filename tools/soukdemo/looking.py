"""Step: a customer looks for something."""

from soukdev.market import Customer
from soukdev.market.money import show

from soukdemo.expect import expect
from soukdemo.world import World

_SHOWN = 4


def look(world: World, customer: Customer) -> None:
    """In Chinese and in English, and for the goods that are bought later."""
    _search(world, customer, "咖啡", "SKU001")
    _search(world, customer, "coffee", "SKU001")
    _search(world, customer, "江景套房", "RB-BUND-SUITE")


def _search(world: World, customer: Customer, query: str, wanted: str) -> None:
    answer = customer.search_fresh(query)
    world.narrator.ask(f"GET /v1/search?query={query}")
    hits = answer["hits"]
    rows = [
        (
            hit["title"],
            f"from {show(hit['price_from'])}",
            "in stock" if hit["in_stock"] else "sold out",
        )
        for hit in hits[:_SHOWN]
    ]
    if len(hits) > _SHOWN:
        rows.append((f"and {len(hits) - _SHOWN} more", "", ""))
    world.narrator.rows(rows or [("nothing", "", "")], "<><")
    expect(f"{query} finds {wanted}", world.title(wanted) in [hit["title"] for hit in hits], True)
