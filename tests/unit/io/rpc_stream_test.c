/* Streams between our client and our server: "Down" sends many, "Up" takes many, "Both" echoes. */
#include "io/rpc_stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "grpc/health/v1/health.pb-c.h"
#include "io/request.h"
#include "io/rpc_client.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "observe/span.h"
#include "tests/servers/server_test.h"
#include "tests/unit/rpc_kit.h"

enum { LARGE = 64 * 1024 };

/* A number as text, with any padding behind it. */
typedef Grpc__Health__V1__HealthCheckRequest Message;
#define MESSAGE_TYPE grpc__health__v1__health_check_request__descriptor

static const struct pb_field_rule fields[] = {
    {.name = "service", .number = 1, .kind = PB_STRING, .required = true, .max_len = 2 * LARGE},
};
static const struct pb_message_rule rule = {
    .name = "test.Message", .size = sizeof(Message), .fields = fields, .field_count = 1};

#define METHOD(name_, client_streams_, server_streams_)                                          \
    {                                                                                            \
        .path = "/test.Test/" name_, .name = (name_), .in = &MESSAGE_TYPE, .out = &MESSAGE_TYPE, \
        .in_rule = &rule, .deadline_ms = 30 * 1000, .weight = 1,                                 \
        .client_streams = (client_streams_), .server_streams = (server_streams_),                \
    }
static const struct rpc_method down = METHOD("Down", false, true);
static const struct rpc_method up = METHOD("Up", true, false);
static const struct rpc_method both = METHOD("Both", true, true);

/* What handlers do, and what became of them. */
static struct {
    int count;           /* of messages that Down sends; 0: without end */
    size_t padding;      /* of each */
    int take;            /* Up answers after so many; 0: after all */
    int64_t pause_us;    /* before each message is sent or received */
    int64_t patience_us; /* of Both, for each message; 0: without end */
    struct status answer;
    int sent, received;
    int impatient; /* waits of Both that ended without a message */
    int begun, over, good;
    enum code ended; /* the last one */
} behaviour;

static struct status send_number(struct rpc_stream *stream, int number)
{
    static char text[2 * LARGE];
    Message message;
    const int digits = snprintf(text, sizeof text, "%d ", number);

    memset(text + digits, 'a', behaviour.padding);
    text[(size_t)digits + behaviour.padding] = '\0';
    grpc__health__v1__health_check_request__init(&message);
    message.service = text;
    return rpc_stream_send(stream, &message.base);
}

/* -1 at the end. */
static struct status recv_number(struct rpc_stream *stream, int *ret)
{
    ProtobufCMessage *message;

    TRY(rpc_stream_recv(stream, &message));
    *ret = message ? atoi(((const Message *)message)->service) : -1;
    return STATUS_OK;
}

static struct status over(struct status st)
{
    behaviour.over++;
    behaviour.good += status_ok(&st);
    behaviour.ended = st.code;
    return st;
}

static struct status send_all(struct rpc_stream *stream)
{
    while (!behaviour.count || behaviour.sent < behaviour.count) {
        TRY(task_sleep_us(behaviour.pause_us));
        TRY(send_number(stream, behaviour.sent + 1));
        behaviour.sent++;
    }
    return behaviour.answer;
}

static struct status receive_all(struct rpc_stream *stream, int *ret_sum)
{
    int number, sum = 0;

    while (!behaviour.take || behaviour.received < behaviour.take) {
        TRY(task_sleep_us(behaviour.pause_us));
        TRY(recv_number(stream, &number));
        if (number < 0)
            break;
        sum += number;
        behaviour.received++;
    }
    *ret_sum = sum;
    return behaviour.answer;
}

static struct status recv_patiently(struct rpc_stream *stream, int *ret)
{
    AUTO(task_deadline_end)
    struct task_deadline limit =
        task_deadline_in_us(behaviour.patience_us ? behaviour.patience_us : INT64_MAX / 4);
    return recv_number(stream, ret);
}

static struct status echo(struct rpc_stream *stream)
{
    int number;

    for (;;) {
        const struct status st = recv_patiently(stream, &number);
        TRY(task_check());
        if (st.code == CODE_DEADLINE_EXCEEDED) {
            behaviour.impatient++;
            continue;
        }
        TRY(st);
        if (number < 0)
            return behaviour.answer;
        TRY(send_number(stream, number));
    }
}

static struct status serve_down(struct request *rq, const ProtobufCMessage *in,
                                struct rpc_stream *stream, ProtobufCMessage *ret)
{
    behaviour.begun++;
    error_details_add(&rq->details, rq->arena, "asked", "%s", ((const Message *)in)->service);
    return over(send_all(stream));
}

static struct status serve_up(struct request *rq, const ProtobufCMessage *in,
                              struct rpc_stream *stream, ProtobufCMessage *ret)
{
    int sum = 0;

    behaviour.begun++;
    const struct status st = over(receive_all(stream, &sum));
    ((Message *)ret)->service = arena_printf(rq->arena, "%d", sum);
    return st;
}

static struct status serve_both(struct request *rq, const ProtobufCMessage *in,
                                struct rpc_stream *stream, ProtobufCMessage *ret)
{
    behaviour.begun++;
    return over(echo(stream));
}

static const struct rpc_method *const methods[] = {&down, &up, &both};
static const rpc_handler handlers[] = {NULL, NULL, NULL};
static const rpc_stream_handler stream_handlers[] = {serve_down, serve_up, serve_both};
static const struct rpc_service service = {
    .name = "test.Test",
    .domain = "test",
    .methods = methods,
    .handlers = handlers,
    .stream_handlers = stream_handlers,
    .method_count = ARRAY_LEN(methods),
};

static struct rpc_server *server;
static struct rpc_client *client;
static struct arena *arena;
static struct rpc_call call;

static void start(struct loop *loop)
{
    const struct rpc_served served = {.service = &service};
    const struct rpc_server_config config = {
        .address = "127.0.0.1:0", .options = &rpc_options, .served = &served, .served_count = 1};
    char target[64];

    memset(&behaviour, 0, sizeof behaviour);
    rpc_options_load();
    assert_ok(rpc_loop_start(loop, rpc_options.rpc_thread));
    assert_ok(rpc_server_new(loop, &config, &server));
    snprintf(target, sizeof target, "ipv4:127.0.0.1:%d", rpc_server_port(server));
    client = rpc_client_new(
        &(struct rpc_client_config){.name = "test", .target = target, .options = &rpc_options});
    arena = arena_new(1 << 24);
    call = (struct rpc_call){.arena = arena};
}

static void stop(void)
{
    rpc_client_free(client);
    arena_free(arena);
    if (server) {
        rpc_server_drain(server, CLOCK_US_PER_S);
        rpc_server_free(server);
        server = NULL;
    }
    server_test_wait(60000, task_count() == 1);
    rpc_loop_stop();
}

static struct rpc_stream *open_stream(const struct rpc_method *method)
{
    struct rpc_stream *stream = NULL;
    Message request;

    grpc__health__v1__health_check_request__init(&request);
    request.service = (char *)(uintptr_t) "please";
    assert_ok(rpc_stream_open(client, &call, method, method->client_streams ? NULL : &request.base,
                              &stream));
    return stream;
}

/* How the rest of it ends. */
static struct status receive_rest(struct rpc_stream *stream, int *ret_count)
{
    int number = 0;

    for (*ret_count = 0;; ++*ret_count) {
        TRY(recv_number(stream, &number));
        if (number < 0)
            return STATUS_OK;
    }
}

static void messages_arrive_in_order_and_then_the_status(struct loop *loop)
{
    int number = 0;
    start(loop);
    AUTO(rpc_stream_closep) struct rpc_stream *stream = open_stream(&down);

    behaviour.count = 1000;
    for (int i = 1; i <= 1000; i++) {
        assert_ok(recv_number(stream, &number));
        assert_int_equal(number, i);
    }
    assert_ok(recv_number(stream, &number));
    assert_int_equal(number, -1);
    assert_ok(recv_number(stream, &number)); /* still so */
    assert_int_equal(number, -1);
    rpc_stream_close(stream);
    stream = NULL;
    stop();
}

static void a_refusal_comes_behind_the_messages(struct loop *loop)
{
    int count = 0;
    start(loop);
    struct rpc_stream *stream = open_stream(&down);

    behaviour.count = 3;
    behaviour.answer = status_error(CODE_FAILED_PRECONDITION, "VERSION_MISMATCH", "gone stale");
    const struct status st = receive_rest(stream, &count);
    assert_int_equal(count, 3);
    assert_string_equal(code_name(st.code), "FAILED_PRECONDITION");
    assert_string_equal(st.reason, "VERSION_MISMATCH");
    assert_string_equal(error_details_find(&call.details, "asked"), "please");
    rpc_stream_close(stream);
    stop();
}

static void an_upload_has_one_answer(struct loop *loop)
{
    ProtobufCMessage *answer = NULL;
    start(loop);
    struct rpc_stream *stream = open_stream(&up);

    for (int i = 1; i <= 1000; i++)
        assert_ok(send_number(stream, i));
    assert_ok(rpc_stream_answer(stream, &answer));
    assert_string_equal(((Message *)answer)->service, "500500");
    rpc_stream_close(stream);
    stop();
}

static void a_server_may_answer_before_it_heard_all(struct loop *loop)
{
    ProtobufCMessage *answer = NULL;
    struct status st = STATUS_OK;
    start(loop);
    struct rpc_stream *stream = open_stream(&up);

    behaviour.take = 2;
    for (int i = 1; i < 100000 && status_ok(&st); i++)
        st = send_number(stream, i);
    assert_string_equal(code_name(st.code), "CANCELLED");
    assert_ok(rpc_stream_answer(stream, &answer));
    assert_string_equal(((Message *)answer)->service, "3");
    rpc_stream_close(stream);
    stop();
}

static void what_breaks_the_contract_ends_the_stream(struct loop *loop)
{
    ProtobufCMessage *answer = NULL;
    Message empty;
    start(loop);
    struct rpc_stream *stream = open_stream(&up);

    grpc__health__v1__health_check_request__init(&empty);
    assert_ok(send_number(stream, 1));
    assert_ok(rpc_stream_send(stream, &empty.base));
    const struct status st = rpc_stream_answer(stream, &answer);
    assert_string_equal(code_name(st.code), "INVALID_ARGUMENT");
    assert_int_equal(call.details.violation_count, 1);
    assert_string_equal(call.details.violations[0].field, "service");
    assert_int_equal(behaviour.received, 1);
    rpc_stream_close(stream);
    stop();
}

static void both_sides_talk_in_turn(struct loop *loop)
{
    int number = 0;
    start(loop);
    struct rpc_stream *stream = open_stream(&both);

    for (int i = 1; i <= 1000; i++) {
        assert_ok(send_number(stream, i));
        assert_ok(recv_number(stream, &number));
        assert_int_equal(number, i);
    }
    assert_ok(rpc_stream_finish(stream));
    assert_ok(recv_number(stream, &number));
    assert_int_equal(number, -1);
    rpc_stream_close(stream);
    stop();
}

static void sends_two_thousand(void *arg)
{
    for (int i = 1; i <= 2000; i++)
        assert_ok(send_number(arg, i));
    assert_ok(rpc_stream_finish(arg));
}

static void one_task_may_send_while_another_receives(struct loop *loop)
{
    int count = 0;
    start(loop);
    struct rpc_stream *stream = open_stream(&both);
    struct task *sender = task_spawn("sender", sends_two_thousand, stream);

    assert_ok(receive_rest(stream, &count));
    assert_int_equal(count, 2000);
    assert_ok(task_join(sender));
    rpc_stream_close(stream);
    stop();
}

/* 64 MiB; a client that takes nothing is sent what fits into windows and buffers. */
static void a_server_waits_for_a_client_that_does_not_read(struct loop *loop)
{
    enum { MESSAGES = 1000, LITTLE = 200 };
    int count, before;
    start(loop);
    struct rpc_stream *stream = open_stream(&down);

    behaviour.count = MESSAGES;
    behaviour.padding = LARGE;
    do {
        before = behaviour.sent;
        assert_ok(task_sleep_us(50 * CLOCK_US_PER_MS));
    } while (behaviour.sent != before || !behaviour.sent);
    assert_true(behaviour.sent < LITTLE);
    assert_ok(receive_rest(stream, &count));
    assert_int_equal(count, MESSAGES);
    rpc_stream_close(stream);
    stop();
}

static void a_client_waits_for_a_server_that_does_not_read(struct loop *loop)
{
    enum { MESSAGES = 1000, LITTLE = 200 };
    int sent = 0;
    struct status st = STATUS_OK;
    start(loop);
    struct rpc_stream *stream = open_stream(&up);

    behaviour.pause_us = 20 * CLOCK_US_PER_S;
    behaviour.padding = LARGE;
    {
        AUTO(task_deadline_end)
        struct task_deadline limit = task_deadline_in_us(500 * CLOCK_US_PER_MS);
        for (; sent < MESSAGES && status_ok(&st); sent++)
            st = send_number(stream, 1);
    }
    assert_string_equal(code_name(st.code), "DEADLINE_EXCEEDED");
    assert_true(sent < LITTLE);
    rpc_stream_close(stream);
    stop();
}

static void a_wait_that_ends_early_loses_nothing(struct loop *loop)
{
    int number = 0;
    start(loop);
    struct rpc_stream *stream = open_stream(&both);

    behaviour.patience_us = 2 * CLOCK_US_PER_MS;
    for (int i = 1; i <= 10; i++) {
        const int before = behaviour.impatient;
        server_test_wait(60000, behaviour.impatient > before);
        assert_ok(send_number(stream, i));
        assert_ok(recv_number(stream, &number));
        assert_int_equal(number, i);
    }
    rpc_stream_close(stream);
    stop();
}

static void a_client_that_closes_cancels_the_handler(struct loop *loop)
{
    const struct rpc_method *const all[] = {&down, &up, &both};
    start(loop);

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct rpc_stream *stream = open_stream(all[i]);
        server_test_wait(60000, behaviour.begun == (int)i + 1);
        rpc_stream_close(stream);
        server_test_wait(60000, behaviour.over == (int)i + 1);
        assert_string_equal(code_name(behaviour.ended), "CANCELLED");
    }
    stop();
}

/* The end of the client's words and the end of the client look alike to core. */
static void an_upload_that_breaks_off_is_never_taken_for_the_whole(struct loop *loop)
{
    enum { UPLOADS = 300 };
    start(loop);

    for (int i = 0; i < UPLOADS; i++) {
        const int before = behaviour.begun;
        struct rpc_stream *stream = open_stream(i % 2 ? &up : &both);
        assert_ok(send_number(stream, 1));
        if (i % 3)
            server_test_wait(60000, behaviour.begun > before);
        rpc_stream_close(stream);
    }
    server_test_wait(60000, task_count() == 1);
    assert_true(behaviour.over >= UPLOADS / 2);
    assert_int_equal(behaviour.good, 0);
    stop();
}

static void streams_of_each_kind(void *arg)
{
    struct arena *own_arena = arena_new(1 << 20);
    int number;

    for (int i = 0; i < 3; i++) {
        const struct rpc_method *const all[] = {&down, &up, &both};
        struct rpc_call own = {.arena = own_arena};
        AUTO(rpc_stream_closep) struct rpc_stream *stream = NULL;
        Message request;

        grpc__health__v1__health_check_request__init(&request);
        request.service = (char *)(uintptr_t) "please";
        if (rpc_stream_open(client, &own, all[i], i == 0 ? &request.base : NULL, &stream).code ||
            (i > 0 && send_number(stream, 1).code) || (i == 1 && rpc_stream_finish(stream).code) ||
            recv_number(stream, &number).code)
            break;
    }
    *(bool *)arg = true;
    arena_free(own_arena);
}

static void callers_may_be_cancelled_at_any_time(struct loop *loop)
{
    start(loop);
    behaviour.pause_us = 300;
    for (int64_t after_us = 0; after_us < 8000; after_us += 50) {
        bool unwound = false;
        struct task *task = task_spawn("caller", streams_of_each_kind, &unwound);
        assert_ok(task_sleep_us(after_us));
        task_cancel(task);
        assert_ok(task_join(task));
        assert_true(unwound);
    }
    server_test_wait(60000, task_count() == 1);
    stop();
}

static void a_drain_cuts_what_does_not_end(struct loop *loop)
{
    int count = 0;
    start(loop);
    struct rpc_stream *stream = open_stream(&both);

    assert_ok(send_number(stream, 1));
    assert_ok(recv_number(stream, &count));
    rpc_server_drain(server, 20 * CLOCK_US_PER_MS);
    rpc_server_free(server);
    server = NULL;
    const struct status st = receive_rest(stream, &count);
    assert_string_equal(code_name(st.code), "UNAVAILABLE");
    assert_string_equal(code_name(behaviour.ended), "CANCELLED");
    rpc_stream_close(stream);
    stop();
}

static void a_peer_that_is_away_is_unavailable(struct loop *loop)
{
    int count = 0;
    start(loop);

    rpc_server_drain(server, 0);
    rpc_server_free(server);
    server = NULL;
    struct rpc_stream *stream = open_stream(&down);
    const struct status st = receive_rest(stream, &count);
    assert_string_equal(code_name(st.code), "UNAVAILABLE");
    rpc_stream_close(stream);
    stop();
}

static struct span kept[8];
static size_t kept_count;

static void keep(void *arg, const struct span *span)
{
    assert_true(kept_count < ARRAY_LEN(kept));
    kept[kept_count++] = *span;
}

/* In the order of their ends, which is not that of their beginnings. */
static const struct span *kept_span(enum span_kind kind, size_t number)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i].kind == kind && number-- == 0)
            return &kept[i];
    fail_msg("no such span");
    return NULL;
}

static void each_stream_is_a_span_from_its_open_to_its_close(struct loop *loop)
{
    int count = 0;
    start(loop);
    kept_count = 0;
    span_to(keep, NULL);
    trace_enter(trace_current(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    const struct trace_context entered = *trace_current();
    struct rpc_stream *long_one = open_stream(&both);
    struct rpc_stream *refused = open_stream(&down);

    behaviour.count = 1;
    behaviour.answer = status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "not now");
    assert_false(receive_rest(refused, &count).code == CODE_OK);
    rpc_stream_close(refused);
    assert_memory_equal(trace_current()->span_id, entered.span_id, sizeof entered.span_id);
    rpc_stream_close(long_one);
    server_test_wait(60000, kept_count == 4);

    const struct span *client_refused = kept_span(SPAN_CLIENT, 0);
    assert_string_equal(client_refused->name, "test.Test/Down");
    assert_int_equal(client_refused->status.code, CODE_UNAVAILABLE);
    assert_memory_equal(client_refused->parent_id, entered.span_id, 8);
    assert_memory_equal(kept_span(SPAN_SERVER, 0)->parent_id, client_refused->id, 8);
    const struct span *client_long = kept_span(SPAN_CLIENT, 1);
    assert_string_equal(client_long->name, "test.Test/Both");
    assert_int_equal(client_long->status.code, CODE_CANCELLED);
    assert_memory_equal(kept_span(SPAN_SERVER, 1)->parent_id, client_long->id, 8);
    span_to(NULL, NULL);
    stop();
}

SERVER_TESTS(messages_arrive_in_order_and_then_the_status, a_refusal_comes_behind_the_messages,
             an_upload_has_one_answer, a_server_may_answer_before_it_heard_all,
             what_breaks_the_contract_ends_the_stream, both_sides_talk_in_turn,
             one_task_may_send_while_another_receives,
             a_server_waits_for_a_client_that_does_not_read,
             a_client_waits_for_a_server_that_does_not_read, a_wait_that_ends_early_loses_nothing,
             a_client_that_closes_cancels_the_handler,
             an_upload_that_breaks_off_is_never_taken_for_the_whole,
             callers_may_be_cancelled_at_any_time, a_drain_cuts_what_does_not_end,
             a_peer_that_is_away_is_unavailable, each_stream_is_a_span_from_its_open_to_its_close)
