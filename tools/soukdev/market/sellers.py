"""Merchants, suppliers and operators: how goods come onto the shelves."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from soukdev.json_client import JsonClient
from soukdev.market.goods import Json, Offer
from soukdev.poll import until
from soukdev.souk import Souk

_AT_ONCE = 8
_ON_ITS_WAY = ("LISTING_STATUS_PENDING", "LISTING_STATUS_APPROVED")


@dataclass(frozen=True)
class Listed:
    """An offer and what became of it."""

    offer: Offer
    listing: Json

    @property
    def item_id(self) -> int:
        return int(self.listing["item_id"])

    @property
    def was_reviewed(self) -> bool:
        return bool(self.listing["audit_strategy"] == "AUDIT_STRATEGY_MANUAL")


class Sellers:
    """Everybody who sells, at one stack."""

    def __init__(self, souk: Souk) -> None:
        self._souk = souk
        self.operator = souk.json(souk.operator())

    def api(self, offer: Offer) -> JsonClient:
        """As whoever makes the offer."""
        match offer.role:
            case "merchant":
                return self._souk.json(self._souk.merchant(offer.shop_id))
            case "supplier":
                return self._souk.json(self._souk.supplier(offer.supplier_id))
            case _:
                return self.operator

    def create(self, offer: Offer) -> Json:
        """A draft."""
        body = {"request_id": self._souk.request_id(), **offer.body()}
        return self._listing(self.api(offer).post("/v1/listings", **body))

    def submit(self, offer: Offer, listing: Json) -> Json:
        """Hands a draft in."""
        path = f"/v1/listings/{listing['listing_id']}:submit"
        return self._listing(self.api(offer).post(path, **self._change_of(listing)))

    def review(self, listing: Json, decision: str, comment: str = "") -> Json:
        """decision: APPROVE or REJECT."""
        change = {
            **self._change_of(listing),
            "decision": f"REVIEW_DECISION_{decision}",
            "comment": comment,
        }
        return self._listing(self.operator.post(self._path(listing, ":review"), **change))

    def ship(self, order: Json, carrier: str, tracking_no: str) -> Json:
        """As the merchant of its shop, who saw it like this."""
        shop = self._souk.json(self._souk.merchant(int(order["shop_id"])))
        shipped: Json = shop.post(
            f"/v1/orders/{order['order_id']}:ship",
            request_id=self._souk.request_id(),
            version=order["version"],
            carrier=carrier,
            tracking_no=tracking_no,
        )["order"]
        return shipped

    def get(self, listing: Json) -> Json:
        return self._listing(self.operator.get(self._path(listing)))

    def await_audit(self, listing: Json) -> Json:
        """Until it is on sale, rejected, or before a reviewer."""

        def ended() -> Json | None:
            seen = self.get(listing)
            waits = seen["status"] == "LISTING_STATUS_PENDING" and _audited_by_people(seen)
            return seen if waits or seen["status"] not in _ON_ITS_WAY else None

        return until(ended, 60, f"audit of {listing['task_code']}", every_s=0.05)

    def sell(self, offer: Offer) -> Listed:
        """All the way onto the shelf, with a reviewer's word where one is wanted."""
        listing = self.await_audit(self.submit(offer, self.create(offer)))
        if listing["status"] == "LISTING_STATUS_PENDING":
            listing = self.await_audit(self.review(listing, "APPROVE", "welcome"))
        if listing["status"] != "LISTING_STATUS_ONLINE":
            raise RuntimeError(f"{offer.title}: {listing['status']}, {listing['comment']}")
        return Listed(offer, listing)

    def sell_all(self, offers: Iterable[Offer]) -> list[Listed]:
        """Several sellers at once; answers in the order of the offers."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.sell, offers))

    def item(self, listed: Listed) -> Json:
        """The item as everybody sees it."""
        item: Json = self._souk.json().get(f"/v1/items/{listed.item_id}")["item"]
        return item

    def _change_of(self, listing: Json) -> Json:
        return {"request_id": self._souk.request_id(), "version": listing["version"]}

    @staticmethod
    def _path(listing: Json, verb: str = "") -> str:
        return f"/v1/listings/{listing['listing_id']}{verb}"

    @staticmethod
    def _listing(answer: Json) -> Json:
        listing: Json = answer["listing"]
        return listing


def _audited_by_people(listing: Json) -> bool:
    return bool(listing["audit_strategy"] == "AUDIT_STRATEGY_MANUAL")
