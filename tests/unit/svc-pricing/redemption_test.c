#include "svc-pricing/redemption.h"
#include "tests/unit/unit.h"

static const struct redemption want = {
    .id = 1,
    .status = REDEMPTION_REDEEMED,
    .quote_id = 2,
    .pay_order_id = 3,
    .user_id = 4,
};

static void the_same_again_is_fine(void **state)
{
    assert_ok(redemption_repeat(&want, &want));
}

static void the_same_id_for_something_else_is_refused(void **state)
{
    struct redemption quote = want, pay_order = want, user = want;

    quote.quote_id++;
    pay_order.pay_order_id++;
    user.user_id++;
    assert_reason(redemption_repeat(&quote, &want), "REQUEST_ID_REUSED");
    assert_reason(redemption_repeat(&pay_order, &want), "REQUEST_ID_REUSED");
    assert_reason(redemption_repeat(&user, &want), "REQUEST_ID_REUSED");
}

static void what_was_cancelled_stays_cancelled(void **state)
{
    const struct redemption never_came = {.id = 1, .status = REDEMPTION_CANCELLED};
    struct redemption redemption = want;

    assert_true(redemption_cancel(&redemption));
    assert_int_equal(redemption.status, REDEMPTION_CANCELLED);
    assert_false(redemption_cancel(&redemption));
    assert_reason(redemption_repeat(&redemption, &want), "REDEMPTION_CANCELLED");
    assert_reason(redemption_repeat(&never_came, &want), "REDEMPTION_CANCELLED");
}

UNIT_TESTS(the_same_again_is_fine, the_same_id_for_something_else_is_refused,
           what_was_cancelled_stays_cancelled)
