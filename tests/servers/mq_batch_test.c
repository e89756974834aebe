/* Messages that are handled several at once. */

#include "tests/servers/mq_kit.h"

enum { KEYS = 16 };

/* A handler that may refuse one number. */
struct taker {
    struct kit_seen *seen;
    int together; /* messages that came in batches */
    int batches;
    int alone;
    int bad; /* the number that no batch may have; -1: none */
    int bad_tries;
    int bad_tries_left;
    int64_t work_us;
};

static struct status refusal(int number)
{
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "not %d", number);
}

static struct status take_all(void *arg, const struct mq_message *messages, size_t count)
{
    struct taker *taker = arg;

    for (size_t i = 0; i < count; i++)
        if (kit_number(&messages[i]) == taker->bad)
            return refusal(taker->bad);
    TRY(task_sleep_us(taker->work_us));
    for (size_t i = 0; i < count; i++)
        kit_see(taker->seen, kit_number(&messages[i]), KEYS);
    taker->together += (int)count;
    taker->batches++;
    return STATUS_OK;
}

static struct status take_one(void *arg, const struct mq_message *message)
{
    struct taker *taker = arg;

    if (kit_number(message) == taker->bad) {
        taker->bad_tries++;
        if (taker->bad_tries_left-- > 0)
            return refusal(taker->bad);
    }
    kit_see(taker->seen, kit_number(message), KEYS);
    taker->alone++;
    return STATUS_OK;
}

static struct mq_consumer *consumer_of(struct loop *loop, const char *group, const char *topic,
                                       struct taker *taker)
{
    const struct mq_config config = kit_config();
    const struct mq_subscription subscription = {
        .group = group,
        .topics = {topic},
        .topic_count = 1,
        .handler = take_one,
        .batch_handler = take_all,
        .arg = taker,
    };
    struct mq_consumer *consumer = NULL;

    assert_ok(mq_consumer_new(loop, &config, &subscription, &consumer));
    return consumer;
}

static void hands_over_what_has_gathered(struct loop *loop)
{
    const char *topic = kit_topic("gathered", 4);
    const char *group = kit_name("group");
    struct taker taker = {.seen = mem_new(struct kit_seen), .bad = -1};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 5000, KEYS));
    struct mq_consumer *consumer = consumer_of(loop, group, topic, &taker);
    server_test_wait(60000, taker.seen->count == 5000);
    mq_consumer_stop(consumer);

    assert_int_equal(taker.seen->calls, 5000);
    assert_int_equal(taker.seen->out_of_order, 0);
    assert_true(taker.together > 4000);
    assert_true(taker.batches < 1000);
    int64_t committed = 0;
    for (int32_t partition = 0; partition < 4; partition++)
        committed += kit_committed(group, topic, partition);
    assert_int_equal(committed, 5000);
    mq_producer_stop(producer);
    mem_free(taker.seen);
}

static void takes_apart_what_cannot_be_handled_together(struct loop *loop)
{
    const char *topic = kit_topic("apart", 1);
    struct taker taker = {.seen = mem_new(struct kit_seen), .bad = 100, .bad_tries_left = 2};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 300, KEYS));
    struct mq_consumer *consumer = consumer_of(loop, kit_name("group"), topic, &taker);
    server_test_wait(60000, taker.bad_tries > 0);
    assert_int_equal(taker.seen->count, 100); /* all before it, nothing behind it */
    server_test_wait(60000, taker.seen->count == 300);
    mq_consumer_stop(consumer);

    assert_int_equal(taker.bad_tries, 3);
    assert_int_equal(taker.seen->calls, 300);
    assert_int_equal(taker.seen->out_of_order, 0);
    assert_true(taker.alone > 0 && taker.alone <= MQ_BATCH_MAX);
    mq_producer_stop(producer);
    mem_free(taker.seen);
}

static void repeats_nothing_after_a_stop(struct loop *loop)
{
    const char *topic = kit_topic("stopped", 2);
    const char *group = kit_name("group");
    struct taker taker = {.seen = mem_new(struct kit_seen), .bad = -1, .work_us = 20 * 1000};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 2000, KEYS));
    for (int stopped_at = 200; stopped_at <= 2000; stopped_at += 600) {
        struct mq_consumer *consumer = consumer_of(loop, group, topic, &taker);
        server_test_wait(60000, taker.seen->count >= stopped_at);
        mq_consumer_stop(consumer);
    }
    assert_int_equal(taker.seen->count, 2000);
    assert_int_equal(taker.seen->calls, 2000);
    mq_producer_stop(producer);
    mem_free(taker.seen);
}

SERVER_TESTS(hands_over_what_has_gathered, takes_apart_what_cannot_be_handled_together,
             repeats_nothing_after_a_stop)
