#include "io/mq_partition.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/mq_message.h"
#include "io/mq_stats.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "run/task.h"

enum {
    RETRY_FIRST_MS = 100,
    RETRY_MOST_MS = 10 * 1000,
    /* A quarter of what the queue holds (settings of mq_consumer). */
    FETCH_AGAIN_MESSAGES = 250,
    FETCH_AGAIN_BYTES = 128 * 1024,
};

static void find_metrics(struct mq_partition *partition)
{
    const char *group = partition->reader->group;
    const char *topic = partition->topic;
    struct metric_family *calls = metric_family(METRIC_COUNTER, "souk_mq_handled_total",
                                                "group,topic,result",
                                                "Calls of the handler of a message.");
    struct metric_family *pauses =
        metric_family(METRIC_COUNTER, "souk_mq_pauses_total", "group,topic",
                      "Times that a partition waited because a message could not be handled.");
    struct metric_family *seconds = metric_family(METRIC_HISTOGRAM,
                                                  "souk_mq_handler_duration_seconds", "group,topic",
                                                  "Time that the handler of a message took.");

    partition->handled = metric_series(calls, group, topic, "ok");
    partition->failed = metric_series(calls, group, topic, "failed");
    partition->pauses = metric_series(pauses, group, topic);
    partition->seconds = metric_series(seconds, group, topic);
}

struct mq_partition *mq_partition_new(struct mq_reader *reader, const char *topic, int32_t number)
{
    struct mq_partition *partition = mem_new(struct mq_partition);

    partition->reader = reader;
    partition->topic = mem_strdup(topic);
    partition->number = number;
    partition->name = mem_printf("mq %s %s/%d", reader->group, topic, (int)number);
    if (reader->batch_handler) {
        partition->batch = mem_calloc(MQ_BATCH_MAX, sizeof *partition->batch);
        partition->traces = mem_calloc(MQ_BATCH_MAX, sizeof *partition->traces);
    }
    partition->done_offset = RD_KAFKA_OFFSET_INVALID;
    partition->committed_offset = RD_KAFKA_OFFSET_INVALID;
    find_metrics(partition);
    mq_lanes_init(&partition->lanes, partition, reader->lanes);
    partition->queue = rd_kafka_queue_get_partition(reader->rk, topic, number);
    rd_kafka_queue_forward(partition->queue, NULL); /* no longer into the consumer's queue */
    mq_queue_ring(partition->queue, reader->wakeup);
    return partition;
}

void mq_partition_free(struct mq_partition *partition)
{
    BUG_ON(partition->task);
    mq_queue_ring(partition->queue, NULL);
    rd_kafka_queue_destroy(partition->queue);
    mq_stats_forget(partition->reader->group, partition->topic, partition->number);
    mq_lanes_release(&partition->lanes);
    mem_free(partition->batch);
    mem_free(partition->traces);
    mem_free(partition->name);
    mem_free(partition->topic);
    mem_free(partition);
}

/* The trace that the message came in goes on. */
static void enter_trace(const struct mq_partition *partition, const struct mq_message *message,
                        struct trace_context *trace, struct span *span)
{
    *trace = (struct trace_context){0};
    trace_enter(trace, mq_header(message, "traceparent"));
    span_enter(span, trace, SPAN_CONSUMER, message->topic);
    if (!span_is_recorded(span))
        return;
    span_text(span, "messaging.system", "kafka");
    span_text(span, "messaging.consumer.group.name", partition->reader->group);
    span_number(span, "messaging.destination.partition.id", message->partition);
    span_number(span, "messaging.kafka.offset", message->offset);
    const char *type = mq_header(message, "ce_type");
    if (type)
        span_text(span, "cloudevents.event_type", type);
}

static struct status handle_once(struct mq_partition *partition, bool *is_handled,
                                 const struct mq_message *message)
{
    const struct mq_reader *reader = partition->reader;
    const int64_t start_us = clock_mono_us();
    AUTO(span_end) struct span span;

    enter_trace(partition, message, trace_current(), &span);
    *is_handled = true;
    const struct status st = reader->handler(reader->handler_arg, message);
    *is_handled = false;
    span_status(&span, &st);
    metric_observe(partition->seconds, (double)(clock_mono_us() - start_us) / CLOCK_US_PER_S);
    return st;
}

/* Waits after a failure. False: there is no next try. */
static bool pause_after(struct mq_partition *partition, const struct mq_message *message,
                        struct backoff *backoff, const struct status *failure)
{
    const int64_t wait_us = backoff_next_us(backoff, random_u64());

    metric_add(partition->failed, 1);
    metric_add(partition->pauses, 1);
    log_warn("message not handled, the partition waits", LOG_STR("group", partition->reader->group),
             LOG_STR("topic", message->topic), LOG_I64("partition", message->partition),
             LOG_I64("offset", message->offset), LOG_I64("wait_ms", wait_us / CLOCK_US_PER_MS),
             LOG_STATUS(*failure));
    const struct status st = task_sleep_us(wait_us);
    return status_ok(&st);
}

bool mq_partition_handle(struct mq_partition *partition, bool *is_handled,
                         const struct mq_message *message)
{
    struct backoff backoff =
        backoff_between(RETRY_FIRST_MS * CLOCK_US_PER_MS, RETRY_MOST_MS * CLOCK_US_PER_MS);

    for (;;) {
        const struct status st = handle_once(partition, is_handled, message);
        if (status_ok(&st))
            break;
        if (partition->is_stopped || !pause_after(partition, message, &backoff, &st))
            return false;
    }
    metric_add(partition->handled, 1);
    return true;
}

void mq_partition_done(struct mq_partition *partition, int64_t offset)
{
    partition->done_offset = offset;
    partition->reader->on_progress(partition->reader->arg);
}

/* The queue is emptier now: it may be time to fetch. */
static void note_taken(struct mq_partition *partition, const rd_kafka_message_t *message)
{
    partition->taken_messages++;
    partition->taken_bytes += message->len;
    if (partition->taken_messages < FETCH_AGAIN_MESSAGES &&
        partition->taken_bytes < FETCH_AGAIN_BYTES)
        return;
    partition->taken_messages = 0;
    partition->taken_bytes = 0;
    mq_client_fetch_again(partition->reader->rk);
}

static bool is_readable(const struct mq_partition *partition, const rd_kafka_message_t *from)
{
    if (!from->err)
        return true;
    log_warn("partition cannot be read", LOG_STR("group", partition->reader->group),
             LOG_STR("topic", partition->topic), LOG_I64("partition", partition->number),
             LOG_STR("detail", rd_kafka_message_errstr(from)));
    return false;
}

/* True: the lane of its key has it now. */
static bool take(struct mq_partition *partition, rd_kafka_message_t *from)
{
    struct mq_message message;

    if (!is_readable(partition, from))
        return false;
    mq_presence_seen(&partition->reader->presence);
    if (partition->lanes.count) {
        mq_lanes_give(&partition->lanes, from);
        return true;
    }
    mq_message_read(from, &message);
    if (mq_partition_handle(partition, &partition->is_handled, &message))
        mq_partition_done(partition, message.offset + 1);
    return false;
}

/* Each message has its own trace; what is done for all of them shows in the first that has one. */
static void enter_traces(struct mq_partition *partition, const struct mq_message *messages,
                         size_t count)
{
    *trace_current() = (struct trace_context){0};
    for (size_t i = 0; i < count; i++) {
        struct message_trace *trace = &partition->traces[i];
        enter_trace(partition, &messages[i], &trace->context, &trace->span);
        if (span_is_recorded(&trace->span) && !trace_current()->sampled)
            *trace_current() = trace->context;
    }
}

static void end_traces(struct mq_partition *partition, size_t count, const struct status *st)
{
    for (size_t i = 0; i < count; i++) {
        span_status(&partition->traces[i].span, st);
        span_end(&partition->traces[i].span);
    }
}

/* True: every one was handled. */
static bool handle_together(struct mq_partition *partition, const struct mq_message *messages,
                            size_t count)
{
    const struct mq_reader *reader = partition->reader;
    const int64_t start_us = clock_mono_us();

    enter_traces(partition, messages, count);
    partition->is_handled = true;
    const struct status st = reader->batch_handler(reader->handler_arg, messages, count);
    partition->is_handled = false;
    end_traces(partition, count, &st);
    metric_observe(partition->seconds, (double)(clock_mono_us() - start_us) / CLOCK_US_PER_S);
    if (!status_ok(&st)) {
        metric_add(partition->failed, 1);
        return false;
    }
    metric_add(partition->handled, (double)count);
    mq_partition_done(partition, messages[count - 1].offset + 1);
    return true;
}

static bool take_together(struct mq_partition *partition, rd_kafka_message_t *const *from,
                          size_t count)
{
    if (!partition->reader->batch_handler || count < 2)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (from[i]->err)
            return false;
        mq_message_read(from[i], &partition->batch[i]);
    }
    mq_presence_seen(&partition->reader->presence);
    return handle_together(partition, partition->batch, count);
}

static void take_singly(struct mq_partition *partition, rd_kafka_message_t **from, size_t count)
{
    for (size_t i = 0; i < count && !partition->is_stopped; i++)
        if (take(partition, from[i]))
            from[i] = NULL;
}

static void wait_for_messages(struct mq_partition *partition)
{
    partition->is_idle = true;
    while (partition->is_idle && !partition->is_stopped)
        status_ignore(task_park("kafka messages"), "only mq_partition_stop cancels here");
    partition->is_idle = false;
}

static void run(void *arg)
{
    struct mq_partition *partition = arg;
    rd_kafka_message_t *batch[MQ_BATCH_MAX];

    while (!partition->is_stopped) {
        const ssize_t count =
            rd_kafka_consume_batch_queue(partition->queue, 0, batch, MQ_BATCH_MAX);
        for (ssize_t i = 0; i < count; i++)
            note_taken(partition, batch[i]);
        if (count > 0 && !take_together(partition, batch, (size_t)count))
            take_singly(partition, batch, (size_t)count);
        for (ssize_t i = 0; i < count; i++)
            if (batch[i])
                rd_kafka_message_destroy(batch[i]);
        if (count <= 0)
            wait_for_messages(partition);
        else
            status_ignore(task_yield(), "stopping is seen at the top");
    }
    partition->is_over = true;
    partition->reader->on_progress(partition->reader->arg);
}

void mq_partition_ring(struct mq_partition *partition)
{
    if (!partition->task && !partition->is_stopped) {
        partition->task = task_spawn(partition->name, run, partition);
        return;
    }
    if (partition->is_idle) {
        partition->is_idle = false;
        task_wake(partition->task);
    }
}

void mq_partition_stop(struct mq_partition *partition)
{
    partition->is_stopped = true;
    if (!partition->task)
        partition->is_over = true;
    else if (!partition->is_handled)
        task_cancel(partition->task);
    mq_lanes_stop(&partition->lanes);
}

bool mq_partition_is_over(const struct mq_partition *partition)
{
    return partition->is_over && mq_lanes_are_over(&partition->lanes);
}

void mq_partition_cancel(struct mq_partition *partition)
{
    task_cancel(partition->task);
    mq_lanes_cancel(&partition->lanes);
}

void mq_partition_end(struct mq_partition *partition)
{
    task_stop(partition->task); /* first: it starts tasks of lanes */
    partition->task = NULL;
    mq_lanes_end(&partition->lanes);
}
