/*
 * The rule of the relay, tried on seeded random histories: transactions that take numbers when they
 * insert and show their rows when they commit, in any order, some after almost their whole life,
 * some never; a relay that reads, publishes and stores its cursor as relay.c does, is slow, waits
 * for a broker that is away, and dies anywhere.
 *
 * Whatever happens: every committed row is published; the first occurrences of an aggregate's rows
 * come in their order; the cursor never passes a row that may still have to be published. Each part
 * of the rule is needed: without it the same histories go wrong.
 */
#include "base/mem.h"
#include "patterns/relay_gaps.h"
#include "tests/unit/unit.h"

enum rule {
    WHOLE,
    GAPS_ARE_NOT_READ,
    GAPS_CLOSE_AT_ONCE,
    GAPS_CLOSE_WITHOUT_A_LAST_LOOK, /* by the time after publishing, not before reading */
    GAPS_ARE_READ_UPWARDS,
    CURSOR_SKIPS_GAPS,
};

enum {
    AGGREGATES = 6,
    OPEN_MAX = 5,   /* each holds the lock of an aggregate */
    TX_LIFE = 300,  /* milliseconds, as all times here */
    GAP_LIFE = 350, /* with the margin */
    HISTORY = 2500,
    ROWS_MAX = 4000,
    FORWARD_MAX = 20,
    STATEMENT_MAX = 3, /* numbers in one look for gaps */
};

struct tx {
    int aggregate; /* -1: none is open here */
    int64_t ends_at;
    int rows_to_insert;
    size_t rows[3];
    size_t row_count;
    bool rolls_back;
};

enum row_state { ROW_HIDDEN, ROW_COMMITTED, ROW_GONE };

struct row { /* number i + 1 */
    int aggregate;
    enum row_state state;
    bool published;
};

static struct world {
    uint64_t random;
    int64_t now;
    bool closing; /* no new transactions */
    bool calm;    /* no outages, no crashes */
    struct tx open[OPEN_MAX];
    struct row rows[ROWS_MAX];
    size_t row_count;
    size_t last_first[AGGREGATES]; /* the highest number published first */
} world;

static struct relay {
    enum rule rule;
    struct relay_gaps gaps;
    uint64_t stored_cursor;
    uint64_t found[ROWS_MAX];
    size_t found_count;
} relay;

static struct violations {
    int missed;
    int out_of_order;
    int passed;
} violations;

static unsigned draw(unsigned below)
{
    world.random = world.random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((world.random >> 33) % below);
}

static bool chance(unsigned percent)
{
    return draw(100) < percent;
}

/* The world. */

static bool is_locked(int aggregate)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (world.open[i].aggregate == aggregate)
            return true;
    return false;
}

static void insert_row(struct tx *tx)
{
    if (world.row_count == ROWS_MAX)
        return;
    world.rows[world.row_count] = (struct row){.aggregate = tx->aggregate};
    tx->rows[tx->row_count++] = world.row_count++;
    tx->rows_to_insert--;
}

static void begin_tx(struct tx *tx)
{
    const int aggregate = (int)draw(AGGREGATES);

    if (world.closing || is_locked(aggregate))
        return;
    *tx = (struct tx){
        .aggregate = aggregate,
        .ends_at = world.now + (chance(4) ? TX_LIFE - draw(5) : 1 + draw(12)),
        .rows_to_insert = 1 + (int)draw(3),
        .rolls_back = chance(10),
    };
    insert_row(tx);
}

static void end_tx(struct tx *tx)
{
    for (size_t i = 0; i < tx->row_count; i++)
        world.rows[tx->rows[i]].state = tx->rolls_back ? ROW_GONE : ROW_COMMITTED;
    tx->aggregate = -1;
}

static void pass(unsigned ms)
{
    while (ms-- > 0) {
        world.now++;
        for (size_t i = 0; i < OPEN_MAX; i++) {
            struct tx *tx = &world.open[i];
            if (tx->aggregate < 0 && chance(30))
                begin_tx(tx);
            else if (tx->aggregate >= 0 && world.now >= tx->ends_at)
                end_tx(tx);
            else if (tx->aggregate >= 0 && tx->rows_to_insert && chance(50))
                insert_row(tx);
        }
    }
}

static bool is_visible(uint64_t number)
{
    return world.rows[number - 1].state == ROW_COMMITTED;
}

/* The relay. */

static void read_forward(void)
{
    size_t count = 0;

    for (uint64_t n = relay.gaps.high + 1; n <= world.row_count && count < FORWARD_MAX; n++) {
        if (!is_visible(n))
            continue;
        if (!relay_gaps_read(&relay.gaps, n, world.now))
            return;
        relay.found[relay.found_count++] = n;
        count++;
    }
}

/* One statement: it sees one moment. */
static void look_for(const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_visible(numbers[i]) && relay_gaps_fill(&relay.gaps, numbers[i]))
            relay.found[relay.found_count++] = numbers[i];
    pass(draw(3));
}

static void read_gaps(void)
{
    static uint64_t numbers[ROWS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < relay.gaps.count; i++)
        for (uint64_t n = relay.gaps.list[i].from; n <= relay.gaps.list[i].to; n++)
            numbers[count++] = n;
    if (relay.rule != GAPS_ARE_READ_UPWARDS) {
        for (size_t i = 0; i < count / 2; i++) {
            const uint64_t n = numbers[i];
            numbers[i] = numbers[count - 1 - i];
            numbers[count - 1 - i] = n;
        }
    }
    for (size_t i = 0; i < count; i += STATEMENT_MAX)
        look_for(numbers + i, count - i < STATEMENT_MAX ? count - i : STATEMENT_MAX);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void publish(uint64_t number)
{
    struct row *row = &world.rows[number - 1];

    assert_int_equal(row->state, ROW_COMMITTED);
    if (row->published)
        return;
    row->published = true;
    if (number < world.last_first[row->aggregate])
        violations.out_of_order++;
    else
        world.last_first[row->aggregate] = number;
}

static void check_cursor(uint64_t cursor)
{
    for (uint64_t n = 1; n <= cursor; n++) {
        const struct row *row = &world.rows[n - 1];
        if (row->state == ROW_HIDDEN || (row->state == ROW_COMMITTED && !row->published)) {
            violations.passed++;
            return;
        }
    }
}

/* False: the process died on the way. */
static bool run_round(void)
{
    relay.found_count = 0;
    read_forward();
    pass(draw(3));
    const int64_t looked_at = world.now;
    if (relay.rule != GAPS_ARE_NOT_READ)
        read_gaps();
    qsort(relay.found, relay.found_count, sizeof relay.found[0], by_number);
    /* A broker that is away, now and then. */
    pass(chance(2) && !world.calm ? draw(2 * GAP_LIFE) : draw(4));
    for (size_t i = 0; i < relay.found_count; i++) {
        if (draw(500) == 0 && !world.calm)
            return false;
        publish(relay.found[i]);
    }
    if (draw(100) == 0 && !world.calm)
        return false;
    const bool late = relay.rule == GAPS_CLOSE_WITHOUT_A_LAST_LOOK;
    relay_gaps_expire(&relay.gaps, late ? world.now : looked_at);
    relay.stored_cursor = relay.rule == CURSOR_SKIPS_GAPS ? relay.gaps.high
                                                          : relay_gaps_cursor(&relay.gaps);
    check_cursor(relay.stored_cursor);
    return true;
}

static void start_relay(void)
{
    const int64_t life = relay.rule == GAPS_CLOSE_AT_ONCE ? 0 : GAP_LIFE;
    relay_gaps_start(&relay.gaps, relay.stored_cursor, life);
}

static void run_relay_until(int64_t end)
{
    while (world.now < end) {
        if (!run_round())
            start_relay();
        pass(draw(5));
    }
}

static void run_history(enum rule rule, uint64_t seed)
{
    memset(&world, 0, sizeof world);
    memset(&relay, 0, sizeof relay);
    world.random = seed;
    for (size_t i = 0; i < OPEN_MAX; i++)
        world.open[i].aggregate = -1;
    relay.rule = rule;
    start_relay();
    run_relay_until(HISTORY);
    world.closing = true;
    run_relay_until(HISTORY + 2 * GAP_LIFE);
    world.calm = true;
    run_relay_until(world.now + 3 * GAP_LIFE);
    for (size_t i = 0; i < world.row_count; i++)
        violations.missed += world.rows[i].state == ROW_COMMITTED && !world.rows[i].published;
}

static void run_histories(enum rule rule, uint64_t count)
{
    memset(&violations, 0, sizeof violations);
    for (uint64_t seed = 1; seed <= count; seed++) {
        run_history(rule, seed);
        if (rule == WHOLE && (violations.missed || violations.out_of_order || violations.passed))
            fail_msg("seed %d: %d missed, %d out of order, cursor too far %d times", (int)seed,
                     violations.missed, violations.out_of_order, violations.passed);
    }
}

static void every_row_is_published_in_its_aggregates_order_whatever_happens(void **state)
{
    run_histories(WHOLE, 60);
    assert_true(world.row_count > 500); /* there was something to do */
    assert_int_equal(relay_gaps_cursor(&relay.gaps), world.row_count);
}

static void without_reading_gaps_rows_are_missed(void **state)
{
    run_histories(GAPS_ARE_NOT_READ, 5);
    assert_true(violations.missed > 0);
}

static void gaps_that_close_at_once_miss_rows(void **state)
{
    run_histories(GAPS_CLOSE_AT_ONCE, 5);
    assert_true(violations.missed > 0);
    assert_true(violations.passed > 0);
}

static void gaps_that_close_without_a_last_look_miss_rows(void **state)
{
    run_histories(GAPS_CLOSE_WITHOUT_A_LAST_LOOK, 20);
    assert_true(violations.missed > 0);
    assert_true(violations.passed > 0);
}

static void gaps_read_upwards_mix_up_the_order(void **state)
{
    run_histories(GAPS_ARE_READ_UPWARDS, 20);
    assert_true(violations.out_of_order > 0);
    assert_int_equal(violations.missed, 0);
}

static void a_cursor_that_skips_gaps_loses_rows_in_a_crash(void **state)
{
    run_histories(CURSOR_SKIPS_GAPS, 20);
    assert_true(violations.passed > 0);
    assert_true(violations.missed > 0);
}

UNIT_TESTS(every_row_is_published_in_its_aggregates_order_whatever_happens,
           without_reading_gaps_rows_are_missed, gaps_that_close_at_once_miss_rows,
           gaps_that_close_without_a_last_look_miss_rows, gaps_read_upwards_mix_up_the_order,
           a_cursor_that_skips_gaps_loses_rows_in_a_crash)
