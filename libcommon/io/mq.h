#pragma once

/*
 * mq: Kafka for tasks, through librdkafka.
 *
 * Everything is at least once: a producer repeats until the broker acknowledged, a consumer group
 * sees a message again after a crash or a rebalance. What must happen once is made so by its
 * receiver.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct mq_producer;
struct mq_consumer;

enum { MQ_HEADERS_MAX = 16, MQ_TOPICS_MAX = 16 };

struct mq_header {
    const char *name;
    const char *value; /* text */
};

struct mq_message {
    const char *topic;
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    struct mq_header headers[MQ_HEADERS_MAX];
    size_t header_count;
    /* Of a received message. */
    int32_t partition;
    int64_t offset;
};

/* NULL when the message has no such header. */
const char *mq_header(const struct mq_message *message, const char *name);

struct mq_config {
    const char *brokers;   /* "127.0.0.1:9092,..." */
    const char *client_id; /* shown in the broker's logs */
};

/*
 * Acknowledged by all replicas, idempotent, in the order of the calls for each key. One task at a
 * time.
 */
MUST_USE struct status mq_producer_new(struct loop *loop, const struct mq_config *config,
                                       struct mq_producer **ret);
void mq_producer_free(struct mq_producer *producer); /* nothing may be under way; NULL is fine */

/*
 * Sends the messages and waits until every one is acknowledged. Not OK (UNAVAILABLE
 * DEPENDENCY_UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED): some prefix of each key's messages may
 * have arrived, and nothing of that key after a gap; send all of it again.
 */
MUST_USE SUSPENDS struct status mq_produce(struct mq_producer *producer,
                                           const struct mq_message *messages, size_t count);

/*
 * Handles one message in a task of its partition: messages of a partition come one after the other,
 * in their order, partitions side by side. OK: done, never again (but for a crash). Otherwise the
 * same message comes again after a growing pause (100 ms to 10 s) while other partitions flow. The
 * message is valid during the call.
 */
typedef struct status (*mq_handler)(void *arg, const struct mq_message *message);

struct mq_subscription {
    const char *group; /* "<context>.<consumer>" */
    const char *topics[MQ_TOPICS_MAX];
    size_t topic_count;
    mq_handler handler;
    void *arg;
};

/*
 * Starts consuming. A broker that is away is waited for. `subscription` is copied, its strings are
 * kept.
 */
MUST_USE struct status mq_consumer_new(struct loop *loop, const struct mq_config *config,
                                       const struct mq_subscription *subscription,
                                       struct mq_consumer **ret);
/*
 * Lets running handlers finish (cancels them at the task's deadline), commits, leaves the group,
 * frees.
 */
SUSPENDS void mq_consumer_stop(struct mq_consumer *consumer);

/* True while the consumer has partitions assigned, or the group gave it none on purpose. */
MUST_USE bool mq_consumer_is_joined(const struct mq_consumer *consumer);
