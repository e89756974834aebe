#include "patterns/relay_publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "io/mq.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "patterns/lease.h"
#include "patterns/relay_parked_repo.h"
#include "run/task.h"

enum {
    STEP_LIMIT_US = 10 * 1000 * 1000, /* of each database or Kafka step */
    PARKED_MAX = 10 * 1000,
    SENT_AT_ONCE_MAX = 50, /* of what was parked, before new rows have their turn */
};

static const char *rfc3339(int64_t unix_us, struct arena *arena)
{
    char *text = arena_alloc(arena, CLOCK_RFC3339_MAX);

    clock_rfc3339(unix_us, text);
    return text;
}

/* A row on its way. Publishing an event is part of the trace that it came from. */
struct sending {
    struct trace_context context;
    struct span span;
};

/* What consumers get as parent: our span, where there is one. */
static const char *begin_span(struct sending *sending, const struct relay_row *row,
                              struct arena *arena)
{
    sending->context = (struct trace_context){0};
    if (*row->traceparent)
        trace_enter(&sending->context, row->traceparent);
    span_enter(&sending->span, &sending->context, SPAN_PRODUCER, row->topic);
    if (!span_is_recorded(&sending->span))
        return row->traceparent;
    span_text(&sending->span, "messaging.system", "kafka");
    span_text(&sending->span, "cloudevents.event_type", row->type);
    char *parent = arena_alloc(arena, TRACEPARENT_LENGTH + 1);
    trace_parent(&sending->context, parent);
    return parent;
}

static void end_spans(struct sending *sendings, size_t count, const struct status *st)
{
    for (size_t i = 0; i < count; i++) {
        span_status(&sendings[i].span, st);
        span_end(&sendings[i].span);
    }
}

/* Begins its span, too. */
static void to_message(const struct relay_publisher *publisher, const struct relay_row *row,
                       struct arena *arena, struct sending *sending, struct mq_message *ret)
{
    const char *key = arena_printf(arena, "%" PRId64, row->aggregate_id);
    const struct mq_header headers[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", arena_printf(arena, "%" PRId64, row->event_id)},
        {"ce_type", row->type},
        {"ce_source", publisher->source},
        {"ce_time", rfc3339(row->created_us, arena)},
        {"ce_subject", key},
        {"content-type", "application/protobuf"},
        {"traceparent", begin_span(sending, row, arena)},
    };

    *ret = (struct mq_message){
        .topic = row->topic,
        .key = key,
        .key_size = strlen(key),
        .value = row->payload,
        .value_size = row->payload_size,
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        if (*headers[i].value)
            ret->headers[ret->header_count++] = headers[i];
}

static struct status produce(struct relay_publisher *publisher, const struct mq_message *messages,
                             size_t count)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(STEP_LIMIT_US);

    return mq_produce(publisher->producer, messages, count);
}

/* Sending the same bytes once more would not help. */
static bool is_for_good(const struct status *st)
{
    return st->code == CODE_INVALID_ARGUMENT || st->code == CODE_NOT_FOUND;
}

/* The gaps know these rows as handled, so they are sent until they are, or the lease is lost. */
static struct status insist(struct relay_publisher *publisher, const struct mq_message *messages,
                            size_t count)
{
    struct backoff pause = backoff_between(100 * 1000, CLOCK_US_PER_S);

    for (;;) {
        const struct status st = produce(publisher, messages, count);
        if (status_ok(&st))
            metric_add(publisher->published, (double)count);
        if (status_ok(&st) || is_for_good(&st) || !lease_is_held(publisher->lease))
            return st;
        log_warn("events not published, trying again", LOG_I64("events", (int64_t)count),
                 LOG_STATUS(st));
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
}

/* Parked events. */

static struct status count_parked(struct relay_publisher *publisher, uint64_t *ret)
{
    TRY(relay_parked_count(publisher->db, ret));
    metric_set(publisher->parked, (double)*ret);
    return STATUS_OK;
}

static struct status park(struct relay_publisher *publisher, const struct relay_row *rows,
                          const char *const *queues, size_t count, struct arena *arena)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(STEP_LIMIT_US);
    uint64_t parked;

    if (!count)
        return STATUS_OK;
    TRY(count_parked(publisher, &parked));
    if (parked + count > PARKED_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "%" PRIu64 " events are parked, no more fit", parked);
    TRY(relay_parked_add(publisher->db, rows, queues, count, arena));
    metric_set(publisher->parked, (double)(parked + count));
    return STATUS_OK;
}

/* Kafka will not take this row: what it holds up from now on, and what stands behind it. */
static struct status park_for_good(struct relay_publisher *publisher, const struct relay_row *row,
                                   const struct status *failure, struct arena *arena)
{
    char name[RELAY_QUEUE_NAME_MAX + 1];
    const char *queue = failure->code == CODE_NOT_FOUND ? row->topic : name;

    relay_queue_name(row->topic, row->aggregate_id, name);
    if (!relay_queues_add(&publisher->queues, queue, clock_mono_us()))
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "%d queues of events are parked",
                            RELAY_QUEUES_MAX);
    log_error("event parked, Kafka does not take it", LOG_I64("seq", (int64_t)row->seq),
              LOG_STR("type", row->type), LOG_STR("queue", queue), LOG_STATUS(*failure));
    return park(publisher, row, &queue, 1, arena);
}

static struct status publish_one(struct relay_publisher *publisher, const struct relay_row *row,
                                 struct arena *arena)
{
    const char *queue = relay_queues_find(&publisher->queues, row->topic, row->aggregate_id);
    struct sending sending;
    struct mq_message message;

    if (queue)
        return park(publisher, row, &queue, 1, arena);
    to_message(publisher, row, arena, &sending, &message);
    const struct status st = insist(publisher, &message, 1);
    end_spans(&sending, 1, &st);
    return is_for_good(&st) ? park_for_good(publisher, row, &st, arena) : st;
}

/* Some of a batch cannot be sent: one by one it shows which. */
static struct status publish_singly(struct relay_publisher *publisher, const struct relay_row *rows,
                                    size_t count, struct arena *arena)
{
    for (size_t i = 0; i < count; i++)
        TRY(publish_one(publisher, &rows[i], arena));
    return STATUS_OK;
}

struct status relay_publish(struct relay_publisher *publisher, const struct relay_rows *rows,
                            struct arena *arena)
{
    struct relay_row *free_rows = arena_array_of(arena, struct relay_row, rows->count);
    struct relay_row *held_rows = arena_array_of(arena, struct relay_row, rows->count);
    const char **queues = arena_array_of(arena, const char *, rows->count);
    struct mq_message *messages = arena_array_of(arena, struct mq_message, rows->count);
    struct sending *sendings = arena_array_of(arena, struct sending, rows->count);
    size_t free_count = 0, held_count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        const struct relay_row *row = &rows->list[i];
        queues[held_count] = relay_queues_find(&publisher->queues, row->topic, row->aggregate_id);
        if (queues[held_count]) {
            held_rows[held_count++] = *row;
            continue;
        }
        free_rows[free_count++] = *row;
    }
    TRY(park(publisher, held_rows, queues, held_count, arena));
    if (!free_count)
        return STATUS_OK;
    for (size_t i = 0; i < free_count; i++)
        to_message(publisher, &free_rows[i], arena, &sendings[i], &messages[i]);
    const struct status st = insist(publisher, messages, free_count);
    end_spans(sendings, free_count, &st);
    return is_for_good(&st) ? publish_singly(publisher, free_rows, free_count, arena) : st;
}

struct status relay_publisher_load(struct relay_publisher *publisher, struct arena *arena)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(STEP_LIMIT_US);
    const char *names[RELAY_QUEUES_MAX];
    size_t count;
    uint64_t parked;

    publisher->queues.count = 0;
    TRY(relay_parked_names(publisher->db, RELAY_QUEUES_MAX, arena, names, &count));
    for (size_t i = 0; i < count; i++)
        BUG_ON(!relay_queues_add(&publisher->queues, names[i], clock_mono_us()));
    return count_parked(publisher, &parked);
}

/*
 * The topic is there again, but Kafka does not take this row: its aggregate goes on waiting in a
 * queue of its own, the others do not. The aggregate's queue is looked at first, so nothing
 * overtakes.
 */
static struct status hold_up_only_aggregate(struct relay_publisher *publisher,
                                            const struct relay_queue *queue,
                                            const struct relay_row *row,
                                            const struct status *failure)
{
    char name[RELAY_QUEUE_NAME_MAX + 1];

    relay_queue_name(row->topic, row->aggregate_id, name);
    if (failure->code != CODE_INVALID_ARGUMENT || strcmp(queue->name, row->topic) != 0 ||
        !relay_queues_add(&publisher->queues, name, clock_mono_us()))
        return *failure;
    return relay_parked_move(publisher->db, row->topic, row->aggregate_id, name);
}

/* OK: the queue is shorter, or gone when it was empty. */
static struct status send_first(struct relay_publisher *publisher, struct relay_queue *queue,
                                struct arena *arena)
{
    struct relay_row row;
    struct sending sending;
    struct mq_message message;

    TRY(relay_parked_first(publisher->db, queue->name, arena, &row));
    if (!row.seq) {
        relay_queues_remove(&publisher->queues, queue);
        return STATUS_OK;
    }
    to_message(publisher, &row, arena, &sending, &message);
    const struct status st = produce(publisher, &message, 1);
    end_spans(&sending, 1, &st);
    if (!status_ok(&st))
        return hold_up_only_aggregate(publisher, queue, &row, &st);
    metric_add(publisher->published, 1);
    TRY(relay_parked_remove(publisher->db, row.seq));
    log_info("parked event published", LOG_I64("seq", (int64_t)row.seq), LOG_STR("type", row.type));
    return STATUS_OK;
}

struct status relay_publish_parked(struct relay_publisher *publisher, struct arena *arena)
{
    struct relay_queue *queue;
    uint64_t parked;

    if (!relay_queues_due(&publisher->queues, clock_mono_us()))
        return STATUS_OK;
    for (size_t i = 0; i < SENT_AT_ONCE_MAX; i++) {
        queue = relay_queues_due(&publisher->queues, clock_mono_us());
        if (!queue)
            break;
        const struct status st = send_first(publisher, queue, arena);
        if (status_ok(&st))
            continue;
        relay_queue_postpone(queue, clock_mono_us(), random_u64());
        return is_for_good(&st) ? STATUS_OK : st;
    }
    return count_parked(publisher, &parked);
}
