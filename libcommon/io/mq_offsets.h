#pragma once

/*
 * mq_offsets: tells the group what was handled. One commit is on its way at a time; what one could
 * not bring stays uncommitted and goes with the next. Internal to mq_consumer.
 */

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "io/mq_partition.h"

struct mq_offsets {
    struct mq_reader *reader;
    rd_kafka_queue_t *answers;
    bool is_committing;
};

void mq_offsets_init(struct mq_offsets *offsets, struct mq_reader *reader);
void mq_offsets_release(struct mq_offsets *offsets);

/* Sends what is new, if anything is and nothing is on its way. */
void mq_offsets_commit(struct mq_offsets *offsets, const struct mq_partition *partitions);

/*
 * Commits all that was handled and waits for the answer, some seconds at the most; is_committing is
 * still set where none came. Whoever calls mq_offsets_take_answers wakes the task.
 */
SUSPENDS void mq_offsets_commit_all(struct mq_offsets *offsets,
                                    const struct mq_partition *partitions);

/* When the reader's wakeup rang. False: a commit failed. */
bool mq_offsets_take_answers(struct mq_offsets *offsets, struct mq_partition *partitions);
