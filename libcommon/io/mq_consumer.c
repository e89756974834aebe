#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/mq.h"
#include "io/mq_client.h"
#include "io/mq_offsets.h"
#include "io/mq_partition.h"
#include "io/mq_stats.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/task.h"

enum {
    COMMIT_EVERY_MS = 1000,
    LEAVE_WAIT_MS = 3000,
    JOIN_WAIT_MS = 300,
    STOP_MOST_S = 120,
    POLL_EVERY_S = 60, /* the group drops a member that did not poll for max.poll.interval.ms */
};

struct mq_consumer {
    struct mq_reader reader;
    struct mq_offsets offsets;
    struct mq_burials burials;
    rd_kafka_queue_t *events;
    struct loop_timer *tick;
    bool ticks_soon;
    char *name; /* of the driver */
    struct task *driver;
    struct mq_partition *partitions;
    bool is_joined;
    bool is_giving_up;
    bool is_leaving;
    int64_t stop_us; /* when handlers are cancelled; TASK_NO_DEADLINE: nobody wants to stop */
};

/*
 * Assignor: range. Its rebalance is eager, so between two generations nothing is in hand and the
 * committed offsets are the whole truth, and closing leaves the group at once. cooperative-sticky
 * of librdkafka 2.0.2 sends no LeaveGroup on close, crashes where a member without an assignment
 * gets one (its issue 4312) and can loop for ever while it assigns (4783).
 *
 * What is fetched at once (fetch.*) and what waits for a partition's handler (queued.*) bounds the
 * memory when handlers are slow.
 */
static const struct mq_setting settings[] = {
    {"partition.assignment.strategy", "range"},
    {"auto.offset.reset", "earliest"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "1000"},
    {"max.poll.interval.ms", "300000"},
    {"queued.min.messages", "1000"},
    {"queued.max.messages.kbytes", "512"},
    {"fetch.message.max.bytes", "131072"},
    {"fetch.max.bytes", "1048576"},
    {"fetch.wait.max.ms", "500"},
};

/* Ticks: commit, and show librdkafka that we are alive. */

static void tick_soon(struct mq_consumer *consumer)
{
    if (consumer->ticks_soon)
        return;
    consumer->ticks_soon = true;
    loop_timer_start(consumer->tick, COMMIT_EVERY_MS * CLOCK_US_PER_MS);
}

static void on_tick(void *arg)
{
    struct mq_consumer *consumer = arg;

    consumer->ticks_soon = false;
    mq_offsets_commit(&consumer->offsets, consumer->partitions);
    if (consumer->offsets.is_committing)
        tick_soon(consumer);
    else
        loop_timer_start(consumer->tick, POLL_EVERY_S * CLOCK_US_PER_S);
    loop_wakeup_ring(consumer->reader.wakeup);
}

static void on_progress(void *arg)
{
    struct mq_consumer *consumer = arg;

    tick_soon(consumer);
    if (consumer->is_giving_up)
        task_wake(consumer->driver);
}

static void on_ring(void *arg)
{
    struct mq_consumer *consumer = arg;

    if (!mq_offsets_take_answers(&consumer->offsets, consumer->partitions))
        tick_soon(consumer); /* and try again */
    for (struct mq_partition *p = consumer->partitions; p; p = p->next)
        mq_partition_ring(p);
    if (consumer->driver)
        task_wake(consumer->driver);
}

/* Partitions come and go. */

static void take_over(struct mq_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct mq_partition *partition =
            mq_partition_new(&consumer->reader, list->elems[i].topic, list->elems[i].partition);
        partition->next = consumer->partitions;
        consumer->partitions = partition;
        mq_partition_ring(partition);
    }
    consumer->is_joined = true;
    mq_presence_seen(&consumer->reader.presence);
}

static bool any_at_work(const struct mq_consumer *consumer)
{
    const struct mq_partition *partition = consumer->partitions;

    while (partition && mq_partition_is_over(partition))
        partition = partition->next;
    return partition;
}

/* Until all tasks have ended, or the handlers' time is over. */
static void await_handlers(const struct mq_consumer *consumer)
{
    const int64_t grace_us = clock_mono_us() + MQ_HANDLER_GRACE_MS * CLOCK_US_PER_MS;

    while (any_at_work(consumer)) {
        const int64_t until_us = consumer->stop_us < grace_us ? consumer->stop_us : grace_us;
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(until_us);
        const struct status st = task_park("handlers");
        if (!status_ok(&st))
            return;
    }
}

static void stop_tasks(struct mq_consumer *consumer, bool is_lost)
{
    for (struct mq_partition *p = consumer->partitions; p; p = p->next)
        mq_partition_stop(p);
    if (!is_lost)
        await_handlers(consumer);
    for (struct mq_partition *p = consumer->partitions; p; p = p->next)
        mq_partition_cancel(p);
    for (struct mq_partition *p = consumer->partitions; p; p = p->next)
        mq_partition_end(p);
}

/* Partitions that were lost have another owner by now, whose offsets count. */
static void give_up(struct mq_consumer *consumer)
{
    const bool is_lost = rd_kafka_assignment_lost(consumer->reader.rk);

    consumer->is_joined = false;
    consumer->is_giving_up = true;
    stop_tasks(consumer, is_lost);
    consumer->is_giving_up = false;
    if (!is_lost)
        mq_offsets_commit_all(&consumer->offsets, consumer->partitions);
    while (consumer->partitions) {
        struct mq_partition *partition = consumer->partitions;
        consumer->partitions = partition->next;
        mq_partition_free(partition);
    }
}

/*
 * The group has to give us something else: without an answer to it the consumer would sit idle. No
 * partitions are the answer that ends this rebalance, new topics begin the next one.
 */
static void rejoin(const struct mq_consumer *consumer)
{
    rd_kafka_t *rk = consumer->reader.rk;
    rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(0);
    rd_kafka_topic_partition_list_t *topics = NULL;
    rd_kafka_resp_err_t error = rd_kafka_subscription(rk, &topics);

    if (!error)
        error = rd_kafka_assign(rk, nothing);
    if (!error)
        error = rd_kafka_unsubscribe(rk);
    if (!error)
        error = rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(nothing);
    if (topics)
        rd_kafka_topic_partition_list_destroy(topics);
    if (error)
        BUG("group %s can neither take partitions nor join again: %s", consumer->reader.group,
            rd_kafka_err2str(error));
}

/* NULL: none. */
static void assign(struct mq_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    const rd_kafka_resp_err_t error = rd_kafka_assign(consumer->reader.rk, list);

    if (!error)
        return;
    log_error("partitions not taken", LOG_STR("group", consumer->reader.group),
              LOG_I64("count", list ? list->cnt : 0), LOG_STR("detail", rd_kafka_err2str(error)));
    give_up(consumer);
    if (!consumer->is_leaving)
        rejoin(consumer);
}

static void take_rebalance(struct mq_consumer *consumer, rd_kafka_event_t *event)
{
    const bool is_assign = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);

    log_info(is_assign ? "partitions assigned" : "partitions revoked",
             LOG_STR("group", consumer->reader.group), LOG_I64("count", list->cnt));
    give_up(consumer);
    if (is_assign && !consumer->is_leaving)
        take_over(consumer, list);
    else
        list = NULL;
    assign(consumer, list);
}

/* The driver: a task for what may wait. */

static void take_events(struct mq_consumer *consumer)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(consumer->events, 0))) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE: take_rebalance(consumer, event); break;
        case RD_KAFKA_EVENT_ERROR: mq_presence_error(&consumer->reader.presence, event); break;
        case RD_KAFKA_EVENT_STATS: mq_stats_take(consumer->reader.group, event); break;
        default: break;
        }
        rd_kafka_event_destroy(event);
    }
}

/* In the middle of a rebalance: its end may be near. */
static void await_join(struct mq_consumer *consumer)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(JOIN_WAIT_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;

    for (take_events(consumer); status_ok(&st) && !consumer->is_joined; take_events(consumer))
        st = task_park("kafka group");
}

/*
 * Closing asks once more to give everything up, which is answered as ever. Whom a commit did not
 * reach, a farewell does not either. Who has asked to join and has no answer has nothing to hand
 * over, and its farewell would stand behind that question on the same connection: for five seconds,
 * while the group waits for the session of a dead member.
 */
static void leave(struct mq_consumer *consumer)
{
    await_join(consumer);
    const bool was_joined = consumer->is_joined;

    consumer->is_leaving = true;
    give_up(consumer);
    if (!was_joined || consumer->offsets.is_committing)
        return;
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->reader.rk, consumer->events);
    if (error) { /* a fatal error came before: there is nothing to leave */
        rd_kafka_error_destroy(error);
        return;
    }

    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(LEAVE_WAIT_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;
    for (take_events(consumer); status_ok(&st) && !rd_kafka_consumer_closed(consumer->reader.rk);
         take_events(consumer))
        st = task_park("kafka group");
    if (!status_ok(&st))
        log_warn("left the group without a farewell", LOG_STR("group", consumer->reader.group));
}

static void drive(void *arg)
{
    struct mq_consumer *consumer = arg;

    while (consumer->stop_us == TASK_NO_DEADLINE) {
        take_events(consumer);
        if (consumer->stop_us == TASK_NO_DEADLINE)
            status_ignore(task_park("kafka events"), "nobody cancels the driver");
    }
    leave(consumer);
}

/* Life. */

static struct status subscribe(rd_kafka_t *rk, const struct mq_subscription *subscription)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(MQ_TOPICS_MAX);

    for (size_t i = 0; i < subscription->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, subscription->topics[i], RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG", "kafka group %s: %s",
                            subscription->group, rd_kafka_err2str(error));
    return STATUS_OK;
}

static struct status instance_start(struct mq_consumer *consumer, const struct mq_config *config,
                                    const struct mq_subscription *subscription)
{
    struct mq_setting all[ARRAY_LEN(settings) + 1];

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        all[i] = settings[i];
    all[ARRAY_LEN(settings)] = (struct mq_setting){"group.id", subscription->group};
    TRY(mq_client_new(RD_KAFKA_CONSUMER, config, all, ARRAY_LEN(all), RD_KAFKA_EVENT_REBALANCE,
                      &consumer->reader.rk));
    rd_kafka_poll_set_consumer(consumer->reader.rk); /* errors come with the other events */
    consumer->events = rd_kafka_queue_get_consumer(consumer->reader.rk);
    mq_queue_ring(consumer->events, consumer->reader.wakeup);
    mq_offsets_init(&consumer->offsets, &consumer->reader);
    return subscribe(consumer->reader.rk, subscription);
}

static void instance_end(struct mq_consumer *consumer)
{
    if (!consumer->reader.rk)
        return;
    mq_offsets_release(&consumer->offsets);
    mq_queue_ring(consumer->events, NULL);
    rd_kafka_queue_destroy(consumer->events);
    mq_bury(&consumer->burials, consumer->reader.rk, consumer->reader.wakeup);
}

static void consumer_free(struct mq_consumer *consumer)
{
    mq_burials_end(&consumer->burials);
    loop_timer_free(consumer->tick);
    loop_wakeup_free(consumer->reader.wakeup);
    mem_free(consumer->name);
    mem_free(consumer);
}

static struct status consumer_start(struct mq_consumer *consumer, const struct mq_config *config,
                                    const struct mq_subscription *subscription)
{
    TRY(instance_start(consumer, config, subscription));
    consumer->name = mem_printf("mq %s", subscription->group);
    consumer->driver = task_spawn(consumer->name, drive, consumer);
    if (!consumer->driver)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no task for a kafka consumer");
    on_tick(consumer);
    return STATUS_OK;
}

struct status mq_consumer_new(struct loop *loop, const struct mq_config *config,
                              const struct mq_subscription *subscription, struct mq_consumer **ret)
{
    struct mq_consumer *consumer = mem_new(struct mq_consumer);

    consumer->stop_us = TASK_NO_DEADLINE;
    consumer->reader = (struct mq_reader){
        .presence.client = subscription->group,
        .group = subscription->group,
        .handler = subscription->handler,
        .batch_handler = subscription->batch_handler,
        .lanes = subscription->lanes > 1 && !subscription->batch_handler ? subscription->lanes : 0,
        .handler_arg = subscription->arg,
        .on_progress = on_progress,
        .arg = consumer,
    };
    consumer->tick = loop_timer_new(loop, on_tick, consumer);
    struct status st = loop_wakeup_new(loop, on_ring, consumer, &consumer->reader.wakeup);
    if (status_ok(&st))
        st = consumer_start(consumer, config, subscription);
    if (!status_ok(&st)) {
        instance_end(consumer);
        consumer_free(consumer);
        return st;
    }
    *ret = consumer;
    return STATUS_OK;
}

void mq_consumer_stop(struct mq_consumer *consumer)
{
    if (!consumer)
        return;
    consumer->stop_us = task_deadline_us();
    if (consumer->stop_us == TASK_NO_DEADLINE)
        consumer->stop_us--;
    AUTO(task_shield_end)
    struct task_shield shield = task_shield_in_us(STOP_MOST_S * CLOCK_US_PER_S);

    task_wake(consumer->driver);
    const struct status st = task_join(consumer->driver);
    if (!status_ok(&st))
        BUG("a handler of %s does not end", consumer->reader.group);
    loop_timer_stop(consumer->tick);
    instance_end(consumer);
    consumer->driver = task_self(); /* for whom it rings now */
    const bool is_over = mq_burials_await(&consumer->burials);
    consumer->driver = NULL; /* who rings later finds nobody */
    if (!is_over) {
        log_error("kafka client does not end", LOG_STR("group", consumer->reader.group));
        mem_abandon(consumer); /* its thread still rings */
        return;
    }
    consumer_free(consumer);
}

bool mq_consumer_is_joined(const struct mq_consumer *consumer)
{
    return consumer->is_joined;
}
