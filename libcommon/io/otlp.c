#include "io/otlp.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/http.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "run/loop.h"
#include "run/task.h"

enum {
    CALL_LIMIT_MS = 10 * 1000,
    LAST_CALL_LIMIT_MS = 2 * 1000,
    ANSWER_MAX = 64 * 1024,
    TEXT_MAX = 256, /* of an attribute */
    STATUS_ERROR = 2,
};

struct otlp {
    const char *url;
    char *head; /* what every batch begins with: who we are */
    struct http *http;
    struct task *task;
    char *queue[OTLP_QUEUE_SPANS]; /* a ring of spans as JSON, from malloc */
    size_t first;
    size_t count;
    size_t bytes;
    bool is_asleep;
    bool is_stopping;
    bool is_failing; /* said in the log already */
    struct metric *sent;
    struct metric *dropped;
};

/* A span as JSON. */

static json_t *text_of(const char *text)
{
    char cut[TEXT_MAX + 1];

    snprintf(cut, sizeof cut, "%s", text);
    str_trim_utf8(cut);
    json_t *value = json_string(cut);
    return value ? value : json_string("(not UTF-8)");
}

/* OTLP's JSON has 64-bit numbers as strings. */
static json_t *number_of(int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)number);
    return json_string(digits);
}

static void add_attribute(json_t *to, const char *key, const char *kind, json_t *value)
{
    json_array_append_new(to, json_pack("{s:s, s:{s:o}}", "key", key, "value", kind, value));
}

static json_t *attributes_of(const struct span *span)
{
    json_t *list = json_array();

    for (size_t i = 0; i < span->attribute_count; i++) {
        const struct span_attribute *attribute = &span->attributes[i];
        if (attribute->text)
            add_attribute(list, attribute->key, "stringValue", text_of(attribute->text));
        else
            add_attribute(list, attribute->key, "intValue", number_of(attribute->number));
    }
    if (!status_ok(&span->status) && span->status.reason)
        add_attribute(list, "error.type", "stringValue", text_of(span->status.reason));
    return list;
}

static void set_id(json_t *object, const char *key, const uint8_t *bytes, size_t size)
{
    char hex[33];

    str_hex(hex, bytes, size);
    json_object_set_new(object, key, json_string(hex));
}

static bool has_parent(const struct span *span)
{
    static const uint8_t none[sizeof span->parent_id];
    return memcmp(span->parent_id, none, sizeof none) != 0;
}

static char *to_json(const struct span *span)
{
    const int64_t end_us = span->start_unix_us + span->took_us;
    json_t *object = json_object();

    set_id(object, "traceId", span->context->trace_id, sizeof span->context->trace_id);
    set_id(object, "spanId", span->id, sizeof span->id);
    if (has_parent(span))
        set_id(object, "parentSpanId", span->parent_id, sizeof span->parent_id);
    json_object_set_new(object, "name", text_of(span->name));
    json_object_set_new(object, "kind", json_integer(span->kind));
    json_object_set_new(object, "startTimeUnixNano", number_of(span->start_unix_us * 1000));
    json_object_set_new(object, "endTimeUnixNano", number_of(end_us * 1000));
    json_object_set_new(object, "attributes", attributes_of(span));
    if (!status_ok(&span->status))
        json_object_set_new(object, "status",
                            json_pack("{s:i, s:o}", "code", STATUS_ERROR, "message",
                                      text_of(code_name(span->status.code))));
    char *json = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return json;
}

/* The queue. */

static void keep(void *arg, const struct span *span)
{
    struct otlp *otlp = arg;
    char *json = otlp->count < OTLP_QUEUE_SPANS ? to_json(span) : NULL;
    const size_t size = json ? strlen(json) : 0;

    if (!json || otlp->bytes + size > OTLP_QUEUE_BYTES) {
        free(json);
        metric_add(otlp->dropped, 1);
        return;
    }
    otlp->queue[(otlp->first + otlp->count++) % OTLP_QUEUE_SPANS] = json;
    otlp->bytes += size;
    if (otlp->is_asleep && otlp->count >= OTLP_BATCH_SPANS)
        task_wake(otlp->task);
}

static char *take(struct otlp *otlp)
{
    char *json = otlp->queue[otlp->first];

    otlp->first = (otlp->first + 1) % OTLP_QUEUE_SPANS;
    otlp->count--;
    otlp->bytes -= strlen(json);
    return json;
}

static size_t take_batch(struct otlp *otlp, struct str *to)
{
    size_t spans = 0;

    str_append(to, otlp->head);
    for (; otlp->count && spans < OTLP_BATCH_SPANS; spans++) {
        char *json = take(otlp);
        str_append(to, spans ? "," : "");
        str_append(to, json);
        free(json);
    }
    str_append(to, "]}]}]}");
    return spans;
}

/* Sending. */

static struct status post(struct otlp *otlp, const struct str *body)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ANSWER_MAX);
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_MS * CLOCK_US_PER_MS);
    const struct http_request request = {
        .method = "POST",
        .url = otlp->url,
        .headers = {"content-type: application/json"},
        .body = str_text(body),
        .body_size = body->length,
        .is_repeatable = true, /* spans have ids */
    };
    struct http_response response;

    TRY(http_call(otlp->http, &request, arena, &response));
    if (response.status / 100 != 2)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the collector answers with %d", response.status);
    return STATUS_OK;
}

/* Said once for a time of trouble, not once a batch. */
static void report(struct otlp *otlp, const struct status *st)
{
    const bool fails = !status_ok(st);

    if (fails && !otlp->is_failing)
        log_warn("traces are not taken", LOG_STATUS(*st));
    else if (!fails && otlp->is_failing)
        log_info("traces are taken again");
    otlp->is_failing = fails;
}

static void send_batch(struct otlp *otlp)
{
    AUTO(str_release) struct str body = {0};
    const size_t spans = take_batch(otlp, &body);
    const struct status st = post(otlp, &body);

    metric_add(status_ok(&st) ? otlp->sent : otlp->dropped, (double)spans);
    report(otlp, &st);
}

static void wait_for_batch(struct otlp *otlp)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(OTLP_PAUSE_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;

    otlp->is_asleep = true;
    while (status_ok(&st) && otlp->count < OTLP_BATCH_SPANS && !otlp->is_stopping)
        st = task_park("spans");
    otlp->is_asleep = false;
}

static void run(void *arg)
{
    struct otlp *otlp = arg;

    *trace_current() = (struct trace_context){0};
    while (!otlp->is_stopping) {
        wait_for_batch(otlp);
        if (otlp->count && !otlp->is_stopping)
            send_batch(otlp);
    }
    while (otlp->count && !otlp->is_failing)
        send_batch(otlp);
}

/* Life. */

static char *head_of(const struct otlp_config *config)
{
    json_t *attributes = json_array();

    add_attribute(attributes, "service.name", "stringValue", text_of(config->service));
    add_attribute(attributes, "service.instance.id", "stringValue", text_of(config->instance));
    char *list = json_dumps(attributes, JSON_COMPACT);
    char *head = mem_printf("{\"resourceSpans\":[{\"resource\":{\"attributes\":%s},"
                            "\"scopeSpans\":[{\"scope\":{\"name\":\"souk\"},\"spans\":[",
                            list);
    free(list);
    json_decref(attributes);
    return head;
}

static void release(struct otlp *otlp)
{
    while (otlp->count)
        free(take(otlp));
    http_free(otlp->http);
    mem_free(otlp->head);
    mem_free(otlp);
}

struct status otlp_start(struct loop *loop, const struct otlp_config *config, struct otlp **ret)
{
    struct metric_family *spans =
        metric_family(METRIC_COUNTER, "souk_trace_spans_total", "outcome",
                      "Spans that a collector took, and that were dropped");
    struct otlp *otlp = mem_new(struct otlp);

    otlp->url = config->url;
    otlp->sent = metric_series(spans, "sent");
    otlp->dropped = metric_series(spans, "dropped");
    otlp->head = head_of(config);
    const struct status st = http_new(loop, 1, &otlp->http);
    if (status_ok(&st))
        otlp->task = task_spawn("otlp", run, otlp);
    if (!otlp->task) {
        release(otlp);
        return status_ok(&st) ? status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no task") : st;
    }
    span_to(keep, otlp);
    *ret = otlp;
    return STATUS_OK;
}

static void join_in_time(struct task *task)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(LAST_CALL_LIMIT_MS * CLOCK_US_PER_MS);
    const struct status st = task_join(task);

    if (!status_ok(&st))
        task_stop(task);
}

void otlp_stop(struct otlp *otlp)
{
    if (!otlp)
        return;
    span_to(NULL, NULL);
    otlp->is_stopping = true;
    if (otlp->is_asleep)
        task_wake(otlp->task);
    join_in_time(otlp->task);
    release(otlp);
}
