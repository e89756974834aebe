#pragma once

/*
 * mq_kit: what tests of mq need of Kafka beside mq itself. These calls block the loop; a test may.
 */

#include <librdkafka/rdkafka.h>

#include "io/mq.h"
#include "tests/servers/server_test.h"

/* A name that no earlier run used. Good until the program ends. */
UNUSED static const char *kit_name(const char *stem)
{
    static char names[64][96];
    static size_t count;
    char *name = names[count++ % ARRAY_LEN(names)];

    snprintf(name, sizeof names[0], "%s-%lld-%zu", stem, (long long)clock_unix_us(), count);
    return name;
}

UNUSED static struct mq_config kit_config(void)
{
    return (struct mq_config){
        .brokers = server_test_env("SOUK_TEST_KAFKA"),
        .client_id = "mq-test",
    };
}

UNUSED static rd_kafka_t *kit_client(rd_kafka_type_t type, const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[128];

    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "message.max.bytes", "10000000", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk)
        fail_msg("no client: %s", why);
    return rk;
}

/* `config` is "name=value" or NULL. */
UNUSED static void kit_topic_with(const char *name, int partitions, const char *config)
{
    rd_kafka_t *rk = kit_client(RD_KAFKA_PRODUCER, server_test_env("SOUK_TEST_KAFKA"));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, NULL, 0);
    if (config) {
        char *key = mem_strdup(config);
        char *value = strchr(key, '=');
        *value++ = '\0';
        rd_kafka_NewTopic_set_config(topic, key, value);
        mem_free(key);
    }

    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
    if (!event || rd_kafka_event_error(event))
        fail_msg("topic %s: %s", name, event ? rd_kafka_event_error_string(event) : "no answer");
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

UNUSED static const char *kit_topic(const char *stem, int partitions)
{
    const char *name = kit_name(stem);
    kit_topic_with(name, partitions, NULL);
    return name;
}

/* The group's committed offset of a partition; RD_KAFKA_OFFSET_INVALID: none. */
UNUSED static int64_t kit_committed(const char *group, const char *topic, int32_t partition)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", server_test_env("SOUK_TEST_KAFKA"), NULL, 0);
    rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(rk, list, 20000), 0);
    const int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset;
}

/* The offset of the message that comes next to a partition. */
UNUSED static int64_t kit_end_of(const char *topic, int32_t partition)
{
    rd_kafka_t *rk = kit_client(RD_KAFKA_CONSUMER, server_test_env("SOUK_TEST_KAFKA"));
    int64_t first, next;

    assert_int_equal(rd_kafka_query_watermark_offsets(rk, topic, partition, &first, &next, 20000),
                     0);
    rd_kafka_destroy(rk);
    return next;
}

UNUSED static struct mq_producer *kit_producer(struct loop *loop)
{
    const struct mq_config config = kit_config();
    struct mq_producer *producer = NULL;

    assert_ok(mq_producer_new(loop, &config, &producer));
    return producer;
}

UNUSED static struct mq_consumer *kit_consumer(struct loop *loop, const char *group,
                                               const char *topic, mq_handler handler, void *arg)
{
    const struct mq_config config = kit_config();
    const struct mq_subscription subscription = {
        .group = group,
        .topics = {topic},
        .topic_count = 1,
        .handler = handler,
        .arg = arg,
    };
    struct mq_consumer *consumer = NULL;

    assert_ok(mq_consumer_new(loop, &config, &subscription, &consumer));
    return consumer;
}

/* Numbers `from` up to `to` as messages, of `keys` different keys. */
enum { KIT_BATCH = 500 };

UNUSED static struct status kit_produce(struct mq_producer *producer, const char *topic, int from,
                                        int to, int keys)
{
    static char values[KIT_BATCH][16], names[KIT_BATCH][16];
    static struct mq_message messages[KIT_BATCH];

    for (int first = from; first < to; first += KIT_BATCH) {
        size_t count = 0;
        for (int n = first; n < to && count < KIT_BATCH; n++, count++) {
            snprintf(values[count], sizeof values[0], "%d", n);
            snprintf(names[count], sizeof names[0], "key-%d", n % keys);
            messages[count] = (struct mq_message){
                .topic = topic,
                .key = names[count],
                .key_size = strlen(names[count]),
                .value = values[count],
                .value_size = strlen(values[count]),
            };
        }
        TRY(mq_produce(producer, messages, count));
    }
    return STATUS_OK;
}

/* The number that kit_produce() wrote. */
UNUSED static int kit_number(const struct mq_message *message)
{
    char text[16] = "";
    memcpy(text, message->value, message->value_size < 15 ? message->value_size : 15);
    return atoi(text);
}

/* Counts what arrives. */
enum { KIT_NUMBERS = 20000 };

struct kit_seen {
    int times[KIT_NUMBERS];
    int count; /* different ones */
    int calls;
    int last_of_key[64];
    int out_of_order;
};

UNUSED static void kit_see(struct kit_seen *seen, int number, int keys)
{
    const int key = number % keys;

    seen->calls++;
    if (seen->times[number]++ == 0) {
        seen->count++;
        if (number < seen->last_of_key[key])
            seen->out_of_order++; /* of first occurrences */
        seen->last_of_key[key] = number;
    }
}
