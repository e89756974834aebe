/* What a client does about peers that are slow, busy, broken or gone. */
#include "io/rpc_client.h"

#include "base/clock.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "io/request.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "observe/metrics.h"
#include "tests/servers/server_test.h"
#include "tests/unit/rpc_kit.h"

/* c-ares keeps a few bytes; core gives it back only with all the rest, which is never (rpc_loop.c). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:ares_strdup";
}

enum { REPLICAS = 2 };

typedef Grpc__Health__V1__HealthCheckRequest HealthCheckRequest;
typedef Grpc__Reflection__V1__ServerReflectionResponse TextResponse;

static struct replica {
    struct rpc_server *server;
    int port;
    int calls;
    int cancelled;
    int64_t hang_us;  /* before each answer */
    int fail_first;   /* so many calls */
    enum code code;   /* with this */
    int64_t retry_ms; /* and this hint */
    size_t text_size; /* of an answer that has a text */
} replicas[REPLICAS];

static struct status serve(struct request *rq, const ProtobufCMessage *in, ProtobufCMessage *ret)
{
    struct replica *replica = rq->service;

    if (replica->calls++ < replica->fail_first) {
        rq->details.retry_after_ms = replica->retry_ms;
        return status_error(replica->code, NULL, "as the test wants");
    }
    if (!replica->hang_us)
        return STATUS_OK;
    const struct status st = task_sleep_us(replica->hang_us);
    replica->cancelled += !status_ok(&st);
    return st;
}

static struct status serve_text(struct request *rq, const ProtobufCMessage *in,
                                ProtobufCMessage *ret)
{
    struct replica *replica = rq->service;
    char *text = arena_zalloc(rq->arena, replica->text_size + 1);

    replica->calls++;
    memset(text, 'x', replica->text_size);
    ((TextResponse *)ret)->valid_host = text;
    return STATUS_OK;
}

/* An empty message is as good as any other. */
static const struct pb_message_rule anything = {.name = "test.Anything",
                                                .size = sizeof(HealthCheckRequest)};
#define METHOD_WITH(out_, name_, mutates_, deadline_ms_)                                           \
    {                                                                                              \
        .path = "/test.Test/" name_, .name = (name_),                                              \
        .in = &grpc__health__v1__health_check_request__descriptor, .out = &(out_),                 \
        .in_rule = &anything, .mutates = (mutates_),                                               \
        .request_id_offset = offsetof(HealthCheckRequest, service), .deadline_ms = (deadline_ms_), \
        .weight = 1,                                                                               \
    }
#define METHOD(...) METHOD_WITH(grpc__health__v1__health_check_response__descriptor, __VA_ARGS__)
static const struct rpc_method read_method = METHOD("Read", false, 10000);
static const struct rpc_method write_method = METHOD("Write", true, 10000);
static const struct rpc_method short_method = METHOD("Short", false, 20);
static const struct rpc_method text_method =
    METHOD_WITH(grpc__reflection__v1__server_reflection_response__descriptor, "Text", false, 10000);
static const struct rpc_method *const methods[] = {&read_method, &write_method, &short_method,
                                                   &text_method};
static const rpc_handler handlers[] = {serve, serve, serve, serve_text};
static const struct rpc_service service = {
    .name = "test.Test",
    .domain = "test",
    .methods = methods,
    .handlers = handlers,
    .method_count = ARRAY_LEN(methods),
};

static struct rpc_client *client;
static struct arena *arena;
static struct rpc_call call;

static void start_replica(struct loop *loop, struct replica *replica)
{
    const struct rpc_served served = {.service = &service, .instance = replica};
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", replica->port);
    const struct rpc_server_config config = {
        .address = address, .options = &rpc_options, .served = &served, .served_count = 1};

    assert_ok(rpc_server_new(loop, &config, &replica->server));
    replica->port = rpc_server_port(replica->server);
}

static void stop_replica(struct replica *replica)
{
    if (!replica->server)
        return;
    rpc_server_drain(replica->server, 0);
    rpc_server_free(replica->server);
    replica->server = NULL;
}

static void start_client(const char *target)
{
    client = rpc_client_new(
        &(struct rpc_client_config){.name = "test", .target = target, .options = &rpc_options});
    arena = arena_new(1 << 24);
    call = (struct rpc_call){.arena = arena};
}

static void start(struct loop *loop, int replica_count)
{
    char target[64] = "ipv4:";

    memset(replicas, 0, sizeof replicas);
    assert_ok(rpc_loop_start(loop, rpc_options.rpc_thread));
    for (int i = 0; i < replica_count; i++) {
        start_replica(loop, &replicas[i]);
        snprintf(target + strlen(target), sizeof target - strlen(target), "%s127.0.0.1:%d",
                 i ? "," : "", replicas[i].port);
    }
    start_client(target);
}

static void start_default(struct loop *loop, int replica_count)
{
    rpc_options_load();
    start(loop, replica_count);
}

static void stop(void)
{
    rpc_client_free(client);
    arena_free(arena);
    for (int i = 0; i < REPLICAS; i++)
        stop_replica(&replicas[i]);
    assert_int_equal(task_count(), 1);
    rpc_loop_stop();
}

static struct status ask(const struct rpc_method *method)
{
    ProtobufCMessage *answer;
    HealthCheckRequest request;

    grpc__health__v1__health_check_request__init(&request);
    return rpc_client_call(client, &call, method, &request.base, &answer);
}

static bool is_answered(void)
{
    const struct status st = ask(&read_method);
    return status_ok(&st);
}

static double metric_of(const char *name)
{
    return metric_value(metric_series(metric_family(METRIC_COUNTER, name, "peer", ""), "test"));
}

static void calls_go_round_all_replicas_that_are_there(struct loop *loop)
{
    start_default(loop, 2);
    server_test_wait(60000, is_answered() && replicas[0].calls && replicas[1].calls);
    replicas[0].calls = replicas[1].calls = 0;
    for (int i = 0; i < 100; i++)
        assert_ok(ask(&read_method));
    assert_int_equal(replicas[0].calls, 50);
    assert_int_equal(replicas[1].calls, 50);

    stop_replica(&replicas[0]);
    for (int i = 0; i < 100; i++)
        assert_ok(ask(&write_method));
    start_replica(loop, &replicas[0]);
    replicas[0].calls = 0;
    server_test_wait(60000, is_answered() && replicas[0].calls > 0);
    stop();
}

static void a_name_is_resolved(struct loop *loop)
{
    char target[64];

    start_default(loop, 1);
    rpc_client_free(client);
    arena_free(arena);
    snprintf(target, sizeof target, "dns:///localhost:%d", replicas[0].port);
    start_client(target);
    assert_ok(ask(&read_method));
    stop();
}

static void a_peer_that_comes_back_is_found_soon(struct loop *loop)
{
    start_default(loop, 1);
    assert_ok(ask(&read_method));
    stop_replica(&replicas[0]);
    server_test_wait(60000, !is_answered());
    start_replica(loop, &replicas[0]);
    server_test_wait(60000, is_answered());
    stop();
}

static void a_busy_peer_is_asked_again_when_it_said_so(struct loop *loop)
{
    start_default(loop, 1);
    replicas[0].fail_first = 2;
    replicas[0].code = CODE_RESOURCE_EXHAUSTED;
    replicas[0].retry_ms = 20;
    const int64_t began_us = clock_mono_us();
    assert_ok(ask(&write_method));
    assert_int_equal(replicas[0].calls, 3);
    assert_true(clock_mono_us() - began_us >= 2 * 20 * CLOCK_US_PER_MS);
    assert_false(call.may_arrive);

    replicas[0].calls = 0;
    replicas[0].retry_ms = 0; /* a quota, say: later is no better */
    assert_string_equal(code_name(ask(&write_method).code), "RESOURCE_EXHAUSTED");
    assert_int_equal(replicas[0].calls, 1);

    replicas[0].calls = 0;
    replicas[0].retry_ms = 60 * 1000; /* nobody has so much time */
    assert_string_equal(code_name(ask(&write_method).code), "RESOURCE_EXHAUSTED");
    assert_int_equal(replicas[0].calls, 1);
    assert_int_equal(call.details.retry_after_ms, 60 * 1000);
    stop();
}

/* Of a peer that fails one in two: with no budget each would be tried again. */
static void retries_end_with_their_budget(struct loop *loop)
{
    start_default(loop, 1);
    replicas[0].fail_first = 1000;
    replicas[0].code = CODE_RESOURCE_EXHAUSTED; /* which no breaker minds */
    replicas[0].retry_ms = 1;
    for (int i = 0; i < 30; i++)
        assert_string_equal(code_name(ask(&read_method).code), "RESOURCE_EXHAUSTED");
    assert_true(replicas[0].calls >= 30 + 10);
    assert_true(replicas[0].calls <= 30 + 20);
    stop();
}

static void a_peer_that_fails_is_left_alone_until_it_is_well(struct loop *loop)
{
    start_default(loop, 1);
    replicas[0].fail_first = 1000;
    replicas[0].code = CODE_UNAVAILABLE;
    for (int i = 0; i < 50; i++)
        assert_string_equal(code_name(ask(&read_method).code), "UNAVAILABLE");
    assert_true(replicas[0].calls < 30);
    const struct status st = ask(&read_method);
    assert_string_equal(st.reason, "DEPENDENCY_UNAVAILABLE");
    assert_non_null(strstr(st.detail, "left alone"));
    replicas[0].fail_first = 0;
    server_test_wait(60000, is_answered());
    stop();
}

static void a_peer_that_is_later_than_its_contract_is_left_alone(struct loop *loop)
{
    start_default(loop, 1);
    replicas[0].hang_us = 10 * CLOCK_US_PER_S;
    for (int i = 0; i < 20; i++)
        assert_string_equal(code_name(ask(&short_method).code), "DEADLINE_EXCEEDED");
    assert_string_equal(code_name(ask(&short_method).code), "UNAVAILABLE");
    stop();
}

static void who_has_no_time_says_nothing_about_the_peer(struct loop *loop)
{
    start_default(loop, 1);
    replicas[0].hang_us = 10 * CLOCK_US_PER_S;
    for (int i = 0; i < 30; i++) {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(1000);
        assert_string_equal(code_name(ask(&read_method).code), "DEADLINE_EXCEEDED");
    }
    replicas[0].hang_us = 0;
    assert_ok(ask(&read_method));
    stop();
}

static void a_slow_read_is_hedged_where_that_is_wanted(struct loop *loop)
{
    rpc_options_load();
    rpc_options.rpc_hedge_ms = 20;
    start(loop, 2);
    replicas[0].hang_us = replicas[1].hang_us = 1000;
    server_test_wait(60000, is_answered() && replicas[0].calls && replicas[1].calls);
    const double before = metric_of("souk_rpc_client_hedges_total");
    replicas[0].hang_us = 10 * CLOCK_US_PER_S;
    for (int i = 0; i < 4; i++)
        assert_ok(ask(&read_method));
    const int hedges = (int)(metric_of("souk_rpc_client_hedges_total") - before);
    assert_in_range(hedges, 2, 4); /* who is asked second now is asked first next time, or not */
    server_test_wait(60000, replicas[0].cancelled == hedges);

    replicas[0].hang_us = replicas[1].hang_us = 50 * CLOCK_US_PER_MS;
    assert_ok(ask(&write_method));
    assert_int_equal(metric_of("souk_rpc_client_hedges_total") - before, hedges);
    stop();
}

/* The peer may have other limits, or none: this is about what is taken here. */
static void an_answer_that_is_too_large_is_not_taken(struct loop *loop)
{
    rpc_options_load();
    rpc_options.rpc_response_max_kib = 4;
    start(loop, 1);
    rpc_options.rpc_response_max_kib = 4096; /* of the server: it looks with each answer */
    replicas[0].text_size = 4000;
    assert_ok(ask(&text_method));
    replicas[0].calls = 0;
    replicas[0].text_size = 5000;
    assert_string_equal(code_name(ask(&text_method).code), "RESOURCE_EXHAUSTED");
    assert_int_equal(replicas[0].calls, 1); /* it would be as large the next time */
    stop();
}

static void hedges_asks(void *arg)
{
    *(enum code *)arg = ask(&read_method).code;
}

/* At each moment of two attempts: before the second, during both. */
static void a_hedged_call_may_be_cancelled_at_any_time(struct loop *loop)
{
    rpc_options_load();
    rpc_options.rpc_hedge_ms = 2;
    start(loop, 2);
    replicas[0].hang_us = replicas[1].hang_us = 10 * CLOCK_US_PER_S;
    for (int64_t after_us = 0; after_us < 6000; after_us += 200) {
        enum code seen = CODE_OK;
        struct task *task = task_spawn("caller", hedges_asks, &seen);
        assert_ok(task_sleep_us(after_us));
        task_cancel(task);
        assert_ok(task_join(task));
        assert_string_equal(code_name(seen), "CANCELLED");
    }
    stop();
}

SERVER_TESTS(calls_go_round_all_replicas_that_are_there, a_name_is_resolved,
             a_peer_that_comes_back_is_found_soon, a_busy_peer_is_asked_again_when_it_said_so,
             retries_end_with_their_budget, a_peer_that_fails_is_left_alone_until_it_is_well,
             a_peer_that_is_later_than_its_contract_is_left_alone,
             who_has_no_time_says_nothing_about_the_peer, an_answer_that_is_too_large_is_not_taken,
             a_slow_read_is_hedged_where_that_is_wanted, a_hedged_call_may_be_cancelled_at_any_time)
