#include "patterns/consumer.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "io/pb.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/inbox.h"
#include "run/task.h"

enum {
    EVENT_ARENA_MAX = 32 * 1024 * 1024,
    BATCH_ARENA_MAX = 4 * EVENT_ARENA_MAX,
    EVENT_LIMIT_US = 20 * 1000 * 1000,
};

struct consumer {
    const struct consumer_config *config;
    struct mq_consumer *mq;
    struct metric_family *outcomes;
};

static const struct event_route *find_route(const struct consumer *consumer, const char *type)
{
    for (size_t i = 0; type && i < consumer->config->route_count; i++)
        if (strcmp(consumer->config->routes[i].type->type, type) == 0)
            return &consumer->config->routes[i];
    return NULL;
}

static struct status read_event(const struct mq_message *message, const struct event_route *route,
                                struct arena *arena, struct event *ret)
{
    *ret = (struct event){
        .type = route->type,
        .message = pb_unpack(route->type->message, message->value, message->value_size, arena),
        .id = mq_header(message, "ce_id"),
        .source = mq_header(message, "ce_source"),
        .arena = arena,
    };
    if (!ret->message)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "the value is no %s",
                            route->type->message->name);
    if (!ret->id || !ret->source)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "ce_id or ce_source is missing");
    return STATUS_OK;
}

static void count_outcome(const struct consumer *consumer, const struct mq_message *message,
                          const char *outcome)
{
    metric_add(metric_series(consumer->outcomes, consumer->config->name,
                             mq_header(message, "ce_type"), outcome),
               1);
}

static void tell_commit(const struct consumer *consumer)
{
    if (consumer->config->after_commit)
        consumer->config->after_commit(consumer->config->arg);
}

/* One event in a transaction of its own. */

static struct status react(const struct consumer *consumer, const struct event_route *route,
                           const struct event *event, bool *ret_new)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, consumer->config->db));
    TRY(inbox_claim(&tx, consumer->config->name, event, ret_new));
    if (*ret_new)
        TRY(route->handler(consumer->config->arg, &tx, event));
    return db_tx_commit(&tx);
}

static struct status handle_one(const struct consumer *consumer, const struct event_route *route,
                                const struct mq_message *message)
{
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    struct event event;
    bool is_new;

    TRY(read_event(message, route, arena, &event));
    TRY(react(consumer, route, &event, &is_new));
    count_outcome(consumer, message, is_new ? "handled" : "repeated");
    if (is_new)
        tell_commit(consumer);
    return STATUS_OK;
}

/* Several in one transaction. */

struct batch {
    struct arena *arena;
    struct event events[MQ_BATCH_MAX];
    const struct mq_message *messages[MQ_BATCH_MAX]; /* that they came in */
    bool is_new[MQ_BATCH_MAX];
    size_t count;
};

/* A batch that is too odd is taken apart: its events have the arena to themselves then. */
static struct status read_batch(const struct consumer *consumer, const struct mq_message *messages,
                                size_t count, struct batch *batch)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_route *route = find_route(consumer, mq_header(&messages[i], "ce_type"));
        struct event *event = &batch->events[batch->count];
        if (!route)
            continue;
        if (arena_left(batch->arena) < EVENT_ARENA_MAX)
            return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "too large a batch");
        TRY(read_event(&messages[i], route, batch->arena, event));
        if (strcmp(event->source, batch->events[0].source) != 0)
            return status_error(CODE_INTERNAL, "INTERNAL", "two sources in a batch");
        batch->messages[batch->count++] = &messages[i];
    }
    return STATUS_OK;
}

static struct status react_to_all(const struct consumer *consumer, struct batch *batch,
                                  size_t *ret_new)
{
    const struct consumer_config *config = consumer->config;
    struct event *fresh = arena_array_of(batch->arena, struct event, batch->count);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, config->db));
    TRY(inbox_claim_many(&tx, config->name, batch->events, batch->count, batch->arena,
                         batch->is_new));
    *ret_new = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->is_new[i])
            fresh[(*ret_new)++] = batch->events[i];
    if (*ret_new)
        TRY(config->batch_handler(config->arg, &tx, fresh, *ret_new));
    return db_tx_commit(&tx);
}

static struct status handle_all(const struct consumer *consumer, const struct mq_message *messages,
                                size_t count)
{
    AUTO(arena_freep) struct arena *arena = arena_new(BATCH_ARENA_MAX);
    struct batch *batch = arena_new_of(arena, struct batch);
    size_t new_count;

    batch->arena = arena;
    TRY(read_batch(consumer, messages, count, batch));
    if (!batch->count)
        return STATUS_OK;
    TRY(react_to_all(consumer, batch, &new_count));
    for (size_t i = 0; i < batch->count; i++)
        count_outcome(consumer, batch->messages[i], batch->is_new[i] ? "handled" : "repeated");
    if (new_count)
        tell_commit(consumer);
    return STATUS_OK;
}

static struct status on_batch(void *arg, const struct mq_message *messages, size_t count)
{
    return handle_all(arg, messages, count);
}

static struct status on_message(void *arg, const struct mq_message *message)
{
    const struct consumer *consumer = arg;
    const struct event_route *route = find_route(consumer, mq_header(message, "ce_type"));

    if (!route)
        return STATUS_OK;
    const struct status st = consumer->config->batch_handler ? handle_all(consumer, message, 1)
                                                             : handle_one(consumer, route, message);
    if (!status_ok(&st)) {
        count_outcome(consumer, message, "failed");
        log_warn("event not handled, it comes again", LOG_STR("consumer", consumer->config->name),
                 LOG_STR("type", route->type->type), LOG_STR("topic", message->topic),
                 LOG_I64("partition", message->partition), LOG_I64("offset", message->offset),
                 LOG_STATUS(st));
    }
    return st;
}

static void add_topic(struct mq_subscription *subscription, const char *topic)
{
    for (size_t i = 0; i < subscription->topic_count; i++)
        if (strcmp(subscription->topics[i], topic) == 0)
            return;
    BUG_ON(subscription->topic_count == MQ_TOPICS_MAX);
    subscription->topics[subscription->topic_count++] = topic;
}

struct status consumer_start(struct loop *loop, const struct mq_config *mq,
                             const struct consumer_config *config, struct consumer **ret)
{
    struct consumer *consumer = mem_new(struct consumer);
    struct mq_subscription subscription = {
        .group = config->name,
        .handler = on_message,
        .batch_handler = config->batch_handler ? on_batch : NULL,
        .arg = consumer,
    };

    consumer->config = config;
    consumer->outcomes = metric_family(METRIC_COUNTER, "souk_consumer_events_total",
                                       "consumer,type,outcome", "Events by what became of them");
    for (size_t i = 0; i < config->route_count; i++)
        add_topic(&subscription, config->routes[i].type->topic);
    const struct status st = mq_consumer_new(loop, mq, &subscription, &consumer->mq);
    if (!status_ok(&st)) {
        mem_free(consumer);
        return st;
    }
    *ret = consumer;
    return STATUS_OK;
}

void consumer_stop(struct consumer *consumer)
{
    if (!consumer)
        return;
    mq_consumer_stop(consumer->mq);
    mem_free(consumer);
}

bool consumer_is_joined(const struct consumer *consumer)
{
    return mq_consumer_is_joined(consumer->mq);
}
