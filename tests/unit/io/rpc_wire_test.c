/* Clients and servers that no library would be: they speak HTTP/2 frame by frame. */
#include "io/rpc_server.h"

#include <malloc.h>

#include "base/clock.h"
#include "grpc/health/v1/health.pb-c.h"
#include "io/request.h"
#include "io/rpc_client.h"
#include "io/rpc_server_internal.h"
#include "tests/unit/peer.h"
#include "tests/unit/rpc_kit.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7
};
enum { END_STREAM = 1, END_HEADERS = 4, SETTING_INITIAL_WINDOW = 4, CANCEL = 8 };

typedef Grpc__Health__V1__HealthCheckRequest HealthCheckRequest;

enum { CALLS = 10 };

static int handler_calls;

static struct status serve_wait(struct request *rq, const ProtobufCMessage *in,
                                ProtobufCMessage *ret)
{
    handler_calls++;
    return task_sleep_us(30 * CLOCK_US_PER_S);
}

/* An empty message is as good as any other. */
static const struct pb_message_rule anything = {.name = "test.Anything",
                                                .size = sizeof(HealthCheckRequest)};
static const struct rpc_method wait_method = {
    .path = "/test.Test/Wait",
    .name = "Wait",
    .in = &grpc__health__v1__health_check_request__descriptor,
    .out = &grpc__health__v1__health_check_response__descriptor,
    .in_rule = &anything,
    .deadline_ms = 30 * 1000,
    .weight = 1,
};

static int uploads_begun, uploads_taken;

static struct status serve_upload(struct request *rq, const ProtobufCMessage *in,
                                  struct rpc_stream *stream, ProtobufCMessage *ret)
{
    ProtobufCMessage *message;

    uploads_begun++;
    do
        TRY(rpc_stream_recv(stream, &message));
    while (message);
    uploads_taken++;
    return STATUS_OK;
}

static const struct rpc_method upload_method = {
    .path = "/test.Test/Upload",
    .name = "Upload",
    .in = &grpc__health__v1__health_check_request__descriptor,
    .out = &grpc__health__v1__health_check_response__descriptor,
    .in_rule = &anything,
    .deadline_ms = 30 * 1000,
    .weight = 1,
    .client_streams = true,
};
static const struct rpc_method *const methods[] = {&wait_method, &upload_method};
static const rpc_handler handlers[] = {serve_wait, NULL};
static const rpc_stream_handler stream_handlers[] = {NULL, serve_upload};
static const struct rpc_service service = {
    .name = "test.Test",
    .domain = "test",
    .methods = methods,
    .handlers = handlers,
    .stream_handlers = stream_handlers,
    .method_count = ARRAY_LEN(methods),
};

static struct rpc_server *server;

static void start_as_told(struct loop *loop)
{
    const struct rpc_served served = {.service = &service};
    const struct rpc_server_config config = {
        .address = "127.0.0.1:0", .options = &rpc_options, .served = &served, .served_count = 1};

    handler_calls = uploads_begun = uploads_taken = 0;
    assert_ok(rpc_loop_start(loop, rpc_options.rpc_thread));
    assert_ok(rpc_server_new(loop, &config, &server));
    rpc_server_set_serving(server, true);
}

static void start(struct loop *loop)
{
    rpc_options_load();
    start_as_told(loop);
}

static void start_with_keepalive(struct loop *loop, int64_t ms)
{
    rpc_options_load();
    rpc_options.rpc_keepalive_ms = ms;
    rpc_options.rpc_keepalive_timeout_ms = ms;
    start_as_told(loop);
}

static void stop(void)
{
    rpc_server_drain(server, 0);
    rpc_server_free(server);
    assert_int_equal(task_count(), 1);
    rpc_loop_stop();
}

/* Frames. */

static void add_frame(struct str *to, int type, int flags, unsigned stream, const void *body,
                      size_t size)
{
    const unsigned char head[] = {
        (unsigned char)(size >> 16),
        (unsigned char)(size >> 8),
        (unsigned char)size,
        (unsigned char)type,
        (unsigned char)flags,
        0,
        0,
        (unsigned char)(stream >> 8),
        (unsigned char)stream,
    };
    str_append_bytes(to, head, sizeof head);
    str_append_bytes(to, body, size);
}

static void add_start(struct str *to, unsigned window)
{
    const unsigned char setting[] = {0, SETTING_INITIAL_WINDOW,       0,
                                     0, (unsigned char)(window >> 8), (unsigned char)window};

    str_append(to, PREFACE);
    add_frame(to, FRAME_SETTINGS, 0, 0, setting, sizeof setting);
}

/* A literal header that nobody indexes. */
static void add_header(struct str *to, const char *name, const char *value)
{
    const unsigned char zero = 0, name_size = (unsigned char)strlen(name),
                        value_size = (unsigned char)strlen(value);

    str_append_bytes(to, &zero, 1);
    str_append_bytes(to, &name_size, 1);
    str_append(to, name);
    str_append_bytes(to, &value_size, 1);
    str_append(to, value);
}

static void add_headers(struct str *to, unsigned stream, const char *path, const char *encoding)
{
    AUTO(str_release) struct str headers = {0};

    add_header(&headers, ":method", "POST");
    add_header(&headers, ":scheme", "http");
    add_header(&headers, ":path", path);
    add_header(&headers, ":authority", "test");
    add_header(&headers, "te", "trailers");
    add_header(&headers, "content-type", "application/grpc");
    add_header(&headers, "grpc-encoding", encoding);
    add_frame(to, FRAME_HEADERS, END_HEADERS, stream, headers.text, headers.length);
}

/* With an empty message. */
static void add_call(struct str *to, unsigned stream, const char *path)
{
    static const unsigned char message[] = {0, 0, 0, 0, 0};
    add_headers(to, stream, path, "identity");
    add_frame(to, FRAME_DATA, END_STREAM, stream, message, sizeof message);
}

static void add_cancel(struct str *to, unsigned stream)
{
    const unsigned char code[] = {0, 0, 0, CANCEL};
    add_frame(to, FRAME_RST_STREAM, 0, stream, code, sizeof code);
}

/* Is there a frame of the type with all of the flags, in what came so far? */
static bool has_frame(const struct peer *peer, int type, int flags, unsigned stream)
{
    const unsigned char *at = (const unsigned char *)str_text(&peer->input);
    const unsigned char *end = at + peer->input.length;

    while (end - at >= 9) {
        const size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        if (at[3] == type && (at[4] & flags) == flags && (at[7] << 8 | at[8]) == (int)stream)
            return true;
        if ((size_t)(end - at) < 9 + size)
            break;
        at += 9 + size;
    }
    return false;
}

/* Receives until there is one. */
static bool await_frame(struct peer *peer, int type, int flags, unsigned stream)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(20 * CLOCK_US_PER_S);

    while (!has_frame(peer, type, flags, stream))
        if (!peer_receive(peer))
            return false;
    return true;
}

static void a_client_that_takes_no_answer_is_given_up(struct loop *loop)
{
    AUTO(str_release) struct str frames = {0};
    start(loop);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

    server->stream_send_limit_us = 20 * CLOCK_US_PER_MS;
    add_start(&frames, 0);
    add_call(&frames, 1, "/grpc.health.v1.Health/Check");
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    assert_true(await_frame(&peer, FRAME_RST_STREAM, 0, 1));
    server_test_wait(60000, task_count() == 1);
    stop();
}

/* Each call and its end are in one segment, so that core tells of both in the same turn. */
static void what_is_cancelled_as_it_comes_is_not_begun(struct loop *loop)
{
    AUTO(str_release) struct str frames = {0};
    start(loop);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

    add_start(&frames, 65535);
    for (unsigned stream = 1; stream < 2 * CALLS; stream += 2) {
        add_call(&frames, stream, wait_method.path);
        add_cancel(&frames, stream);
    }
    add_call(&frames, 2 * CALLS + 1, "/grpc.health.v1.Health/Check");
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    assert_true(await_frame(&peer, FRAME_HEADERS, END_STREAM, 2 * CALLS + 1));
    assert_int_equal(handler_calls, 0);
    stop();
}

/*
 * 50 KiB on the wire can be 50 MiB of zeros, and core unpacks them before it looks at the limit.
 */
static void what_is_compressed_is_refused(struct loop *loop)
{
    static const unsigned char message[] = {1, 0, 0, 0, 20, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0,
                                            0, 3, 3, 0, 0,  0,    0,    0, 0, 0, 0, 0};
    static const char unimplemented[] = "grpc-status\00212";
    AUTO(str_release) struct str frames = {0};
    start(loop);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

    add_start(&frames, 65535);
    add_headers(&frames, 1, "/grpc.health.v1.Health/Check", "gzip");
    add_frame(&frames, FRAME_DATA, END_STREAM, 1, message, sizeof message);
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    assert_true(await_frame(&peer, FRAME_HEADERS, END_STREAM, 1));
    assert_non_null(
        memmem(peer.input.text, peer.input.length, unimplemented, strlen(unimplemented)));
    stop();
}

/* Of all its streams the server waits for the first message. */
static void streams_that_say_nothing_take_little_memory(struct loop *loop)
{
    enum { STREAMS = 100, ENOUGH = 8 * 1024 * 1024 };
    AUTO(str_release) struct str frames = {0};
    start(loop);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));
    const size_t before = mallinfo2().uordblks;

    add_start(&frames, 65535);
    for (unsigned stream = 1; stream < 2 * STREAMS; stream += 2)
        add_headers(&frames, stream, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                    "identity");
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    server_test_wait(60000, task_count() == 1 + STREAMS);
    assert_ok(task_yield()); /* the last one, too, begins to wait */
    assert_true(mallinfo2().uordblks < before + ENOUGH);
    stop();
}

/* As core does with what comes when it shuts down. */
static void cancel_all_calls(struct peer *peer, void *arg)
{
    AUTO(str_release) struct str frames = {0};
    int *cancelled = arg;

    add_frame(&frames, FRAME_SETTINGS, 0, 0, "", 0);
    assert_true(peer_send_bytes(peer, frames.text, frames.length));
    while (peer->input.length < strlen(PREFACE))
        if (!peer_receive(peer))
            return;
    peer_take(peer, strlen(PREFACE));
    for (unsigned stream = 1; await_frame(peer, FRAME_DATA, END_STREAM, stream); stream += 2) {
        str_release(&frames);
        add_cancel(&frames, stream);
        ++*cancelled;
        if (!peer_send_bytes(peer, frames.text, frames.length))
            return;
    }
}

/* Another machine that is busy, or far. */
static void cancel_all_calls_after_a_while(struct peer *peer, void *arg)
{
    const struct status st = task_sleep_us(300 * CLOCK_US_PER_MS);

    if (status_ok(&st))
        cancel_all_calls(peer, arg);
}

/* Asks a peer that cancels what comes; returns how many calls came. */
static int call_who_cancels(struct loop *loop, void (*serve)(struct peer *peer, void *arg))
{
    int cancelled = 0;
    char target[64];
    struct peer_server other = {.serve = serve, .arg = &cancelled};
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    struct rpc_call call = {.arena = arena};
    ProtobufCMessage *ret = NULL;
    HealthCheckRequest request;

    grpc__health__v1__health_check_request__init(&request);
    start(loop);
    peer_server_start(&other);
    snprintf(target, sizeof target, "ipv4:127.0.0.1:%d", other.port);
    struct rpc_client *client = rpc_client_new(
        &(struct rpc_client_config){.name = "other", .target = target, .options = &rpc_options});
    const struct status st = rpc_client_call(client, &call, &wait_method, &request.base, &ret);
    assert_string_equal(code_name(st.code), "UNAVAILABLE");
    assert_string_equal(st.reason, "DEPENDENCY_UNAVAILABLE");
    rpc_client_free(client);
    peer_server_stop(&other);
    stop();
    return cancelled;
}

static void a_call_that_the_peer_cancels_is_tried_again_and_then_unavailable(struct loop *loop)
{
    assert_int_equal(call_who_cancels(loop, cancel_all_calls), 3);
}

static void a_peer_that_is_slow_to_connect_is_waited_for(struct loop *loop)
{
    assert_int_equal(call_who_cancels(loop, cancel_all_calls_after_a_while), 3);
}

/*
 * Core tells of a broken upload twice: nothing more is to be read, and the call is over. Between
 * the two tasks may have run, when it tells more than the loop takes at a time.
 */
static void uploads_that_break_off_together_are_not_taken_for_whole(struct loop *loop)
{
    enum { UPLOADS = 100 };
    static const unsigned char message[] = {0, 0, 0, 0, 0};

    for (int others = 0; others < 2; others++) {
        AUTO(str_release) struct str uploads = {0};
        AUTO(str_release) struct str ends = {0};
        unsigned stream = 1;
        start(loop);
        AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

        add_start(&uploads, 65535);
        for (; stream < 2 * UPLOADS; stream += 2) {
            add_headers(&uploads, stream, upload_method.path, "identity");
            add_frame(&uploads, FRAME_DATA, 0, stream, message, sizeof message);
            add_cancel(&ends, stream);
        }
        assert_true(peer_send_bytes(&peer, uploads.text, uploads.length));
        server_test_wait(60000, uploads_begun == UPLOADS);
        AUTO(str_release) struct str all = {0};
        for (int i = 0; i < others; i++, stream += 2)
            add_call(&all, stream, "/grpc.health.v1.Health/Check");
        str_append_bytes(&all, ends.text, ends.length);
        assert_true(peer_send_bytes(&peer, all.text, all.length));
        server_test_wait(60000, task_count() == 1);
        assert_int_equal(uploads_taken, 0);
        stop();
    }
}

static void who_pings_all_the_time_is_sent_away(struct loop *loop)
{
    enum { PINGS = 10 };
    AUTO(str_release) struct str frames = {0};
    start(loop);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

    add_start(&frames, 65535);
    for (int i = 0; i < PINGS; i++)
        add_frame(&frames, FRAME_PING, 0, 0, "12345678", 8);
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    assert_true(await_frame(&peer, FRAME_GOAWAY, 0, 0));
    assert_non_null(memmem(peer.input.text, peer.input.length, "too_many_pings", 14));
    stop();
}

/* It is there no more, but nobody said so: its machine lost power, say. */
static void a_client_that_is_gone_without_a_word_ends_its_calls(struct loop *loop)
{
    AUTO(str_release) struct str frames = {0};
    start_with_keepalive(loop, 100);
    AUTO(peer_close) struct peer peer = peer_connect(rpc_server_port(server));

    add_start(&frames, 65535);
    add_call(&frames, 1, wait_method.path);
    assert_true(peer_send_bytes(&peer, frames.text, frames.length));
    server_test_wait(60000, handler_calls == 1);
    server_test_wait(60000, task_count() == 1);
    stop();
}

SERVER_TESTS(uploads_that_break_off_together_are_not_taken_for_whole,
             who_pings_all_the_time_is_sent_away,
             a_client_that_is_gone_without_a_word_ends_its_calls,
             a_client_that_takes_no_answer_is_given_up, what_is_cancelled_as_it_comes_is_not_begun,
             what_is_compressed_is_refused, streams_that_say_nothing_take_little_memory,
             a_call_that_the_peer_cancels_is_tried_again_and_then_unavailable,
             a_peer_that_is_slow_to_connect_is_waited_for)
