#include "patterns/consumer.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "io/pb.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"

enum { EVENT_ARENA_MAX = 32 * 1024 * 1024, EVENT_LIMIT_US = 20 * 1000 * 1000 };

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

/* False when this consumer had the event before. */
static struct status claim(struct db_tx *tx, const char *name, const struct event *event,
                           bool *ret_new)
{
    const struct status st = db_exec(
        tx, "INSERT INTO inbox (consumer, ce_source, ce_id, at) VALUES (?, ?, ?, UTC_TIMESTAMP(6))",
        DB_ARGS(DB_TEXT(name), DB_TEXT(event->source), DB_TEXT(event->id)), NULL);

    *ret_new = status_ok(&st);
    return status_is(&st, "DUPLICATE_KEY") ? STATUS_OK : st;
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

enum outcome { PASSED_OVER, HANDLED, REPEATED };

static struct status react(const struct consumer *consumer, struct db_tx *tx,
                           const struct mq_message *message, struct arena *arena, enum outcome *ret)
{
    const struct event_route *route = find_route(consumer, mq_header(message, "ce_type"));
    struct event event;
    bool is_new;

    *ret = PASSED_OVER;
    if (!route)
        return STATUS_OK;
    TRY(read_event(message, route, arena, &event));
    TRY(claim(tx, consumer->config->name, &event, &is_new));
    if (is_new)
        TRY(route->handler(consumer->config->arg, tx, &event));
    *ret = is_new ? HANDLED : REPEATED;
    return STATUS_OK;
}

/* All of them, or none. */
static struct status react_to_all(const struct consumer *consumer,
                                  const struct mq_message *messages, size_t count,
                                  enum outcome *ret_outcomes)
{
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, consumer->config->db));
    for (size_t i = 0; i < count; i++) {
        TRY(react(consumer, &tx, &messages[i], arena, &ret_outcomes[i]));
        arena_reset(arena);
    }
    return db_tx_commit(&tx);
}

static void count_outcome(const struct consumer *consumer, const struct mq_message *message,
                          const char *outcome)
{
    metric_add(metric_series(consumer->outcomes, consumer->config->name,
                             mq_header(message, "ce_type"), outcome),
               1);
}

static struct status handle(const struct consumer *consumer, const struct mq_message *messages,
                            size_t count)
{
    static const char *const words[] = {[HANDLED] = "handled", [REPEATED] = "repeated"};
    enum outcome outcomes[MQ_BATCH_MAX];
    bool any_new = false;

    TRY(react_to_all(consumer, messages, count, outcomes));
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i] != PASSED_OVER)
            count_outcome(consumer, &messages[i], words[outcomes[i]]);
        any_new |= outcomes[i] == HANDLED;
    }
    if (any_new && consumer->config->after_commit)
        consumer->config->after_commit(consumer->config->arg);
    return STATUS_OK;
}

/* Of others' events there may be many, and they cost no transaction. */
static bool is_of_interest(const struct consumer *consumer, const struct mq_message *messages,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (find_route(consumer, mq_header(&messages[i], "ce_type")))
            return true;
    return false;
}

static struct status on_message(void *arg, const struct mq_message *message)
{
    const struct consumer *consumer = arg;

    if (!is_of_interest(consumer, message, 1))
        return STATUS_OK;
    const struct status st = handle(consumer, message, 1);
    if (!status_ok(&st)) {
        count_outcome(consumer, message, "failed");
        log_warn("event not handled, it comes again", LOG_STR("consumer", consumer->config->name),
                 LOG_STR("type", mq_header(message, "ce_type")), LOG_STR("topic", message->topic),
                 LOG_I64("partition", message->partition), LOG_I64("offset", message->offset),
                 LOG_STATUS(st));
    }
    return st;
}

static struct status on_batch(void *arg, const struct mq_message *messages, size_t count)
{
    const struct consumer *consumer = arg;

    return is_of_interest(consumer, messages, count) ? handle(consumer, messages, count)
                                                     : STATUS_OK;
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
        .batch_handler = config->shares_transactions ? on_batch : NULL,
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
