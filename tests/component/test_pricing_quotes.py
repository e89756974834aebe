"""svc-pricing's quotes through its RPCs. Its prices: test_pricing.py."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pricing_kit import (
    from_now,
    make_priced_sku,
    make_quote,
    redeem,
    set_price,
    set_sale,
)
from refusals import at_once, outcome, refusal, why
from soukdev import poll
from soukdev.refusal import Refused
from soukdev.souk import Souk

TOKEN_MAX = 32768
CANCELLED = "FAILED_PRECONDITION REDEMPTION_CANCELLED"
EXPIRED = "FAILED_PRECONDITION QUOTE_EXPIRED"


def payload(token: str) -> bytes:
    """What a token carries, as its description says: 0x01, the quote, 32 bytes of HMAC."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return raw[1:-32]


def sign(souk: Souk, quote: Any) -> str:
    """A token as svc-pricing would make it: for quotes of times that no test waits for."""
    secret = souk.stack.keys.quote_secret_file.read_bytes().strip()
    raw = b"\x01" + quote.SerializeToString()
    signed = raw + hmac.new(secret, raw, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def expiring(souk: Souk, user_id: int, seconds: float) -> str:
    """The token of a quote that expires in so many seconds."""
    quote = make_quote(souk, user_id, (make_priced_sku(souk), 1)).quote
    us = int((time.time() + seconds) * 1_000_000)
    quote.expire_time.seconds, quote.expire_time.nanos = us // 1_000_000, us % 1_000_000 * 1000
    return sign(souk, quote)


def redeem_in_time(souk: Souk, user_id: int, **redemption: int) -> tuple[str, Any]:
    """A quote that expires soon, and what came of it: soon is later on a busy machine."""
    for seconds in (1, 4, 16):
        token = expiring(souk, user_id, seconds)
        answer = outcome(partial(redeem, souk, token, user_id, **redemption))
        if not isinstance(answer, Refused):
            return token, answer
        assert answer.reason == "QUOTE_EXPIRED"
    raise AssertionError("not redeemed within 16 s")


def cancel(souk: Souk, redemption_id: int) -> Any:
    return souk.mutate("pricing.CancelRedemption", souk.service(), redemption_id=redemption_id)


def call_one_of(calls: list[Callable[[], Any]], i: int) -> Any:
    return calls[i]()


def test_every_part_of_a_quote_is_explained(souk: Souk) -> None:
    user, plain, on_sale = souk.new_id(), make_priced_sku(souk, 1999), make_priced_sku(souk, 1000)
    set_sale(souk, on_sale, 750, 1)
    quote = make_quote(souk, user, (on_sale, 3), (plain, 2)).quote
    assert quote.user_id == user
    sale, line = quote.lines
    assert (sale.sku_id, sale.quantity, sale.base_amount.minor, sale.total.minor) == (
        (on_sale, 3, 1000, 2250)
    )
    (adjustment,) = sale.adjustments
    assert adjustment.kind == 1
    assert adjustment.source == f"price:{on_sale}/2"
    assert adjustment.explanation
    assert adjustment.amount.minor == -750
    assert (line.sku_id, line.total.minor, len(line.adjustments)) == (plain, 3998, 0)
    totals = (
        quote.subtotal.minor,
        quote.adjustment_total.minor,
        quote.tax.minor,
        quote.total.minor,
    )
    assert totals == (6998, -750, 0, 6248)
    assert {m.currency for m in (quote.subtotal, quote.tax, quote.total)} == {"EUR"}
    assert list(quote.fees) == []
    assert quote.expire_time.seconds - quote.create_time.seconds == 600


def test_a_sale_price_equal_to_the_base_price_is_no_adjustment(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_sale(souk, sku, 1000, 1)
    assert list(make_quote(souk, souk.new_id(), (sku, 2)).quote.lines[0].adjustments) == []


def test_a_quote_is_for_its_caller_unless_a_service_asks(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk)
    assert make_quote(souk, user, (sku, 1), user_id=user).quote.user_id == user
    refused = refusal(make_quote, souk, user, (sku, 1), user_id=user + 1)
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["user_id"])
    service = souk.service()
    assert make_quote(souk, 0, (sku, 1), token=service, user_id=user).quote.user_id == user
    refused = refusal(make_quote, souk, 0, (sku, 1), token=service)
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["user_id"])


def test_only_a_service_prices_as_of_another_time(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk, 1000)
    set_sale(souk, sku, 600, 1, valid_from=from_now(3600))
    when = from_now(7200)
    refused = refusal(make_quote, souk, user, (sku, 1), at=when)
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["at"])
    later = make_quote(souk, 0, (sku, 1), token=souk.service(), user_id=user, at=when).quote
    assert later.total.minor == 600
    assert later.expire_time.seconds < when["seconds"]


def test_who_may_not_ask_for_a_quote(souk: Souk) -> None:
    lines = [{"sku_id": make_priced_sku(souk), "quantity": 1}]
    for token, reason in (
        (souk.merchant(1), "PERMISSION_DENIED ROLE_NOT_ALLOWED"),
        (None, "UNAUTHENTICATED UNAUTHENTICATED"),
    ):
        assert why(souk.call, "pricing.CreateQuote", token, lines=lines) == reason


def test_lines_that_make_no_quote(souk: Souk) -> None:
    user, sku, yen = souk.new_id(), make_priced_sku(souk), souk.new_id()
    set_price(souk, yen, 1, amount={"currency": "JPY", "minor": 100})
    assert why(make_quote, souk, user, (sku, 1), (yen, 1)) == ("INVALID_ARGUMENT MIXED_CURRENCIES")
    assert why(make_quote, souk, user, (sku, 1), (sku, 2)) == ("INVALID_ARGUMENT DUPLICATE_LINE")
    assert why(make_quote, souk, user, (sku, 1), coupon_code="SPRING") == (
        "INVALID_ARGUMENT COUPON_UNKNOWN"
    )
    assert why(make_quote, souk, user, (sku, 1), coins=1) == ("INVALID_ARGUMENT COINS_UNKNOWN")
    for quantity in (0, 10001):
        refused = refusal(make_quote, souk, user, (sku, quantity))
        assert list(refused.fields) == ["lines[0].quantity"]


def test_all_skus_without_a_price_are_named(souk: Souk) -> None:
    priced, later, unknown = make_priced_sku(souk), souk.new_id(), souk.new_id()
    set_price(souk, later, 5, valid_from=from_now(3600))
    lines = ((later, 1), (priced, 1), (unknown, 1))
    refused = refusal(make_quote, souk, souk.new_id(), *lines)
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NOT_PRICED")
    assert refused.metadata == {"sku_ids": f"{later},{unknown}"}


def test_of_many_skus_without_a_price_some_are_named(souk: Souk) -> None:
    skus = [2**63 - 1 - n for n in range(200)]
    refused = refusal(make_quote, souk, 1, *((sku, 1) for sku in skus))
    assert refused.metadata["sku_ids"] == ",".join(str(sku) for sku in skus[:12])


def test_the_longest_quote_there_is_can_be_redeemed(souk: Souk) -> None:
    user = souk.new_id()
    # The largest ids, amounts and quantities, every line on sale.
    skus = [2**63 - 1 - souk.new_id() for _ in range(200)]
    for sku in skus:
        set_price(souk, sku, 10**12)
        set_sale(souk, sku, 10**12 - 1, 1)
    answer = make_quote(souk, user, *((sku, 10000) for sku in skus))
    assert TOKEN_MAX * 0.8 < len(answer.quote_token) <= TOKEN_MAX
    assert answer.quote.total.minor == 200 * 10000 * (10**12 - 1)
    assert redeem(souk, answer.quote_token, user).quote == answer.quote


def test_a_token_carries_the_quote_that_was_shown(souk: Souk) -> None:
    user = souk.new_id()
    answer = make_quote(souk, user, (make_priced_sku(souk), 2))
    assert payload(answer.quote_token) == answer.quote.SerializeToString()
    assert sign(souk, answer.quote) == answer.quote_token


def test_the_customer_pays_what_was_shown(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk, 1000)
    answer = make_quote(souk, user, (sku, 2))
    set_price(souk, sku, 5000, version=1)
    redeemed = redeem(souk, answer.quote_token, user).quote
    assert redeemed == answer.quote
    assert redeemed.total.minor == 2000


def test_an_altered_token_is_worthless(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    altered = (
        token[:middle] + other + token[middle + 1 :],
        token[:-1],
        token + "A",
        token + "=",
        "A",
        "no token!",
    )
    for bad in altered:
        assert why(redeem, souk, bad, user) == "INVALID_ARGUMENT QUOTE_INVALID"
    assert redeem(souk, token, user).quote.user_id == user


def test_a_quote_is_for_one_user(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    assert why(redeem, souk, token, user + 1) == ("FAILED_PRECONDITION QUOTE_OF_ANOTHER_USER")


def test_an_expired_quote_is_refused(souk: Souk) -> None:
    user = souk.new_id()
    token = expiring(souk, user, -0.001)
    assert why(redeem, souk, token, user) == EXPIRED


def test_what_was_redeemed_in_time_is_answered_when_the_quote_has_expired(souk: Souk) -> None:
    user = souk.new_id()
    redemption: dict[str, Any] = {"redemption_id": souk.new_id(), "pay_order_id": souk.new_id()}
    token, first = redeem_in_time(souk, user, **redemption)
    poll.until(lambda: why(redeem, souk, token, user) == EXPIRED, 30, "the quote's end")
    assert redeem(souk, token, user, **redemption) == first
    cancel(souk, redemption["redemption_id"])
    assert why(redeem, souk, token, user, **redemption) == CANCELLED


def test_a_quote_is_redeemed_once(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    redeem(souk, token, user)
    assert why(redeem, souk, token, user) == "FAILED_PRECONDITION QUOTE_REDEEMED"


def test_a_pay_order_takes_one_quote(souk: Souk) -> None:
    user, sku, pay_order = souk.new_id(), make_priced_sku(souk), souk.new_id()
    first, second = (make_quote(souk, user, (sku, n)).quote_token for n in (1, 2))
    redeem(souk, first, user, pay_order_id=pay_order)
    assert why(redeem, souk, second, user, pay_order_id=pay_order) == (
        "FAILED_PRECONDITION PAY_ORDER_REDEEMED"
    )


def test_the_same_redemption_again_is_the_same(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    redemption: dict[str, Any] = {"redemption_id": souk.new_id(), "pay_order_id": souk.new_id()}
    answers = at_once(10, lambda _: redeem(souk, token, user, **redemption))
    assert answers == [answers[0]] * 10
    assert not isinstance(answers[0], Refused)
    count = f"SELECT COUNT(*) AS n FROM redemption WHERE user_id = {user}"
    assert souk.sql("pricing", count) == [{"n": "1"}]


def test_a_redemption_id_stands_for_one_thing(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk)
    token, other = (make_quote(souk, user, (sku, 1)).quote_token for _ in range(2))
    redemption: dict[str, Any] = {"redemption_id": souk.new_id(), "pay_order_id": souk.new_id()}
    redeem(souk, token, user, **redemption)
    reused = "INVALID_ARGUMENT REQUEST_ID_REUSED"
    assert why(redeem, souk, other, user, **redemption) == reused
    other_order: dict[str, Any] = {**redemption, "pay_order_id": souk.new_id()}
    assert why(redeem, souk, token, user, **other_order) == reused


def test_of_ten_redemptions_of_a_quote_one_wins(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    answers = at_once(10, lambda _: redeem(souk, token, user))
    assert len([answer for answer in answers if not isinstance(answer, Refused)]) == 1
    assert {a.reason for a in answers if isinstance(a, Refused)} == {"QUOTE_REDEEMED"}


def test_a_cancelled_redemption_frees_quote_and_pay_order(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    redemption: dict[str, Any] = {"redemption_id": souk.new_id(), "pay_order_id": souk.new_id()}
    redeem(souk, token, user, **redemption)
    for _ in range(2):
        cancel(souk, redemption["redemption_id"])
    assert why(redeem, souk, token, user, **redemption) == CANCELLED
    redeem(souk, token, user, **{**redemption, "redemption_id": souk.new_id()})


def test_a_cancellation_that_comes_first_wins(souk: Souk) -> None:
    user, redemption_id = souk.new_id(), souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    for _ in range(2):
        cancel(souk, redemption_id)
    for _ in range(2):
        assert why(redeem, souk, token, user, redemption_id=redemption_id) == CANCELLED
    assert redeem(souk, token, user).quote.user_id == user


def test_whichever_comes_first_a_cancelled_redemption_is_not_live(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk)
    for _ in range(20):
        token = make_quote(souk, user, (sku, 1)).quote_token
        redemption = souk.new_id()
        calls: list[Callable[[], Any]] = [
            partial(redeem, souk, token, user, redemption_id=redemption),
            partial(cancel, souk, redemption),
        ]
        redeemed, cancelled = at_once(2, partial(call_one_of, calls))
        if isinstance(cancelled, Refused):
            assert cancelled.code == "ABORTED"
            cancel(souk, redemption)
        if isinstance(redeemed, Refused):
            assert redeemed.code == "ABORTED" or redeemed.reason == "REDEMPTION_CANCELLED"
        redeem(souk, token, user)


def test_only_services_redeem(souk: Souk) -> None:
    fields: dict[str, Any] = {
        "redemption_id": 1,
        "pay_order_id": 1,
        "user_id": 1,
        "quote_token": "x",
    }
    for token in (souk.customer(), souk.operator()):
        assert why(souk.mutate, "pricing.RedeemQuote", token, **fields) == (
            "PERMISSION_DENIED ROLE_NOT_ALLOWED"
        )
        assert why(souk.mutate, "pricing.CancelRedemption", token, redemption_id=1) == (
            "PERMISSION_DENIED ROLE_NOT_ALLOWED"
        )


def test_a_quote_survives_a_restart_of_its_service(souk: Souk) -> None:
    user = souk.new_id()
    token = make_quote(souk, user, (make_priced_sku(souk), 1)).quote_token
    redemption: dict[str, Any] = {"redemption_id": souk.new_id(), "pay_order_id": souk.new_id()}
    redeemed = redeem(souk, token, user, **redemption)
    souk.stack.services["pricing"].kill9()
    souk.stack.services["pricing"].start()
    souk.forget_client("pricing")
    assert redeem(souk, token, user, **redemption) == redeemed


def test_a_quote_through_the_gateway(souk: Souk) -> None:
    user, sku = souk.new_id(), make_priced_sku(souk, 1000)
    lines = [{"sku_id": str(sku), "quantity": "2"}]
    answer = souk.json(souk.customer(user)).post("/v1/quotes", lines=lines)
    assert answer["quote"]["total"] == {"currency": "EUR", "minor": "2000"}
    assert redeem(souk, answer["quote_token"], user).quote.total.minor == 2000
