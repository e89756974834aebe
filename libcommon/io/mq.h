#pragma once

/*
 * mq: Kafka for tasks, through librdkafka. Its threads ring the loop; all of ours runs in the loop.
 *
 * Everything is at least once: a producer repeats until the broker acknowledged, a consumer group
 * sees a message again after a crash or a rebalance that could not be clean. What must happen once
 * is made so by its receiver. Brokers that are away are waited for and logged once.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct mq_producer;
struct mq_consumer;

enum {
    MQ_HEADERS_MAX = 24,
    MQ_TOPICS_MAX = 16,
    MQ_MESSAGE_MAX = 900 * 1024, /* key, value and headers of what is produced */
    MQ_PRODUCE_TIMEOUT_MS = 30 * 1000,
    MQ_HANDLER_GRACE_MS = 5 * 1000,
    MQ_LANES_MAX = 16,
    MQ_WINDOW_MAX = 64, /* messages of a partition that lanes have in hand */
    MQ_BATCH_MAX = 32,  /* messages that a mq_batch_handler gets at once */
};

struct mq_header {
    const char *name;
    const char *value; /* text */
};

struct mq_message {
    const char *topic;
    const void *key; /* NULL: any partition will do */
    size_t key_size;
    const void *value; /* NULL is a tombstone, which is not the same as empty */
    size_t value_size;
    struct mq_header headers[MQ_HEADERS_MAX]; /* of a received message: the first of them */
    size_t header_count;
    /* Of a received message. */
    int32_t partition;
    int64_t offset;
};

/* Of several the last; NULL when the message has no such header. */
const char *mq_header(const struct mq_message *message, const char *name);

/*
 * PEM texts. With `ca` nothing goes unencrypted, and a broker must show a certificate that one of
 * these CAs vouches for, for the name or address by which it is called. `certificate` and its `key`
 * are shown to brokers that ask who we are (ssl.client.auth). INVALID_CONFIG: half of that.
 */
struct mq_tls {
    const char *ca;          /* NULL: no TLS */
    const char *certificate; /* NULL: none */
    const char *key;         /* without a password */
};

struct mq_config {
    const char *brokers;   /* "127.0.0.1:9092,..." */
    const char *client_id; /* shown in the broker's logs */
    struct mq_tls tls;
};

/*
 * Acknowledged by all replicas, idempotent, in the order of the calls for each key. One task at a
 * time. Strings are copied. INVALID_ARGUMENT INVALID_CONFIG: librdkafka refuses what `config` says.
 */
MUST_USE struct status mq_producer_new(struct loop *loop, const struct mq_config *config,
                                       struct mq_producer **ret);
/* Nothing may be under way; NULL is fine. Waits for librdkafka's threads, 10 s at the most. */
SUSPENDS void mq_producer_stop(struct mq_producer *producer);

/*
 * Sends the messages and waits until every one is acknowledged, for MQ_PRODUCE_TIMEOUT_MS at the
 * most; the messages need to live as long as the call. Not OK (UNAVAILABLE DEPENDENCY_UNAVAILABLE,
 * DEADLINE_EXCEEDED, CANCELLED): some prefix of each key's messages may have arrived, and nothing
 * of that key after a gap; send all of it again. INVALID_ARGUMENT MESSAGE_TOO_LARGE: more than
 * MQ_MESSAGE_MAX, then nothing was sent, or more than the broker takes. NOT_FOUND UNKNOWN_TOPIC: the
 * brokers have known no such topic for three seconds.
 */
MUST_USE SUSPENDS struct status mq_produce(struct mq_producer *producer,
                                           const struct mq_message *messages, size_t count);

/*
 * Handles one message. Messages of a key come one after the other, in their order; partitions come
 * side by side, and within one so many keys as the subscription has lanes. OK: done, never again
 * (but for a crash; with several lanes also after a rebalance). Otherwise the same message comes
 * again after a growing pause (100 ms to 10 s) while other lanes go on, until the oldest unhandled
 * message of the partition is MQ_WINDOW_MAX behind. The message is valid during the call. The
 * task's trace is the message's (traceparent).
 *
 * When the partition goes to another member of the group the handler has MQ_HANDLER_GRACE_MS to
 * finish, then it is cancelled.
 */
typedef struct status (*mq_handler)(void *arg, const struct mq_message *message);

/*
 * Handles what has gathered in a partition at once, in its order: OK is for all of it. Otherwise
 * each message goes to the mq_handler, so that one that cannot be handled holds up none before it.
 * The task has no trace: the messages have.
 */
typedef struct status (*mq_batch_handler)(void *arg, const struct mq_message *messages,
                                          size_t count);

struct mq_subscription {
    const char *group; /* "<context>.<consumer>" */
    const char *topics[MQ_TOPICS_MAX];
    size_t topic_count;
    mq_handler handler;
    mq_batch_handler batch_handler; /* NULL: always one by one */
    size_t lanes;                   /* up to MQ_LANES_MAX; 0, 1 and with a batch_handler: one */
    void *arg;
};

/*
 * Starts consuming. A broker or topic that is not there is waited for. A group without a position
 * starts at the oldest message. `subscription` is copied, its strings are kept.
 */
MUST_USE struct status mq_consumer_new(struct loop *loop, const struct mq_config *config,
                                       const struct mq_subscription *subscription,
                                       struct mq_consumer **ret);
/*
 * Lets running handlers finish (cancels them at the task's deadline, after MQ_HANDLER_GRACE_MS at
 * the latest), commits, leaves the group, frees. Takes up to ten seconds more where the broker is
 * away. NULL is fine.
 */
SUSPENDS void mq_consumer_stop(struct mq_consumer *consumer);

/* True while the consumer has partitions assigned, or the group gave it none on purpose. */
MUST_USE bool mq_consumer_is_joined(const struct mq_consumer *consumer);
