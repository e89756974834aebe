"""What is still under way."""

from soukdev.invariants.rules import Rule

_PENDING, _APPROVED, _MANUAL = 10, 11, 4

_SAGAS = {
    context: Rule(
        f"sagas of {context}",
        (context,),
        f"SELECT id, kind, phase, outcome_reason FROM souk_{context}.saga WHERE active = 1",
    )
    for context in ("listing", "order")
}

# Each finds what has not ended.
UNDER_WAY = (
    *_SAGAS.values(),
    Rule(
        "stock that is to be told",
        ("inventory",),
        "SELECT sku_id FROM souk_inventory.stock WHERE dirty <> 0",
    ),
    Rule(
        "listings before the machine",
        ("listing",),
        f"""
        SELECT listing_id, status FROM souk_listing.listing
        WHERE status = {_APPROVED} OR (status = {_PENDING} AND strategy <> {_MANUAL})
        """,
    ),
    # One that waits for a price window to begin or end is at rest.
    Rule(
        "documents that are to be indexed",
        ("search",),
        "SELECT item_id, doc_version, indexed_version FROM souk_search.document"
        " WHERE due_at <= UTC_TIMESTAMP(6) OR indexed_version <> doc_version",
    ),
)
