#include "patterns/consumer.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/consumer_internal.h"
#include "patterns/dead_letter.h"
#include "patterns/parked_runner.h"
#include "patterns/parking.h"
#include "patterns/retry.h"
#include "run/task.h"

enum {
    TRIES_AT_ONCE = 3,
    PARK_LIMIT_US = 5 * 1000 * 1000,
    PARK_ARENA_MAX = 4 * 1024 * 1024,
    LANES = 4,        /* keys of a partition that are handled side by side */
    HANDLERS_MAX = 8, /* of all partitions */
};

void consumer_count(const struct consumer *consumer, const struct mq_message *message,
                    const char *outcome)
{
    metric_add(metric_series(consumer->outcomes, consumer->config->name,
                             mq_header(message, "ce_type"), outcome),
               1);
}

/* The row is committed before the offset: an event is handled, parked, or comes again. */
static struct status park_row(const struct consumer *consumer, const struct mq_message *message,
                              const struct status *failure, int64_t wait_us)
{
    AUTO(arena_freep) struct arena *arena = arena_new(PARK_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(PARK_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t first = 0;

    TRY(db_tx_begin(&tx, consumer->config->db));
    if (!consumer_is_projection(consumer))
        TRY(parked_lock_key(&tx, consumer->config->name, message, &first));
    TRY(parked_add(&tx, consumer->config->name, message, first ? 0 : wait_us, failure, arena));
    return db_tx_commit(&tx);
}

/* Where it cannot be parked the partition waits. */
static struct status park(const struct consumer *consumer, const struct mq_message *message,
                          const struct status *failure)
{
    const struct parking_verdict verdict = parking_judge(failure, 1, 0, random_u64());
    const int64_t wait_us = verdict.dead_cause ? 1 : verdict.wait_us;
    const struct status st = park_row(consumer, message, failure, wait_us);

    consumer_count(consumer, message, status_ok(&st) ? "parked" : "failed");
    if (!status_ok(&st)) {
        log_warn("event neither handled nor parked, it comes again",
                 LOG_STR("consumer", consumer->config->name), LOG_STR("topic", message->topic),
                 LOG_I64("partition", message->partition), LOG_I64("offset", message->offset),
                 LOG_STATUS(*failure));
        return st;
    }
    log_warn("event parked", LOG_STR("consumer", consumer->config->name),
             LOG_STR("type", mq_header(message, "ce_type")), LOG_STR("topic", message->topic),
             LOG_I64("partition", message->partition), LOG_I64("offset", message->offset),
             LOG_I64("wait_ms", wait_us / 1000), LOG_STATUS(*failure));
    parked_runner_nudge(consumer->runner);
    return STATUS_OK;
}

static struct status react(const struct consumer *consumer, const struct event_route *route,
                           const struct mq_message *message)
{
    switch (dead_letter_order(message, consumer->config->name)) {
    case DEAD_LETTER_REDRIVE: return consumer_redrive(consumer, route, message);
    case DEAD_LETTER_DISCARD: return consumer_discard(consumer, message);
    default: return consumer_react(consumer, route, message);
    }
}

static struct status handle(const struct consumer *consumer, const struct event_route *route,
                            const struct mq_message *message)
{
    struct retry retry = retry_times(TRIES_AT_ONCE);
    struct status st;

    do
        st = react(consumer, route, message);
    while (st.code != CODE_DEADLINE_EXCEEDED && retry_again(&retry, &st));
    if (status_ok(&st) || task_check().code == CODE_CANCELLED)
        return st;
    return park(consumer, message, &st);
}

static struct status on_message(void *arg, const struct mq_message *message)
{
    struct consumer *consumer = arg;
    const struct event_route *route = consumer_route(consumer, message);

    if (!route)
        return STATUS_OK;
    TRY(semaphore_acquire(&consumer->handlers, "other events' handlers"));
    const struct status st = handle(consumer, route, message);
    semaphore_release(&consumer->handlers);
    return st;
}

static struct status on_batch(void *arg, const struct mq_message *messages, size_t count)
{
    return consumer_react_to_all(arg, messages, count);
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
        .lanes = LANES,
        .arg = consumer,
    };

    consumer->config = config;
    semaphore_init(&consumer->handlers, HANDLERS_MAX);
    consumer->outcomes = metric_family(METRIC_COUNTER, "souk_consumer_events_total",
                                       "consumer,type,outcome", "Events by what became of them");
    consumer->runner = parked_runner_start(loop, mq, consumer);
    for (size_t i = 0; i < config->route_count; i++)
        add_topic(&subscription, config->routes[i].type->topic);
    const struct status st = mq_consumer_new(loop, mq, &subscription, &consumer->mq);
    if (!status_ok(&st)) {
        consumer_stop(consumer);
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
    parked_runner_stop(consumer->runner);
    mem_free(consumer);
}

bool consumer_is_joined(const struct consumer *consumer)
{
    return mq_consumer_is_joined(consumer->mq);
}
