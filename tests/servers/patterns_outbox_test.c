#include "patterns/outbox.h"

#include "io/pb.h"
#include "observe/trace.h"
#include "patterns/ids.h"
#include "patterns/relay_read.h"
#include "souk/order/v1/events.types.h"
#include "tests/servers/patterns_kit.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct db *db;
static struct ids *ids;
static struct outbox *outbox;
static struct arena *arena;

static void begin(struct loop *loop)
{
    db = kit_patterns(loop);
    assert_ok(ids_start(db, 1, "test", &ids));
    outbox = outbox_new(ids, "souk/test");
    arena = arena_new(256 << 20);
}

static void finish(void)
{
    arena_free(arena);
    outbox_free(outbox);
    ids_stop(ids);
    db_close(db);
}

/* An event of this order; its size is a little more than `size`. */
static struct outbox_event event_of(int64_t order_id, size_t size)
{
    OrderCancelled *message = arena_new_of(arena, OrderCancelled);
    char *text = arena_zalloc(arena, size + 1);

    memset(text, 'x', size);
    order_cancelled_init(message);
    message->order_id = order_id;
    if (size)
        message->reason = text;
    return (struct outbox_event){.type = &order_cancelled_event, .message = &message->base};
}

static struct outbox_event *events_of(size_t count, size_t size)
{
    struct outbox_event *events = arena_array_of(arena, struct outbox_event, count);
    for (size_t i = 0; i < count; i++)
        events[i] = event_of((int64_t)i + 1, size);
    return events;
}

static struct status add(const struct outbox_event *events, size_t count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(outbox_add(outbox, &tx, events, count));
    return db_tx_commit(&tx);
}

static struct relay_gaps gaps;
static struct relay_rows rows;

static void read_forward(void)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    rows = (struct relay_rows){0};
    assert_ok(db_read_begin(&tx, db));
    assert_ok(relay_read_forward(&tx, &gaps, arena, &rows));
}

static void read_gaps(void)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    rows = (struct relay_rows){0};
    assert_ok(db_read_begin(&tx, db));
    assert_ok(relay_read_gaps(&tx, &gaps, arena, &rows));
}

static int64_t row_count(void)
{
    return kit_read_i64(db, "SELECT COUNT(*) FROM outbox", DB_NO_ARGS);
}

static void an_event_is_read_as_it_was_added(struct loop *loop)
{
    begin(loop);
    trace_enter(trace_current(), PARENT);
    const int64_t before_us = clock_unix_us();
    const struct outbox_event event = event_of(42, 10);
    assert_ok(add(&event, 1));
    relay_gaps_start(&gaps, 0, 1);
    read_forward();
    assert_int_equal(rows.count, 1);
    const struct relay_row *row = &rows.list[0];
    assert_string_equal(row->type, "order.cancelled");
    assert_string_equal(row->topic, order_cancelled_event.topic);
    assert_int_equal(row->aggregate_id, 42);
    assert_memory_equal(row->traceparent, PARENT, 36); /* in a span of our own */
    assert_true(row->created_us >= before_us - CLOCK_US_PER_S);
    const OrderCancelled *message = (const OrderCancelled *)pb_unpack(
        order_cancelled_event.message, row->payload, row->payload_size, arena);
    assert_string_equal(message->reason, "xxxxxxxxxx");
    finish();
}

static void many_events_keep_their_order(struct loop *loop)
{
    begin(loop);
    assert_ok(add(events_of(OUTBOX_BATCH_MAX, 0), OUTBOX_BATCH_MAX));
    relay_gaps_start(&gaps, 0, 1);
    size_t seen = 0;
    for (read_forward(); rows.count; read_forward()) {
        assert_true(rows.count <= RELAY_FORWARD_MAX);
        for (size_t i = 0; i < rows.count; i++)
            assert_int_equal(rows.list[i].aggregate_id, ++seen);
    }
    assert_int_equal(seen, OUTBOX_BATCH_MAX);
    finish();
}

static void no_events_are_fine_and_too_many_are_not(struct loop *loop)
{
    begin(loop);
    assert_ok(add(NULL, 0));
    assert_int_equal(add(events_of(OUTBOX_BATCH_MAX + 1, 0), OUTBOX_BATCH_MAX + 1).code,
                     CODE_INTERNAL);
    assert_int_equal(row_count(), 0);
    finish();
}

/* The same again would be as large: nobody is to try. */
static void assert_refused_for_good(struct status st)
{
    assert_reason(st, "EVENT_TOO_LARGE");
    assert_true(status_is_refusal(&st));
    assert_false(status_may_retry(&st));
}

static void the_largest_event_is_taken_and_a_larger_one_refused(struct loop *loop)
{
    begin(loop);
    const struct outbox_event largest = event_of(1, OUTBOX_EVENT_MAX - 16);
    const struct outbox_event larger = event_of(1, OUTBOX_EVENT_MAX + 1);
    const struct outbox_event huge = event_of(1, 40 << 20);
    assert_ok(add(&largest, 1));
    assert_refused_for_good(add(&larger, 1));
    assert_refused_for_good(add(&huge, 1));
    assert_int_equal(row_count(), 1);
    finish();
}

/* Each is small enough, together they are more than a statement or a process should hold. */
static void a_batch_of_large_events_is_taken_or_refused_but_kills_nobody(struct loop *loop)
{
    begin(loop);
    assert_ok(add(events_of(100, 100 * 1024), 100)); /* 10 MB */
    assert_int_equal(row_count(), 100);
    assert_refused_for_good(add(events_of(OUTBOX_BATCH_MAX, 200 * 1024), OUTBOX_BATCH_MAX));
    assert_int_equal(row_count(), 100);
    finish();
}

static void what_is_rolled_back_tells_nothing(struct loop *loop)
{
    begin(loop);
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(outbox_add(outbox, &tx, events_of(3, 0), 3));
    }
    assert_ok(add(events_of(1, 0), 1));
    relay_gaps_start(&gaps, 0, 1);
    read_forward();
    assert_int_equal(rows.count, 1);
    assert_int_equal(gaps.count, 1); /* its numbers are a hole for ever */
    finish();
}

/* A long transaction whose numbers were jumped over: found again in pages, all of them, once. */
static void rows_of_gaps_are_found_however_many_they_are(struct loop *loop)
{
    begin(loop);
    AUTO(db_tx_end) struct db_tx tx = {0};
    bool seen[OUTBOX_BATCH_MAX + 1] = {false};

    assert_ok(db_tx_begin(&tx, db));
    assert_ok(outbox_add(outbox, &tx, events_of(OUTBOX_BATCH_MAX, 0), OUTBOX_BATCH_MAX));
    for (int i = 0; i < 30; i++) { /* and holes of one */
        assert_ok(add(events_of(1, 0), 1));
        assert_ok(outbox_add(outbox, &tx, events_of(1, 0), 1));
    }
    assert_ok(add(events_of(1, 0), 1));
    relay_gaps_start(&gaps, 0, 1);
    read_forward();
    assert_int_equal(rows.count, 31);
    assert_int_equal(gaps.count, 31);
    read_gaps();
    assert_int_equal(rows.count, 0);

    assert_ok(db_tx_commit(&tx));
    read_gaps();
    assert_int_equal(rows.count, OUTBOX_BATCH_MAX + 30);
    for (size_t i = 0; i < rows.count; i++) {
        const size_t seq = (size_t)rows.list[i].seq;
        assert_true(i == 0 || rows.list[i].seq != rows.list[i - 1].seq);
        if (seq <= OUTBOX_BATCH_MAX) {
            assert_false(seen[seq]);
            seen[seq] = true;
        }
    }
    assert_int_equal(gaps.count, 0);
    read_gaps();
    assert_int_equal(rows.count, 0);
    finish();
}

static void the_cursor_never_goes_back(struct loop *loop)
{
    uint64_t cursor = 99;

    begin(loop);
    assert_ok(relay_read_cursor(db, &cursor));
    assert_int_equal(cursor, 0);
    assert_ok(relay_write_cursor(db, 70));
    assert_ok(relay_write_cursor(db, 50)); /* of a process that was slow */
    assert_ok(relay_read_cursor(db, &cursor));
    assert_int_equal(cursor, 70);
    finish();
}

SERVER_TESTS(an_event_is_read_as_it_was_added, many_events_keep_their_order,
             no_events_are_fine_and_too_many_are_not,
             the_largest_event_is_taken_and_a_larger_one_refused,
             a_batch_of_large_events_is_taken_or_refused_but_kills_nobody,
             what_is_rolled_back_tells_nothing, rows_of_gaps_are_found_however_many_they_are,
             the_cursor_never_goes_back)
