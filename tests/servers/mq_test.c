#include "base/random.h"
#include "observe/metrics.h"
#include "observe/trace.h"
#include "run/sync.h"
#include "tests/servers/mq_kit.h"

enum { KEYS = 16 };

static struct status see(void *arg, const struct mq_message *message)
{
    kit_see(arg, kit_number(message), KEYS);
    return STATUS_OK;
}

static void brings_every_message_once_in_the_order_of_its_key(struct loop *loop)
{
    const char *topic = kit_topic("order", 4);
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *consumer = kit_consumer(loop, kit_name("group"), topic, see, seen);

    assert_ok(kit_produce(producer, topic, 0, 10000, KEYS));
    server_test_wait(60000, seen->count == 10000);
    assert_true(mq_consumer_is_joined(consumer));
    mq_consumer_stop(consumer);

    assert_int_equal(seen->calls, 10000);
    assert_int_equal(seen->out_of_order, 0);
    mq_producer_stop(producer);
    mem_free(seen);
}

static void goes_on_where_it_stopped(struct loop *loop)
{
    const char *topic = kit_topic("position", 1);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 100, KEYS));
    struct mq_consumer *consumer = kit_consumer(loop, group, topic, see, seen);
    server_test_wait(60000, seen->count == 100);
    mq_consumer_stop(consumer);
    assert_int_equal(kit_committed(group, topic, 0), 100);

    assert_ok(kit_produce(producer, topic, 100, 150, KEYS));
    consumer = kit_consumer(loop, group, topic, see, seen);
    server_test_wait(60000, seen->count == 150);
    mq_consumer_stop(consumer);
    assert_int_equal(seen->calls, 150);
    mq_producer_stop(producer);
    mem_free(seen);
}

static void commits_while_it_runs(struct loop *loop)
{
    const char *topic = kit_topic("commit", 1);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *consumer = kit_consumer(loop, group, topic, see, seen);

    assert_ok(kit_produce(producer, topic, 0, 10, KEYS));
    server_test_wait(60000, seen->count == 10);
    server_test_wait(60000, kit_committed(group, topic, 0) == 10);
    mq_consumer_stop(consumer);
    mq_producer_stop(producer);
    mem_free(seen);
}

/* Odd messages. */

struct odd {
    int calls;
    bool key_is_null, value_is_null;
    size_t key_size, value_size, header_count;
    char value[32], header[32], trace_id[33];
    bool has_header, is_traced;
};

static struct status look(void *arg, const struct mq_message *message)
{
    struct odd *odd = arg;
    const char *header = mq_header(message, "ce_type");

    odd->key_is_null = !message->key;
    odd->value_is_null = !message->value;
    odd->key_size = message->key_size;
    odd->value_size = message->value_size;
    odd->header_count = message->header_count;
    odd->has_header = header;
    snprintf(odd->header, sizeof odd->header, "%s", header ? header : "");
    if (message->value)
        snprintf(odd->value, sizeof odd->value, "%.*s", (int)message->value_size,
                 (const char *)message->value);
    str_hex(odd->trace_id, trace_current()->trace_id, 16);
    odd->is_traced = trace_is_set(trace_current());
    odd->calls++;
    return STATUS_OK;
}

struct look_kit {
    const char *topic;
    struct odd odd;
    struct mq_producer *producer;
    struct mq_consumer *consumer;
};

static void look_begin(struct look_kit *kit, struct loop *loop)
{
    *kit = (struct look_kit){.topic = kit_topic("odd", 1), .producer = kit_producer(loop)};
    kit->consumer = kit_consumer(loop, kit_name("group"), kit->topic, look, &kit->odd);
}

static void look_at(struct look_kit *kit, struct mq_message message)
{
    const int before = kit->odd.calls;

    message.topic = kit->topic;
    assert_ok(mq_produce(kit->producer, &message, 1));
    server_test_wait(60000, kit->odd.calls > before);
}

static void look_end(struct look_kit *kit)
{
    mq_consumer_stop(kit->consumer);
    mq_producer_stop(kit->producer);
}

static void tells_a_tombstone_from_an_empty_message(struct loop *loop)
{
    struct look_kit kit;
    look_begin(&kit, loop);

    look_at(&kit, (struct mq_message){.key = "k", .key_size = 1});
    assert_true(kit.odd.value_is_null);
    assert_false(kit.odd.key_is_null);
    assert_int_equal(kit.odd.header_count, 0);
    assert_false(kit.odd.has_header);

    look_at(&kit, (struct mq_message){.value = "", .value_size = 0});
    assert_false(kit.odd.value_is_null);
    assert_int_equal(kit.odd.value_size, 0);
    assert_true(kit.odd.key_is_null);
    look_end(&kit);
}

static void brings_bytes_and_headers_unchanged(struct loop *loop)
{
    struct look_kit kit;
    look_begin(&kit, loop);

    look_at(&kit, (struct mq_message){
                      .key = "a\0b",
                      .key_size = 3,
                      .value = "text",
                      .value_size = 4,
                      .headers = {{"ce_type", "first"}, {"empty", ""}, {"ce_type", "last"}},
                      .header_count = 3,
                  });
    assert_int_equal(kit.odd.key_size, 3);
    assert_string_equal(kit.odd.value, "text");
    assert_int_equal(kit.odd.header_count, 3);
    assert_string_equal(kit.odd.header, "last");
    look_end(&kit);
}

static void works_under_the_trace_of_the_message(struct loop *loop)
{
    struct look_kit kit;
    look_begin(&kit, loop);

    look_at(&kit, (struct mq_message){
                      .headers = {{"traceparent",
                                   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
                      .header_count = 1,
                  });
    assert_string_equal(kit.odd.trace_id, "0af7651916cd43dd8448eb211c80319c");
    look_at(&kit, (struct mq_message){.value = "no trace", .value_size = 8});
    assert_true(kit.odd.is_traced);
    assert_string_not_equal(kit.odd.trace_id, "0af7651916cd43dd8448eb211c80319c");
    look_end(&kit);
}

static void produce_raw(const char *topic, size_t size, size_t headers)
{
    rd_kafka_t *rk = kit_client(RD_KAFKA_PRODUCER, server_test_env("SOUK_TEST_KAFKA"));
    rd_kafka_headers_t *list = rd_kafka_headers_new(headers);
    void *bytes = mem_zalloc(size);

    for (size_t i = 0; i < headers; i++)
        rd_kafka_header_add(list, "many", -1, NULL, 0);
    assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(bytes, size),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
    mem_free(bytes);
}

static void takes_what_others_made_larger_than_it_would(struct loop *loop)
{
    enum { LARGE = 3 * 1000 * 1000 };
    const char *topic = kit_name("large");
    struct odd odd = {0};

    kit_topic_with(topic, 1, "max.message.bytes=5000000");
    produce_raw(topic, LARGE, MQ_HEADERS_MAX + 5);
    struct mq_consumer *consumer = kit_consumer(loop, kit_name("group"), topic, look, &odd);
    server_test_wait(60000, odd.calls == 1);
    assert_int_equal(odd.value_size, LARGE);
    assert_int_equal(odd.header_count, MQ_HEADERS_MAX);
    mq_consumer_stop(consumer);
}

static void refuses_what_is_too_large(struct loop *loop)
{
    const char *topic = kit_topic("refuse", 1);
    const char *small = kit_name("small");
    kit_topic_with(small, 1, "max.message.bytes=1000");
    char *bytes = mem_alloc(MQ_MESSAGE_MAX + 1);
    struct mq_producer *producer = kit_producer(loop);
    struct mq_message message = {.topic = topic, .value = bytes, .value_size = MQ_MESSAGE_MAX};

    for (size_t i = 0; i <= MQ_MESSAGE_MAX; i++)
        bytes[i] = (char)random_u64(); /* so that compressing does not help */
    assert_ok(mq_produce(producer, &message, 1));
    message.value_size++;
    assert_reason(mq_produce(producer, &message, 1), "MESSAGE_TOO_LARGE");
    message.topic = small; /* here it is the broker that refuses */
    message.value_size = 2000;
    assert_reason(mq_produce(producer, &message, 1), "MESSAGE_TOO_LARGE");
    message.topic = topic;
    assert_ok(mq_produce(producer, &message, 1));
    mq_producer_stop(producer);
    mem_free(bytes);
}

static void does_not_wait_for_an_empty_batch(struct loop *loop)
{
    struct mq_producer *producer = kit_producer(loop);
    assert_ok(mq_produce(producer, NULL, 0));
    mq_producer_stop(producer);
}

/* Handlers that fail or are slow. */

enum { FIRST_TRIES = 5, OTHERS = 500 };

/* One number fails some times, and until so many others were handled. */
struct failing {
    struct kit_seen seen;
    int poison;
    int others_meanwhile;
    int poison_calls;
    int64_t first_us, last_us;
};

static struct status fail_some(void *arg, const struct mq_message *message)
{
    struct failing *failing = arg;
    const int number = kit_number(message);

    if (number == failing->poison) {
        if (failing->poison_calls++ == 0)
            failing->first_us = clock_mono_us();
        if (failing->poison_calls == FIRST_TRIES)
            failing->last_us = clock_mono_us();
        if (failing->poison_calls < FIRST_TRIES || failing->others_meanwhile <= OTHERS)
            return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "not yet");
    } else if (!failing->seen.times[failing->poison]) {
        failing->others_meanwhile++;
    }
    kit_see(&failing->seen, number, KEYS);
    return STATUS_OK;
}

static void holds_only_the_partition_whose_handler_fails(struct loop *loop)
{
    const char *topic = kit_topic("failing", 4);
    struct failing *failing = mem_new(struct failing);
    struct mq_producer *producer = kit_producer(loop);

    *failing = (struct failing){.poison = 5};
    assert_ok(kit_produce(producer, topic, 0, 2000, KEYS));
    struct mq_consumer *consumer = kit_consumer(loop, kit_name("group"), topic, fail_some, failing);
    server_test_wait(60000, failing->seen.count == 2000);
    mq_consumer_stop(consumer);

    assert_true(failing->poison_calls >= FIRST_TRIES);
    assert_int_equal(failing->seen.out_of_order, 0);
    assert_true(failing->others_meanwhile > OTHERS);
    /* Half of 100, 200, 400 and 800 ms at the least; all of it, and a busy machine, at the most. */
    assert_in_range(failing->last_us - failing->first_us, 750000, 30 * CLOCK_US_PER_S);
    mq_producer_stop(producer);
    mem_free(failing);
}

struct gate {
    bool is_open;
    int calls;
};

static struct status wait_at_gate(void *arg, const struct mq_message *message)
{
    struct gate *gate = arg;

    gate->calls++;
    while (!gate->is_open)
        TRY(task_sleep_us(10000));
    return STATUS_OK;
}

/* Of partition 0, as librdkafka's next statistics say. */
static double said_next(const char *metric, const char *group, const char *topic)
{
    enum { NOT_SAID = -1 };
    struct metric *said = metric_series(
        metric_family(METRIC_GAUGE, metric, "group,topic,partition", ""), group, topic, "0");

    metric_set(said, NOT_SAID);
    server_test_wait(60000, metric_value(said) != NOT_SAID);
    return metric_value(said);
}

/* Nothing is committed yet, which is when it is most wanted to know how far the group is behind. */
static void does_not_hoard_messages_for_a_slow_handler(struct loop *loop)
{
    enum { SIZE = 10000, COUNT = 1000, MOST = 3 * 1024 * 1024 / SIZE };
    const char *topic = kit_topic("slow", 1);
    const char *group = kit_name("group");
    char *noise = mem_alloc(COUNT * SIZE); /* what can be packed comes in larger pieces */
    struct mq_message *messages = mem_calloc(COUNT, sizeof *messages);
    struct mq_producer *producer = kit_producer(loop);
    struct gate gate = {0};

    for (size_t i = 0; i < COUNT * SIZE; i += sizeof(uint64_t))
        *(uint64_t *)(noise + i) = random_u64();
    for (size_t i = 0; i < COUNT; i++)
        messages[i] =
            (struct mq_message){.topic = topic, .value = noise + i * SIZE, .value_size = SIZE};
    assert_ok(mq_produce(producer, messages, COUNT));
    mq_producer_stop(producer);
    struct mq_consumer *consumer = kit_consumer(loop, group, topic, wait_at_gate, &gate);
    server_test_wait(60000, gate.calls == 1);
    assert_int_equal(said_next("souk_mq_lag_messages", group, topic), COUNT);
    const double queued = said_next("souk_mq_queued_messages", group, topic);
    assert_true(queued > 0 && queued <= MOST); /* in all that time it could have fetched them all */
    assert_int_equal(gate.calls, 1);

    gate.is_open = true;
    server_test_wait(60000, gate.calls == COUNT);
    mq_consumer_stop(consumer);
    mem_free(messages);
    mem_free(noise);
}

static void counts_what_it_does(struct loop *loop)
{
    const char *topic = kit_topic("counted", 1);
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *consumer = kit_consumer(loop, "test.counted", topic, see, seen);
    struct str text = {0};

    assert_ok(kit_produce(producer, topic, 0, 7, KEYS));
    server_test_wait(60000, seen->count == 7);
    mq_consumer_stop(consumer);
    mq_producer_stop(producer);

    metrics_write(&text);
    char *line = mem_printf("souk_mq_produced_total{topic=\"%s\",result=\"ok\"} 7\n", topic);
    assert_non_null(strstr(text.text, line));
    mem_free(line);
    line = mem_printf(
        "souk_mq_handled_total{group=\"test.counted\",topic=\"%s\",result=\"ok\"} 7\n", topic);
    assert_non_null(strstr(text.text, line));
    mem_free(line);
    str_release(&text);
    mem_free(seen);
}

SERVER_TESTS(brings_every_message_once_in_the_order_of_its_key, goes_on_where_it_stopped,
             commits_while_it_runs, tells_a_tombstone_from_an_empty_message,
             brings_bytes_and_headers_unchanged, works_under_the_trace_of_the_message,
             takes_what_others_made_larger_than_it_would, refuses_what_is_too_large,
             does_not_wait_for_an_empty_batch, holds_only_the_partition_whose_handler_fails,
             does_not_hoard_messages_for_a_slow_handler, counts_what_it_does)
