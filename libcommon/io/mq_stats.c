#include "io/mq_stats.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "observe/metrics.h"

enum { PARTITION_TEXT_MAX = 12 };

static struct metric *of_partition(const char *name, const char *help, const char *group,
                                   const char *topic, int32_t partition)
{
    char number[PARTITION_TEXT_MAX];

    snprintf(number, sizeof number, "%" PRId32, partition);
    return metric_series(metric_family(METRIC_GAUGE, name, "group,topic,partition", help), group,
                         topic, number);
}

static struct metric *lag_of(const char *group, const char *topic, int32_t partition)
{
    return of_partition("souk_mq_lag_messages", "Messages that the group has not handled yet",
                        group, topic, partition);
}

static struct metric *queued_of(const char *group, const char *topic, int32_t partition)
{
    return of_partition("souk_mq_queued_messages", "Messages that were fetched and wait", group,
                        topic, partition);
}

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* -1: not known yet. librdkafka knows none of a group that has not committed: it has all to do. */
static int64_t lag_in(const json_t *partition)
{
    const int64_t lag = number(partition, "consumer_lag");
    const int64_t first = number(partition, "lo_offset");
    const int64_t end = number(partition, "ls_offset");

    if (lag >= 0 || number(partition, "committed_offset") >= 0 || first < 0)
        return lag;
    return end - first;
}

/* Partitions that are not ours are not fetched. */
static void take_partition(const char *group, const char *topic, const json_t *partition)
{
    const int64_t lag = lag_in(partition);
    const char *state = json_string_value(json_object_get(partition, "fetch_state"));

    if (lag < 0 || !state || strcmp(state, "active") != 0)
        return;
    const int32_t id = (int32_t)number(partition, "partition");
    metric_set(lag_of(group, topic, id), (double)lag);
    metric_set(queued_of(group, topic, id), (double)number(partition, "fetchq_cnt"));
}

static void take_topics(const char *group, json_t *topics)
{
    const char *topic, *id;
    json_t *value, *partition;

    json_object_foreach(topics, topic, value)
        json_object_foreach(json_object_get(value, "partitions"), id, partition)
            take_partition(group, topic, partition);
}

static void take_errors(const char *client, json_t *brokers)
{
    static const struct {
        const char *field;
        const char *kind;
    } kinds[] = {{"txerrs", "tx"}, {"rxerrs", "rx"}, {"req_timeouts", "timeout"}};
    struct metric_family *family =
        metric_family(METRIC_GAUGE, "souk_mq_client_errors", "client,kind",
                      "Failed requests to brokers since the client began");
    const char *name;
    json_t *broker;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        int64_t sum = 0;
        json_object_foreach(brokers, name, broker) sum += number(broker, kinds[i].field);
        metric_set(metric_series(family, client, kinds[i].kind), (double)sum);
    }
}

void mq_stats_take(const char *client, rd_kafka_event_t *event)
{
    json_t *root = json_loads(rd_kafka_event_stats(event), 0, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));

    if (type && strcmp(type, "consumer") == 0)
        take_topics(client, json_object_get(root, "topics"));
    else
        metric_set(metric_series(metric_family(METRIC_GAUGE, "souk_mq_unsent_messages", "client",
                                               "Messages without an acknowledgement"),
                                 client),
                   (double)number(root, "msg_cnt"));
    take_errors(client, json_object_get(root, "brokers"));
    json_decref(root);
}

void mq_stats_forget(const char *group, const char *topic, int32_t partition)
{
    metric_set(lag_of(group, topic, partition), 0);
    metric_set(queued_of(group, topic, partition), 0);
}
