#include "io/otlp.h"

#include <jansson.h>

#include "observe/metrics.h"
#include "observe/span.h"
#include "tests/unit/peer.h"

#define TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/* A collector: counts spans, keeps the last body, answers as the test says. */
struct receiver {
    const char *answer;
    bool holds_back; /* answers nothing */
    int requests;
    size_t spans;
    json_t *last;
};

static json_t *spans_of(json_t *body)
{
    json_t *resource = json_array_get(json_object_get(body, "resourceSpans"), 0);
    json_t *scope = json_array_get(json_object_get(resource, "scopeSpans"), 0);

    return json_object_get(scope, "spans");
}

static bool take_head(struct peer *peer, size_t *ret_body)
{
    const char *end, *length;

    while (!(end = strstr(str_text(&peer->input), "\r\n\r\n")))
        if (!peer_receive(peer))
            return false;
    assert_non_null(strstr(peer->input.text, "POST /v1/traces HTTP/1.1"));
    assert_null(strstr(peer->input.text, "traceparent")); /* its own calls are no part of it */
    length = strcasestr(peer->input.text, "content-length:");
    *ret_body = (size_t)atol(length + strlen("content-length:"));
    peer_take(peer, (size_t)(end + 4 - peer->input.text));
    return true;
}

static void receive(struct peer *peer, void *arg)
{
    struct receiver *receiver = arg;
    size_t size;

    while (take_head(peer, &size)) {
        while (peer->input.length < size)
            if (!peer_receive(peer))
                return;
        json_decref(receiver->last);
        receiver->last = json_loadb(str_text(&peer->input), size, 0, NULL);
        assert_non_null(receiver->last);
        peer_take(peer, size);
        receiver->requests++;
        receiver->spans += json_array_size(spans_of(receiver->last));
        if (receiver->holds_back)
            peer_receive(peer);
        else if (!peer_send(peer, receiver->answer))
            return;
    }
}

struct kit {
    struct receiver receiver;
    struct peer_server server;
    struct otlp *otlp;
    char url[64];
    double sent, dropped; /* before */
};

static double counted(const char *outcome)
{
    return metric_value(metric_series(
        metric_family(METRIC_COUNTER, "souk_trace_spans_total", "outcome", ""), outcome));
}

static struct kit *kit_begin(struct loop *loop, const char *answer)
{
    struct kit *kit = mem_new(struct kit);

    kit->receiver.answer = answer;
    kit->server = (struct peer_server){.serve = receive, .arg = &kit->receiver};
    peer_server_start(&kit->server);
    snprintf(kit->url, sizeof kit->url, "http://127.0.0.1:%d/v1/traces", kit->server.port);
    const struct otlp_config config = {.url = kit->url, .service = "lab", .instance = "lab:1"};
    assert_ok(otlp_start(loop, &config, &kit->otlp));
    trace_enter(trace_current(), TRACEPARENT);
    kit->sent = counted("sent");
    kit->dropped = counted("dropped");
    return kit;
}

static void kit_end(struct kit *kit)
{
    otlp_stop(kit->otlp);
    peer_server_stop(&kit->server);
    json_decref(kit->receiver.last);
    mem_free(kit);
}

static void make_spans(int count)
{
    const struct status st = status_error(CODE_ABORTED, "VERSION_CLASH", "7 is not 8");

    for (int i = 0; i < count; i++) {
        AUTO(span_end) struct span span;
        span_begin(&span, SPAN_CLIENT, "say \"hello\"");
        span_text(&span, "text", "a\nb");
        span_number(&span, "number", 1LL << 60);
        span_status(&span, &st);
    }
}

static const char *text_at(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void spans_arrive_as_the_protocol_wants_them(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");

    make_spans(2);
    server_test_wait(60000, counted("sent") == kit->sent + 2);
    assert_int_equal(kit->receiver.requests, 1);
    json_t *span = json_array_get(spans_of(kit->receiver.last), 0);
    assert_string_equal(text_at(span, "traceId"), "0af7651916cd43dd8448eb211c80319c");
    assert_int_equal(strlen(text_at(span, "spanId")), 16);
    assert_int_equal(strlen(text_at(span, "parentSpanId")), 16);
    assert_string_equal(text_at(span, "name"), "say \"hello\"");
    assert_int_equal(json_integer_value(json_object_get(span, "kind")), 3);
    assert_int_equal(strlen(text_at(span, "startTimeUnixNano")), 19);
    char *attributes = json_dumps(json_object_get(span, "attributes"), JSON_COMPACT);
    assert_string_equal(attributes,
                        "[{\"key\":\"text\",\"value\":{\"stringValue\":\"a\\nb\"}},"
                        "{\"key\":\"number\",\"value\":{\"intValue\":\"1152921504606846976\"}},"
                        "{\"key\":\"error.type\",\"value\":{\"stringValue\":\"VERSION_CLASH\"}}]");
    free(attributes);
    json_t *status = json_object_get(span, "status");
    assert_int_equal(json_integer_value(json_object_get(status, "code")), 2);
    assert_string_equal(text_at(status, "message"), "ABORTED"); /* the detail has values in it */
    kit_end(kit);
}

static void what_a_collector_refuses_is_dropped_and_counted(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

    make_spans(3);
    server_test_wait(60000, counted("dropped") == kit->dropped + 3);
    assert_true(counted("sent") == kit->sent);
    kit_end(kit);
}

static void a_collector_that_hangs_does_not_fill_memory(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, "");

    kit->receiver.holds_back = true;
    make_spans(OTLP_BATCH_SPANS);
    server_test_wait(60000, kit->receiver.requests == 1);
    make_spans(OTLP_QUEUE_SPANS + 10);
    assert_true(counted("dropped") >= kit->dropped + 10);
    kit_end(kit); /* in spite of it */
}

/* As many as fit by their number, but not by their size. */
static void large_spans_do_not_fill_memory_either(struct loop *loop)
{
    enum { TEXT = 256, SPANS = OTLP_QUEUE_SPANS - 1 };
    enum { FIT = OTLP_QUEUE_BYTES / (SPAN_ATTRIBUTES_MAX * TEXT) };
    struct kit *kit = kit_begin(loop, "");
    char text[TEXT + 1];

    memset(text, 'x', TEXT);
    text[TEXT] = '\0';
    kit->receiver.holds_back = true;
    make_spans(OTLP_BATCH_SPANS);
    server_test_wait(60000, kit->receiver.requests == 1);
    for (int i = 0; i < SPANS; i++) {
        AUTO(span_end) struct span span;
        span_begin(&span, SPAN_CLIENT, "large");
        for (int n = 0; n < SPAN_ATTRIBUTES_MAX; n++)
            span_text(&span, "text", text);
    }
    assert_true(counted("dropped") >= kit->dropped + SPANS - FIT);
    kit_end(kit);
}

static void what_is_left_at_the_end_is_still_sent(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    const double sent = kit->sent;

    make_spans(OTLP_BATCH_SPANS + 1);
    otlp_stop(kit->otlp);
    kit->otlp = NULL;
    assert_int_equal(kit->receiver.spans, OTLP_BATCH_SPANS + 1);
    assert_true(counted("sent") == sent + OTLP_BATCH_SPANS + 1);
    kit_end(kit);
}

SERVER_TESTS(spans_arrive_as_the_protocol_wants_them,
             what_a_collector_refuses_is_dropped_and_counted,
             a_collector_that_hangs_does_not_fill_memory, large_spans_do_not_fill_memory_either,
             what_is_left_at_the_end_is_still_sent)
