#pragma once

/*
 * mq_stats: librdkafka's statistics of an instance as metrics, every MQ_STATS_EVERY_MS.
 *
 *     souk_mq_lag_messages{group,topic,partition}     what the group has not handled yet
 *     souk_mq_queued_messages{group,topic,partition}  of these, what has been fetched
 *     souk_mq_unsent_messages{client}                 what a producer has no answer to
 *     souk_mq_client_errors{client,kind}              since the instance began: tx, rx, timeout
 *
 * Lag and queue are told of partitions that are assigned to us: what another member has is its to
 * tell. `client` is the group, or "producer". Internal to mq.
 */

#include <librdkafka/rdkafka.h>

#define MQ_STATS_EVERY_MS "5000"

void mq_stats_take(const char *client, rd_kafka_event_t *event);

/* The partition has gone to another member. */
void mq_stats_forget(const char *group, const char *topic, int32_t partition);
