#pragma once

/*
 * mq_partition: one partition that the group gave us. A task takes its messages one after the other
 * and hands each to the handler until that says OK, or to the lane of its key, which does the same;
 * or several at once to the batch handler, and one after the other only where that fails. Internal
 * to mq_consumer.
 *
 * Messages wait in the partition's own queue inside librdkafka, which fetches no more when there
 * are enough: a slow or failing handler holds up its partition and nothing else.
 */

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "io/mq.h"
#include "io/mq_client.h"
#include "io/mq_lane.h"
#include "observe/span.h"

struct metric;
struct task;

/* What the partitions of a consumer share. */
struct mq_reader {
    rd_kafka_t *rk;
    struct loop_wakeup *wakeup; /* rings when a partition's queue has something */
    struct mq_presence presence;
    const char *group;
    mq_handler handler;
    mq_batch_handler batch_handler;
    size_t lanes; /* 0: none */
    void *handler_arg;
    /* A message was handled, or the task of a stopped partition ended. */
    void (*on_progress)(void *arg);
    void *arg;
};

struct message_trace {
    struct trace_context context;
    struct span span;
};

struct mq_partition {
    struct mq_partition *next;
    char *topic;
    int32_t number;
    char *name;               /* of its tasks: "mq <group> <topic>/<number>" */
    int64_t done_offset;      /* of the next message to handle; RD_KAFKA_OFFSET_INVALID: none yet */
    int64_t committed_offset; /* as far as we know */

    struct mq_reader *reader;
    rd_kafka_queue_t *queue;
    struct task *task;
    struct mq_message *batch;     /* MQ_BATCH_MAX, for the batch handler; NULL without one */
    struct message_trace *traces; /* of those */
    struct mq_lanes lanes;
    size_t taken_messages; /* from the queue, since it was last asked to fetch */
    size_t taken_bytes;
    bool is_idle;    /* the queue was empty */
    bool is_handled; /* the handler is at work */
    bool is_stopped;
    bool is_over; /* its own task; see mq_partition_is_over */
    struct metric *handled;
    struct metric *failed;
    struct metric *pauses;
    struct metric *seconds;
};

/* Before the partition is assigned, so that its messages come here from the first. */
MUST_USE struct mq_partition *mq_partition_new(struct mq_reader *reader, const char *topic,
                                               int32_t number);
/* After mq_partition_end. */
void mq_partition_free(struct mq_partition *partition);

/* Looks for messages. Starts the task when it has none yet, or there was no room for one. */
void mq_partition_ring(struct mq_partition *partition);

/* Takes no further message; those that are being handled may end. */
void mq_partition_stop(struct mq_partition *partition);
/* Nothing is at work any more. */
MUST_USE bool mq_partition_is_over(const struct mq_partition *partition);
/* Interrupts these, too. */
void mq_partition_cancel(struct mq_partition *partition);
/* Waits until all tasks have ended. */
SUSPENDS void mq_partition_end(struct mq_partition *partition);

/* For lanes. */

/*
 * Hands the message to the handler until it says OK; false when the partition is stopped before.
 * `*is_handled` while the handler is at work.
 */
MUST_USE SUSPENDS bool mq_partition_handle(struct mq_partition *partition, bool *is_handled,
                                           const struct mq_message *message);
/* Every message below `offset` was handled. */
void mq_partition_done(struct mq_partition *partition, int64_t offset);
