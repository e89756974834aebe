#include "patterns/idempotency.h"

#include "io/request.h"
#include "souk/inventory/v1/inventory.rpc.h"
#include "tests/servers/patterns_kit.h"

/* One try of one call: what it was asked, and how it ended. */
struct call {
    const char *caller;
    const char *request_id;
    const struct rpc_method *method;
    int64_t on_hand;  /* the body */
    int64_t sleep_us; /* with the transaction open */
    bool rolls_back;
    bool empty_answer;
    /* What became of it. */
    bool is_under_way;
    struct status st;
    bool replayed;
    int64_t answered;
};

static struct db *db;

static struct call new_call(const char *request_id, int64_t on_hand)
{
    return (struct call){
        .caller = "operator/1",
        .request_id = request_id,
        .method = &inventory_set_stock_method,
        .on_hand = on_hand,
    };
}

/* As every mutating handler: claim, work, store, commit. The work is a row in `effect`. */
static struct status handle(struct call *call, struct request *rq, const SetStockRequest *in,
                            SetStockResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    Stock *stock = arena_new_of(rq->arena, Stock);

    TRY(db_tx_begin(&tx, db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &call->replayed));
    if (call->replayed)
        return STATUS_OK;
    TRY(db_exec(&tx, "INSERT INTO effect (request_id, on_hand) VALUES (?, ?)",
                DB_ARGS(DB_TEXT(rq->request_id), DB_I64(in->on_hand)), NULL));
    call->is_under_way = true;
    if (call->sleep_us)
        TRY(task_sleep_us(call->sleep_us));
    if (call->rolls_back)
        return status_error(CODE_FAILED_PRECONDITION, "SOLD_OUT", "refused");
    if (!call->empty_answer) {
        stock_init(stock);
        stock->on_hand = in->on_hand;
        ret->stock = stock;
    }
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static void serve(void *arg)
{
    struct call *call = arg;
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    struct request rq = {.arena = arena, .method = call->method, .request_id = call->request_id};
    SetStockRequest in;
    SetStockResponse ret;

    set_stock_request_init(&in);
    set_stock_response_init(&ret);
    snprintf(rq.caller.key, sizeof rq.caller.key, "%s", call->caller);
    in.request_id = (char *)(uintptr_t)call->request_id;
    in.on_hand = call->on_hand;
    call->st = handle(call, &rq, &in, &ret);
    call->answered = ret.stock ? ret.stock->on_hand : -1;
}

static struct call serve_one(struct call call)
{
    struct task *task = task_spawn("call", serve, &call);
    assert_ok(task_join(task));
    return call;
}

static int64_t effects(void)
{
    return kit_read_i64(db, "SELECT COUNT(*) FROM effect", DB_NO_ARGS);
}

static void begin(struct loop *loop)
{
    db = kit_patterns(loop);
    kit_table(db, "effect",
              "id BIGINT AUTO_INCREMENT PRIMARY KEY, request_id VARBINARY(64), "
              "on_hand BIGINT");
}

static void the_same_request_again_gets_the_same_answer(struct loop *loop)
{
    begin(loop);
    struct call first = serve_one(new_call("r-1", 7));
    assert_ok(first.st);
    assert_false(first.replayed);
    for (int i = 0; i < 3; i++) {
        const struct call again = serve_one(new_call("r-1", 7));
        assert_ok(again.st);
        assert_true(again.replayed);
        assert_int_equal(again.answered, 7);
    }
    assert_int_equal(effects(), 1);
    db_close(db);
}

static void an_answer_without_any_field_is_an_answer(struct loop *loop)
{
    begin(loop);
    struct call call = new_call("r-1", 7);
    call.empty_answer = true;
    assert_ok(serve_one(call).st);
    const struct call again = serve_one(call);
    assert_ok(again.st);
    assert_true(again.replayed);
    assert_int_equal(again.answered, -1);
    db_close(db);
}

static void another_body_under_the_same_id_is_refused(struct loop *loop)
{
    begin(loop);
    assert_ok(serve_one(new_call("r-1", 7)).st);
    const struct call other = serve_one(new_call("r-1", 8));
    assert_int_equal(other.st.code, CODE_INVALID_ARGUMENT);
    assert_string_equal(other.st.reason, "REQUEST_ID_REUSED");
    assert_int_equal(effects(), 1);
    db_close(db);
}

static void callers_and_methods_have_ids_of_their_own(struct loop *loop)
{
    begin(loop);
    struct call other_caller = new_call("r-1", 8), other_method = new_call("r-1", 9);
    other_caller.caller = "operator/2";
    other_method.method = &inventory_adjust_stock_method;
    assert_ok(serve_one(new_call("r-1", 7)).st);
    assert_int_equal(serve_one(other_caller).answered, 8);
    assert_int_equal(serve_one(other_method).answered, 9);
    assert_int_equal(serve_one(new_call("R-1", 10)).answered, 10); /* case counts */
    assert_int_equal(effects(), 4);
    db_close(db);
}

static void a_request_that_was_rolled_back_may_be_tried_again(struct loop *loop)
{
    begin(loop);
    struct call call = new_call("r-1", 7);
    call.rolls_back = true;
    assert_reason(serve_one(call).st, "SOLD_OUT");
    assert_int_equal(effects(), 0);
    const struct call again = serve_one(new_call("r-1", 8)); /* with another body, too */
    assert_ok(again.st);
    assert_false(again.replayed);
    assert_int_equal(effects(), 1);
    db_close(db);
}

static void a_request_without_an_answer_yet_is_in_progress(struct loop *loop)
{
    begin(loop);
    assert_ok(serve_one(new_call("r-1", 7)).st);
    kit_write(db, "UPDATE request SET answer = NULL", DB_NO_ARGS); /* as a saga leaves it */
    const struct call call = serve_one(new_call("r-1", 7));
    assert_int_equal(call.st.code, CODE_ABORTED);
    assert_string_equal(call.st.reason, "REQUEST_IN_PROGRESS");
    db_close(db);
}

static struct call many[10];

/* The first one is under way when the others come. */
static void serve_many(struct call first)
{
    struct task *tasks[ARRAY_LEN(many)];

    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = i ? new_call("r-1", 7) : first;
        tasks[i] = task_spawn("call", serve, &many[i]);
        if (!i)
            server_test_wait(60000, many[0].is_under_way);
    }
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        assert_ok(task_join(tasks[i]));
}

static void duplicates_wait_for_the_one_under_way_and_get_its_answer(struct loop *loop)
{
    begin(loop);
    struct call first = new_call("r-1", 7);
    first.sleep_us = 300 * CLOCK_US_PER_MS;
    serve_many(first);
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        assert_ok(many[i].st);
        assert_int_equal(many[i].replayed, i > 0);
        assert_int_equal(many[i].answered, 7);
    }
    assert_int_equal(effects(), 1);
    db_close(db);
}

/* One of them takes its place; that others are asked to come again is fine, a second effect is not.
 */
static void duplicates_behind_one_that_is_rolled_back_have_one_effect(struct loop *loop)
{
    size_t answered = 0;

    begin(loop);
    struct call first = new_call("r-1", 7);
    first.sleep_us = 300 * CLOCK_US_PER_MS;
    first.rolls_back = true;
    serve_many(first);
    assert_reason(many[0].st, "SOLD_OUT");
    for (size_t i = 1; i < ARRAY_LEN(many); i++) {
        if (status_ok(&many[i].st)) {
            assert_int_equal(many[i].answered, 7);
            answered++;
        } else {
            assert_true(status_may_retry(&many[i].st));
        }
    }
    assert_int_equal(effects(), answered ? 1 : 0);
    assert_ok(serve_one(new_call("r-1", 7)).st);
    assert_int_equal(effects(), 1);
    db_close(db);
}

SERVER_TESTS(the_same_request_again_gets_the_same_answer, an_answer_without_any_field_is_an_answer,
             another_body_under_the_same_id_is_refused, callers_and_methods_have_ids_of_their_own,
             a_request_that_was_rolled_back_may_be_tried_again,
             a_request_without_an_answer_yet_is_in_progress,
             duplicates_wait_for_the_one_under_way_and_get_its_answer,
             duplicates_behind_one_that_is_rolled_back_have_one_effect)
