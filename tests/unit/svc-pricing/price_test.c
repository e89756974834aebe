#include "svc-pricing/price.h"
#include "tests/unit/unit.h"

/* Times are small numbers here: now is 100. */
enum { NOW = 100 };
#define OPEN PRICE_FOREVER_US

struct fixture {
    struct arena *arena;
    struct price_list list;
    int64_t ids;
    int64_t version;
};

static struct fixture start(void)
{
    return (struct fixture){.arena = arena_new(64 << 20)};
}

static void end(struct fixture *fixture)
{
    arena_free(fixture->arena);
}

static struct price price(enum price_kind kind, int64_t amount, int64_t from_us, int64_t to_us)
{
    return (struct price){.kind = kind, .amount_minor = amount, .from_us = from_us, .to_us = to_us};
}

/* As the repository would: what ended is gone, what began has an id. */
static void store(struct fixture *fixture, const struct price_list *after)
{
    struct price *kept = arena_array_of(fixture->arena, struct price, after->count);
    size_t count = 0;

    for (size_t i = 0; i < after->count; i++) {
        if (after->prices[i].ended)
            continue;
        kept[count] = after->prices[i];
        if (!kept[count].id)
            kept[count].id = ++fixture->ids;
        count++;
    }
    fixture->list = (struct price_list){.prices = kept, .count = count};
}

static struct status put(struct fixture *fixture, struct price want)
{
    struct price_list after;

    want.version = fixture->version + 1;
    TRY(price_put(&fixture->list, &want, NOW, fixture->arena, &after));
    fixture->version++;
    store(fixture, &after);
    return STATUS_OK;
}

/* The windows of a kind as text: "100-200:7 200-:9", amounts after the colon. */
static const char *windows(const struct fixture *fixture, enum price_kind kind)
{
    char *text = arena_strdup(fixture->arena, "");

    for (size_t i = 0; i < fixture->list.count; i++) {
        const struct price *p = &fixture->list.prices[i];
        if (p->kind != kind)
            continue;
        text = arena_printf(fixture->arena, "%s%s%lld-", text, *text ? " " : "",
                            (long long)p->from_us);
        if (p->to_us != OPEN)
            text = arena_printf(fixture->arena, "%s%lld", text, (long long)p->to_us);
        text = arena_printf(fixture->arena, "%s:%lld", text, (long long)p->amount_minor);
    }
    return text;
}

static void a_window_starts_now_at_the_earliest(void **state)
{
    struct price ret = {0};

    assert_ok(price_window(NOW - 50, OPEN, NOW, &ret));
    assert_int_equal(ret.from_us, NOW);
    assert_ok(price_window(NOW + 50, OPEN, NOW, &ret));
    assert_int_equal(ret.from_us, NOW + 50);
    assert_ok(price_window(NOW, NOW + 1, NOW, &ret));
    assert_int_equal(ret.to_us, NOW + 1);
}

static void a_window_without_a_moment_is_refused(void **state)
{
    static const struct {
        int64_t from_us, to_us;
    } rows[] = {{200, 200}, {200, 199}, {NOW - 20, NOW - 10}, {NOW - 20, NOW}, {NOW, NOW}};
    struct price ret = {.from_us = 7, .to_us = 7};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_reason(price_window(rows[i].from_us, rows[i].to_us, NOW, &ret), "WINDOW_EMPTY");
    assert_int_equal(ret.from_us, 7);
    assert_int_equal(ret.to_us, 7);
}

static void what_is_set_later_wins_within_its_window(void **state)
{
    static const struct {
        const char *what;
        int64_t from_us, to_us;
        const char *sales;
    } rows[] = {
        /* There are sales 200-300 of 1 and 300-400 of 2. */
        {"before", 150, 200, "150-200:9 200-300:1 300-400:2"},
        {"touches", 400, 500, "200-300:1 300-400:2 400-500:9"},
        {"same window", 200, 300, "200-300:9 300-400:2"},
        {"front", 150, 201, "150-201:9 201-300:1 300-400:2"},
        {"back", 399, 500, "200-300:1 300-399:2 399-500:9"},
        {"middle", 210, 220, "200-210:1 210-220:9 220-300:1 300-400:2"},
        {"across", 250, 350, "200-250:1 250-350:9 350-400:2"},
        {"all of both", 200, 400, "200-400:9"},
        {"more than both", 150, OPEN, "150-:9"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture fixture = start();
        assert_ok(put(&fixture, price(PRICE_BASE, 5, NOW, OPEN)));
        assert_ok(put(&fixture, price(PRICE_SALE, 1, 200, 300)));
        assert_ok(put(&fixture, price(PRICE_SALE, 2, 300, 400)));
        assert_ok(put(&fixture, price(PRICE_SALE, 9, rows[i].from_us, rows[i].to_us)));
        assert_string_equal(windows(&fixture, PRICE_SALE), rows[i].sales);
        assert_string_equal(windows(&fixture, PRICE_BASE), "100-:5");
        end(&fixture);
    }
}

static void a_piece_keeps_who_set_it_and_its_version(void **state)
{
    struct fixture fixture = start();
    struct price first = price(PRICE_BASE, 5, NOW, OPEN);
    struct price_list after;

    strcpy(first.set_by, "merchant/2");
    first.set_us = 99;
    assert_ok(put(&fixture, first));
    const struct price second = {
        .kind = PRICE_BASE, .amount_minor = 6, .from_us = 200, .to_us = 300, .version = 2};
    assert_ok(price_put(&fixture.list, &second, NOW, fixture.arena, &after));

    size_t pieces = 0, ended = 0;
    for (size_t i = 0; i < after.count; i++) {
        const struct price *p = &after.prices[i];
        ended += p->ended && p->id == 1 && p->from_us == NOW && p->to_us == OPEN;
        if (p->id || p->version == 2)
            continue;
        pieces++;
        assert_int_equal(p->version, 1);
        assert_int_equal(p->set_us, 99);
        assert_string_equal(p->set_by, "merchant/2");
    }
    assert_int_equal(pieces, 2);
    assert_int_equal(ended, 1); /* as it was */
    assert_false(fixture.list.prices[0].ended);
    end(&fixture);
}

static void base_prices_leave_no_gap(void **state)
{
    struct fixture fixture = start();

    assert_reason(put(&fixture, price(PRICE_BASE, 5, NOW, 500)), "BASE_PRICE_GAP");
    assert_ok(put(&fixture, price(PRICE_BASE, 5, 300, OPEN)));
    assert_reason(put(&fixture, price(PRICE_BASE, 6, NOW, 200)), "BASE_PRICE_GAP");
    assert_reason(put(&fixture, price(PRICE_BASE, 6, NOW, 299)), "BASE_PRICE_GAP");
    assert_ok(put(&fixture, price(PRICE_BASE, 6, NOW, 300)));
    assert_ok(put(&fixture, price(PRICE_BASE, 7, 150, 350)));
    assert_string_equal(windows(&fixture, PRICE_BASE), "100-150:6 150-350:7 350-:5");
    assert_ok(put(&fixture, price(PRICE_BASE, 8, 120, OPEN)));
    assert_string_equal(windows(&fixture, PRICE_BASE), "100-120:6 120-:8");
    end(&fixture);
}

static void a_sale_needs_a_base_price_from_its_start(void **state)
{
    struct fixture fixture = start();

    assert_reason(put(&fixture, price(PRICE_SALE, 1, NOW, 200)), "NO_BASE_PRICE");
    assert_ok(put(&fixture, price(PRICE_BASE, 5, 300, OPEN)));
    assert_reason(put(&fixture, price(PRICE_SALE, 1, 299, 400)), "NO_BASE_PRICE");
    assert_ok(put(&fixture, price(PRICE_SALE, 1, 300, 400)));
    end(&fixture);
}

static void prices_ahead_are_limited(void **state)
{
    struct fixture fixture = start();

    assert_ok(put(&fixture, price(PRICE_BASE, 5, NOW, OPEN)));
    for (int i = 1; i < PRICES_MAX; i++)
        assert_ok(put(&fixture, price(PRICE_SALE, i, 1000 + i, 1001 + i)));
    assert_reason(put(&fixture, price(PRICE_SALE, 9, 5000, 5001)), "TOO_MANY_PRICES");
    /* Replacing is not one more: what is over does not count. */
    assert_ok(put(&fixture, price(PRICE_BASE, 6, NOW, OPEN)));
    assert_ok(put(&fixture, price(PRICE_SALE, 9, 1001, 1003)));
    end(&fixture);
}

static void a_replaced_price_that_is_over_is_not_ahead(void **state)
{
    struct fixture fixture = start();
    struct price running = price(PRICE_BASE, 5, NOW - 50, OPEN);
    const struct price want = price(PRICE_BASE, 6, NOW, OPEN);
    struct price_list after;
    size_t ahead = 0;

    running.id = 1;
    fixture.list = (struct price_list){.prices = &running, .count = 1};
    assert_ok(price_put(&fixture.list, &want, NOW, fixture.arena, &after));
    assert_int_equal(after.count, 3);
    for (size_t i = 0; i < after.count; i++)
        ahead += price_is_ahead(&after.prices[i], NOW);
    assert_int_equal(ahead, 1);
    end(&fixture);
}

static void a_price_is_valid_from_its_start_until_before_its_end(void **state)
{
    struct price prices[] = {price(PRICE_BASE, 5, 100, OPEN), price(PRICE_SALE, 1, 200, 300),
                             price(PRICE_SALE, 2, 300, 400)};
    const struct price_list list = {.prices = prices, .count = ARRAY_LEN(prices)};

    assert_null(price_at(&list, PRICE_BASE, 99));
    assert_ptr_equal(price_at(&list, PRICE_BASE, 100), &prices[0]);
    assert_ptr_equal(price_at(&list, PRICE_BASE, OPEN - 1), &prices[0]);
    assert_null(price_at(&list, PRICE_SALE, 199));
    assert_ptr_equal(price_at(&list, PRICE_SALE, 200), &prices[1]);
    assert_ptr_equal(price_at(&list, PRICE_SALE, 299), &prices[1]);
    assert_ptr_equal(price_at(&list, PRICE_SALE, 300), &prices[2]);
    assert_null(price_at(&list, PRICE_SALE, 400));
}

UNIT_TESTS(a_window_starts_now_at_the_earliest, a_window_without_a_moment_is_refused,
           what_is_set_later_wins_within_its_window, a_piece_keeps_who_set_it_and_its_version,
           base_prices_leave_no_gap, a_sale_needs_a_base_price_from_its_start,
           prices_ahead_are_limited, a_replaced_price_that_is_over_is_not_ahead,
           a_price_is_valid_from_its_start_until_before_its_end)
