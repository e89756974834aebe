#include "io/rpc_client.h"
#include "io/rpc_server.h"

#include "base/clock.h"
#include "io/request.h"
#include "io/rpc_loop.h"
#include "observe/trace.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/inventory/v1/inventory.types.h"
#include "tests/unit/in_task.h"
#include "tests/unit/rpc_kit.h"

enum { ASKS = 1000 };

/* A service of two methods on the inventory contract, run by what the test wants of it. */
static struct {
    struct status answer;
    int calls;
    int fail_first;
    int lose_first; /* against others */
    int64_t takes_us;
    bool hang;
    enum code hang_ended;
    int64_t unwinds_us; /* after it was cancelled */
    bool unwound;
    int64_t deadline_left_us;
    char request_id[65];
    char trace_id[TRACEPARENT_LENGTH + 1];
    bool add_details;
    bool asks_a_peer; /* which it takes itself for, and hands on the answer */
    int asked;
} behaviour;

static struct status ask_peer(struct request *rq);

static struct status serve_set_stock(struct request *rq, const ProtobufCMessage *in,
                                     ProtobufCMessage *ret)
{
    const SetStockRequest *request = (const SetStockRequest *)in;
    SetStockResponse *response = (SetStockResponse *)ret;

    if (behaviour.asks_a_peer && request->on_hand == ASKS) {
        behaviour.asked++;
        return ask_peer(rq);
    }
    behaviour.calls++;
    behaviour.deadline_left_us = task_time_left_us();
    snprintf(behaviour.request_id, sizeof behaviour.request_id, "%s", rq->request_id);
    trace_parent(trace_current(), behaviour.trace_id);
    if (behaviour.calls <= behaviour.fail_first)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "not yet");
    if (behaviour.calls <= behaviour.lose_first)
        return status_error(CODE_ABORTED, "CONTENTION", "a row");
    if (behaviour.takes_us)
        TRY(task_sleep_us(behaviour.takes_us));
    if (behaviour.hang) {
        const struct status st = task_sleep_us(60 * CLOCK_US_PER_S);
        behaviour.hang_ended = st.code;
        if (behaviour.unwinds_us) { /* as a COMMIT under way */
            AUTO(task_shield_end)
            struct task_shield shield = task_shield_in_us(60 * CLOCK_US_PER_S);
            expect_ok(task_sleep_us(behaviour.unwinds_us));
        }
        behaviour.unwound = true;
        return st;
    }
    if (behaviour.add_details) {
        error_details_add(&rq->details, rq->arena, "sku", "%lld", (long long)request->sku_id);
        error_details_field(&rq->details, rq->arena, "on_hand", "is too much");
        rq->details.retry_after_ms = 1500;
    }
    TRY(behaviour.answer);
    Stock *stock = arena_new_of(rq->arena, Stock);
    stock_init(stock);
    stock->sku_id = request->sku_id;
    stock->on_hand = request->on_hand;
    response->stock = stock;
    return STATUS_OK;
}

/* The contract, with time for a busy machine that emulates another. */
static struct rpc_method set_stock_method;

static const struct rpc_method *const methods[] = {&set_stock_method};
static const rpc_handler handlers[] = {serve_set_stock};
static const struct rpc_service service = {
    .name = "souk.inventory.v1.InventoryService",
    .domain = "souk.inventory",
    .methods = methods,
    .handlers = handlers,
    .method_count = 1,
};

static struct rpc_server *server;
static struct rpc_client *client;
static struct arena *arena;
static struct rpc_call call;
static void (*with_server_body)(void);

static void start_server(const char *address)
{
    const struct rpc_served served = {.service = &service};
    const struct rpc_server_config config = {
        .address = address, .options = &rpc_options, .served = &served, .served_count = 1};
    expect_ok(rpc_server_new(in_task_now.loop, &config, &server));
    rpc_server_set_serving(server, true);
}

static void start_client(int port)
{
    char target[64];
    snprintf(target, sizeof target, "ipv4:127.0.0.1:%d", port);
    client = rpc_client_new(
        &(struct rpc_client_config){.name = "test", .target = target, .options = &rpc_options});
}

static void run_with_server(void)
{
    memset(&behaviour, 0, sizeof behaviour);
    set_stock_method = inventory_set_stock_method;
    set_stock_method.deadline_ms = 60 * 1000;
    rpc_options_load();
    rpc_options.rpc_concurrency_least = rpc_options.rpc_concurrency; /* slow is no crowd */
    expect_ok(rpc_loop_start(in_task_now.loop, rpc_options.rpc_thread));
    start_server("127.0.0.1:0");
    start_client(rpc_server_port(server));
    arena = arena_new(1 << 20);
    call = (struct rpc_call){.arena = arena};

    with_server_body();

    arena_free(arena);
    rpc_client_free(client);
    if (server) {
        rpc_server_drain(server, CLOCK_US_PER_S);
        rpc_server_free(server);
    }
    expect_int_equal(task_count(), 1);
    rpc_loop_stop();
}

static void with_server(void (*body)(void))
{
    with_server_body = body;
    in_task(run_with_server);
}

static struct status call_set_stock(struct rpc_call *with, const SetStockRequest *request,
                                    SetStockResponse **ret)
{
    ProtobufCMessage *response;

    TRY(rpc_client_call(client, with, &set_stock_method, &request->base, &response));
    *ret = (SetStockResponse *)response;
    return STATUS_OK;
}

static struct status set_stock_by(struct rpc_call *by, int64_t on_hand, SetStockResponse **ret)
{
    SetStockRequest request;
    set_stock_request_init(&request);
    request.request_id = (char *)(uintptr_t) "r-1";
    request.sku_id = 7;
    request.model = STOCK_MODEL_QUANTITY;
    request.on_hand = on_hand;
    return call_set_stock(by, &request, ret);
}

static struct status set_stock(int64_t on_hand, SetStockResponse **ret)
{
    return set_stock_by(&call, on_hand, ret);
}

static struct status ask_peer(struct request *rq)
{
    struct rpc_call of_handler = {.arena = rq->arena};
    SetStockResponse *response;

    return set_stock_by(&of_handler, 1, &response);
}

static void body_calls(void)
{
    SetStockResponse *response = NULL;

    trace_enter(trace_current(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    for (int i = 0; i < 100; i++) {
        expect_ok(set_stock(i, &response));
        expect_int_equal(response ? response->stock->on_hand : -1, i);
    }
    expect_int_equal(behaviour.calls, 100);
    expect_string_equal(behaviour.request_id, "r-1");
    expect_true(strstr(behaviour.trace_id, "0af7651916cd43dd8448eb211c80319c") != NULL);
    expect_true(strstr(behaviour.trace_id, "b7ad6b7169203331") == NULL);
    expect_true(behaviour.deadline_left_us > 0 &&
                behaviour.deadline_left_us <= set_stock_method.deadline_ms * 1000LL);
}

static void a_call_reaches_the_handler_with_its_trace_and_deadline(void **state)
{
    with_server(body_calls);
}

static void body_refused_by_contract(void)
{
    SetStockResponse *response = NULL;
    const struct status st = set_stock(-1, &response);

    expect_int_equal(st.code, CODE_INVALID_ARGUMENT);
    expect_string_equal(st.reason, "INVALID_FIELD");
    expect_int_equal(call.details.violation_count, 1);
    expect_string_equal(call.details.violations[0].field, "on_hand");
    expect_int_equal(behaviour.calls, 0);
    expect_true(response == NULL);
}

static void a_request_against_the_contract_never_reaches_the_handler(void **state)
{
    with_server(body_refused_by_contract);
}

static void body_refused(void)
{
    SetStockResponse *response = NULL;

    behaviour.add_details = true;
    behaviour.answer = status_error(CODE_FAILED_PRECONDITION, REASON_ON_HAND_BELOW_HELD, "5 held");
    const struct status st = set_stock(1, &response);
    expect_int_equal(st.code, CODE_FAILED_PRECONDITION);
    expect_string_equal(st.reason, REASON_ON_HAND_BELOW_HELD);
    expect_string_equal(st.detail, "5 held");
    expect_string_equal(error_details_find(&call.details, "sku"), "7");
    expect_string_equal(call.details.violations[0].description, "is too much");
    expect_int_equal(call.details.retry_after_ms, 1500);
}

static void a_refusal_arrives_with_reason_facts_and_fields(void **state)
{
    with_server(body_refused);
}

static void body_internal(void)
{
    SetStockResponse *response = NULL;

    behaviour.answer = status_error(CODE_INTERNAL, "INTERNAL", "table stock has no column x");
    const struct status st = set_stock(1, &response);
    expect_int_equal(st.code, CODE_INTERNAL);
    expect_true(strstr(st.detail, "column") == NULL);
}

static void our_own_faults_are_not_told_to_clients(void **state)
{
    with_server(body_internal);
}

static void body_contention(void)
{
    SetStockResponse *response = NULL;

    behaviour.lose_first = 5;
    expect_ok(set_stock(1, &response));
    expect_int_equal(behaviour.calls, 6);
}

static void a_handler_that_lost_against_others_is_run_again(void **state)
{
    with_server(body_contention);
}

/*
 * It was run again where it was lost, as long as there was time: doing so at each hop would multiply
 * it under contention. Here there is time for one try.
 */
static void body_peer_contention(void)
{
    enum { TAKES_US = 1000 * 1000 };
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(TAKES_US * 8 / 5);
    SetStockResponse *response = NULL;

    behaviour.asks_a_peer = true;
    behaviour.takes_us = TAKES_US;
    behaviour.answer = status_error(CODE_ABORTED, "CONTENTION", "a row");
    const struct status st = set_stock(ASKS, &response);
    expect_int_equal(st.code, CODE_ABORTED);
    expect_string_equal(st.reason, "DEPENDENCY_CONTENTION");
    expect_string_equal(st.detail, "a row");
    expect_int_equal(behaviour.asked, 1);
    expect_int_equal(behaviour.calls, 1);
}

static void a_handler_is_not_run_again_for_what_a_peer_gave_up(void **state)
{
    with_server(body_peer_contention);
}

static void body_retries(void)
{
    SetStockResponse *response = NULL;

    behaviour.fail_first = 2;
    expect_ok(set_stock(1, &response));
    expect_int_equal(behaviour.calls, 3);

    behaviour.calls = 0;
    behaviour.fail_first = 3;
    expect_code(set_stock(1, &response), UNAVAILABLE);
    expect_int_equal(behaviour.calls, 3);
}

/* What was lost may arrive after what was refused. */
static void body_refused_after_a_retry(void)
{
    SetStockResponse *response = NULL;

    behaviour.answer = status_error(CODE_FAILED_PRECONDITION, REASON_ON_HAND_BELOW_HELD, "5 held");
    expect_code(set_stock(1, &response), FAILED_PRECONDITION);
    expect_true(!call.may_arrive);

    behaviour.calls = 0;
    behaviour.fail_first = 1;
    expect_code(set_stock(1, &response), FAILED_PRECONDITION);
    expect_int_equal(behaviour.calls, 2);
    expect_true(call.may_arrive);
}

static void a_refusal_says_that_an_earlier_try_may_arrive(void **state)
{
    with_server(body_refused_after_a_retry);
}

static void unavailable_is_tried_three_times(void **state)
{
    with_server(body_retries);
}

static void body_deadline(void)
{
    SetStockResponse *response = NULL;

    behaviour.hang = true;
    expect_ok(task_yield());
    /* On a busy machine a call may be over before it has reached the handler. */
    for (int64_t limit_us = 20 * 1000; !behaviour.calls && limit_us < 20 * CLOCK_US_PER_S;
         limit_us *= 2) {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(limit_us);
        expect_code(set_stock(1, &response), DEADLINE_EXCEEDED);
    }
    expect_soon(behaviour.hang_ended);
    expect_true(behaviour.hang_ended == CODE_CANCELLED ||
                behaviour.hang_ended == CODE_DEADLINE_EXCEEDED);
}

static void the_callers_deadline_ends_the_handler_too(void **state)
{
    with_server(body_deadline);
}

static void calls_and_hangs(void *arg)
{
    SetStockResponse *response = NULL;
    *(enum code *)arg = set_stock(1, &response).code;
}

static void body_cancel(void)
{
    enum code seen = CODE_OK;

    behaviour.hang = true;
    struct task *task = task_spawn("caller", calls_and_hangs, &seen);
    expect_soon(behaviour.calls);
    task_cancel(task);
    expect_ok(task_join(task));
    expect_int_equal(seen, CODE_CANCELLED);
    expect_soon(behaviour.hang_ended);
    expect_int_equal(behaviour.hang_ended, CODE_CANCELLED);
}

static void a_cancelled_caller_cancels_the_handler(void **state)
{
    with_server(body_cancel);
}

static void body_drain(void)
{
    enum code seen = CODE_OK;

    behaviour.hang = true;
    struct task *task = task_spawn("caller", calls_and_hangs, &seen);
    expect_soon(behaviour.calls);
    rpc_server_drain(server, 20 * 1000);
    rpc_server_free(server);
    server = NULL;
    expect_ok(task_join(task));
    expect_true(seen == CODE_CANCELLED || seen == CODE_UNAVAILABLE);
    expect_int_equal(behaviour.hang_ended, CODE_CANCELLED);
}

static void a_drain_cancels_what_outlives_its_grace(void **state)
{
    with_server(body_drain);
}

/* Whoever drains may be called away; the server is freed next all the same. */
static void drains(void *limit_us)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(*(const int64_t *)limit_us);

    rpc_server_drain(server, 60 * CLOCK_US_PER_S);
    expect_true(behaviour.unwound);
    rpc_server_free(server);
    server = NULL;
}

static void drain_is_cut_short(int64_t limit_us, bool cancels)
{
    enum code seen = CODE_OK;

    behaviour.hang = true;
    behaviour.unwinds_us = 200 * 1000;
    struct task *caller = task_spawn("caller", calls_and_hangs, &seen);
    expect_soon(behaviour.calls);
    struct task *drain = task_spawn("drain", drains, &limit_us);
    expect_ok(task_yield());
    if (cancels)
        task_cancel(drain);
    expect_ok(task_join(drain));
    expect_ok(task_join(caller));
    expect_int_equal(seen, CODE_UNAVAILABLE);
}

static void body_drain_cancelled(void)
{
    drain_is_cut_short(60 * CLOCK_US_PER_S, true);
}

static void body_drain_late(void)
{
    drain_is_cut_short(20 * 1000, false);
}

static void a_drain_that_is_cancelled_waits_for_handlers_to_unwind(void **state)
{
    with_server(body_drain_cancelled);
}

static void a_drain_whose_deadline_is_over_waits_for_handlers_to_unwind(void **state)
{
    with_server(body_drain_late);
}

static void body_no_server(void)
{
    SetStockResponse *response = NULL;

    rpc_client_free(client);
    start_client(1); /* nobody listens there */
    const struct status st = set_stock(1, &response);
    expect_int_equal(st.code, CODE_UNAVAILABLE);
    expect_string_equal(st.reason, "DEPENDENCY_UNAVAILABLE");
}

static void a_peer_that_is_away_is_unavailable(void **state)
{
    with_server(body_no_server);
}

static void calls_ten_times(void *arg)
{
    struct arena *own = arena_new(1 << 20);
    (void)arg;
    for (int i = 0; i < 10; i++) {
        struct rpc_call mine = {.arena = own};
        SetStockRequest request;
        SetStockResponse *response;
        set_stock_request_init(&request);
        request.request_id = (char *)(uintptr_t) "r-2";
        request.sku_id = 8;
        request.model = STOCK_MODEL_QUANTITY;
        expect_ok(call_set_stock(&mine, &request, &response));
    }
    arena_free(own);
}

static void body_concurrent(void)
{
    struct task *tasks[200];

    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        tasks[i] = task_spawn("caller", calls_ten_times, NULL);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        expect_ok(task_join(tasks[i]));
    expect_int_equal(behaviour.calls, 2000);
}

static void two_hundred_callers_at_once_are_all_served(void **state)
{
    with_server(body_concurrent);
}

UNIT_TESTS(a_call_reaches_the_handler_with_its_trace_and_deadline,
           a_request_against_the_contract_never_reaches_the_handler,
           a_refusal_arrives_with_reason_facts_and_fields, our_own_faults_are_not_told_to_clients,
           a_handler_that_lost_against_others_is_run_again,
           a_handler_is_not_run_again_for_what_a_peer_gave_up, unavailable_is_tried_three_times,
           a_refusal_says_that_an_earlier_try_may_arrive, the_callers_deadline_ends_the_handler_too,
           a_cancelled_caller_cancels_the_handler, a_drain_cancels_what_outlives_its_grace,
           a_drain_that_is_cancelled_waits_for_handlers_to_unwind,
           a_drain_whose_deadline_is_over_waits_for_handlers_to_unwind,
           a_peer_that_is_away_is_unavailable, two_hundred_callers_at_once_are_all_served)
