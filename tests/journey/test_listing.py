"""How goods of a merchant come onto the shelf, past a reviewer."""

from journey_kit import Market, assert_all_holds, insist, reason, refusal
from soukdev.market import Offer
from soukdev.market.goods import Json
from soukdev.poll import until


def merchants_offer(market: Market) -> Offer:
    return market.offer(source="merchant_portal")


def actions(market: Market, listing: Json) -> list[str]:
    path = f"/v1/listings/{listing['listing_id']}/history"
    return [change["action"] for change in market.sellers.operator.get(path)["changes"]]


def test_a_reviewer_says_yes(market: Market) -> None:
    sellers, offer = market.sellers, merchants_offer(market)
    listing = sellers.await_audit(sellers.submit(offer, sellers.create(offer)))
    assert listing["status"] == "LISTING_STATUS_PENDING"
    assert listing["audit_strategy"] == "AUDIT_STRATEGY_MANUAL"
    listing = sellers.await_audit(sellers.review(listing, "APPROVE"))
    assert listing["status"] == "LISTING_STATUS_ONLINE"
    assert actions(market, listing) == ["create", "submit", "approve", "publish"]
    item = market.souk.json().get(f"/v1/items/{listing['item_id']}")["item"]
    assert (item["title"], item["status"]) == (offer.title, "ITEM_STATUS_ONLINE")

    def found() -> bool:
        hits = insist(lambda: market.customer().search(offer.title))["hits"]
        return listing["item_id"] in [hit["item_id"] for hit in hits]

    until(found, 60, f"{offer.title} found", every_s=0.1)


def test_a_reviewer_says_no_and_what_was_wrong_is_mended(market: Market) -> None:
    sellers, offer = market.sellers, merchants_offer(market)
    listing = sellers.await_audit(sellers.submit(offer, sellers.create(offer)))
    silent = reason(lambda: sellers.review(listing, "REJECT"))
    assert silent == "INVALID_ARGUMENT COMMENT_MISSING"
    listing = sellers.review(listing, "REJECT", "the title says nothing")
    assert listing["status"] == "LISTING_STATUS_REJECTED"
    assert listing["comment"] == "the title says nothing"

    merchant = sellers.api(offer)
    path = f"/v1/listings/{listing['listing_id']}"
    better = {**offer.draft, "title": f"{offer.title}, for two"}
    change = {"request_id": market.souk.request_id(), "version": listing["version"]}
    listing = merchant.put(path, draft=better, **change)["listing"]
    listing = sellers.await_audit(sellers.submit(offer, listing))
    assert (listing["status"], listing["comment"]) == ("LISTING_STATUS_PENDING", "")
    listing = sellers.await_audit(sellers.review(listing, "APPROVE"))
    assert listing["status"] == "LISTING_STATUS_ONLINE"
    item = market.souk.json().get(f"/v1/items/{listing['item_id']}")["item"]
    assert item["title"] == f"{offer.title}, for two"
    wanted = ["create", "submit", "reject", "update", "submit", "approve", "publish"]
    assert actions(market, listing) == wanted


def test_until_then_nobody_sees_or_buys_it(market: Market) -> None:
    sellers, offer = market.sellers, merchants_offer(market)
    listing = sellers.await_audit(sellers.submit(offer, sellers.create(offer)))
    assert listing["item_id"] == "0"
    stranger = market.souk.json(market.souk.merchant(offer.shop_id + 1))
    path = f"/v1/listings/{listing['listing_id']}"
    assert reason(lambda: stranger.get(path)) == "NOT_FOUND LISTING_UNKNOWN"
    merchant = sellers.api(offer)
    review = {
        "request_id": market.souk.request_id(),
        "version": listing["version"],
        "decision": "REVIEW_DECISION_APPROVE",
    }
    by_himself = reason(lambda: merchant.post(f"{path}:review", **review))
    assert by_himself == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def test_what_is_taken_off_the_shelf_is_not_sold(market: Market) -> None:
    goods, customer = market.goods(), market.customer()
    token = customer.quote([goods.line()])["quote_token"]
    operator = market.sellers.operator
    operator.post(
        f"/v1/items/{goods.item['item_id']}:changeStatus",
        request_id=market.souk.request_id(),
        status="ITEM_STATUS_OFFLINE",
        version=goods.item["version"],
    )
    refused = reason(lambda: customer.place([goods.line()], token))
    assert refused == "FAILED_PRECONDITION NOT_SELLABLE"
    assert reason(lambda: customer.add(goods.line())) == "FAILED_PRECONDITION ITEM_NOT_ONLINE"


def test_the_last_one_sold_takes_it_off_the_shelf_and_the_next_brings_it_back(
    market: Market,
) -> None:
    goods, first, second = market.goods(on_hand=1), market.customer(), market.customer()
    title, item_id = goods.item["title"], goods.item["item_id"]
    placed = first.order([goods.line()])
    first.pay(placed["pay_order"]["pay_order_id"])
    first.await_order(placed["orders"][0]["order_id"], "COMPLETED")

    def status() -> str:
        return str(market.souk.json().get(f"/v1/items/{item_id}")["item"]["status"])

    def found_in_stock() -> list[bool]:
        hits = insist(lambda: second.search(title))["hits"]
        return [hit["in_stock"] for hit in hits if hit["item_id"] == item_id]

    until(lambda: status() == "ITEM_STATUS_OUT_OF_STOCK", 60, "the item sold out")
    until(lambda: found_in_stock() == [False], 60, "the index knows it")
    second.add(goods.line())
    [line] = second.cart_fresh()["lines"]
    assert [change["kind"] for change in line["changes"]] == ["CART_CHANGE_KIND_SOLD_OUT"]
    refused = refusal(lambda: second.order([goods.line()]))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "SOLD_OUT")
    assert refused.metadata == {"sku": goods.sku_id, "wanted": "1", "free": "0"}

    market.sellers.operator.post(
        f"/v1/stock/{goods.sku_id}:adjust",
        request_id=market.souk.request_id(),
        delta=2,
        reason="more came in",
    )
    until(lambda: status() == "ITEM_STATUS_ONLINE", 60, "the item back")
    until(lambda: found_in_stock() == [True], 60, "the index knows it")
    assert second.order([goods.line()])["orders"]
    assert_all_holds(market.souk.stack)
