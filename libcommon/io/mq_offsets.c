#include "io/mq_offsets.h"

#include "base/clock.h"
#include "observe/log.h"
#include "run/task.h"

enum { COMMIT_WAIT_MS = 3000 };

void mq_offsets_init(struct mq_offsets *offsets, struct mq_reader *reader)
{
    *offsets = (struct mq_offsets){
        .reader = reader,
        .answers = rd_kafka_queue_new(reader->rk),
    };
    mq_queue_ring(offsets->answers, reader->wakeup);
}

void mq_offsets_release(struct mq_offsets *offsets)
{
    mq_queue_ring(offsets->answers, NULL);
    rd_kafka_queue_destroy(offsets->answers);
    offsets->answers = NULL;
}

static bool is_uncommitted(const struct mq_partition *partition)
{
    return partition->done_offset != RD_KAFKA_OFFSET_INVALID &&
           partition->done_offset != partition->committed_offset;
}

void mq_offsets_commit(struct mq_offsets *offsets, const struct mq_partition *partitions)
{
    if (offsets->is_committing)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (const struct mq_partition *p = partitions; p; p = p->next)
        if (is_uncommitted(p))
            rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->done_offset;
    if (list->cnt > 0)
        offsets->is_committing = rd_kafka_commit_queue(offsets->reader->rk, list, offsets->answers,
                                                       NULL, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
}

static void await_answer(const struct mq_offsets *offsets, int64_t until_us)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(until_us);

    while (offsets->is_committing) {
        const struct status st = task_park("kafka commit");
        if (!status_ok(&st))
            return;
    }
}

void mq_offsets_commit_all(struct mq_offsets *offsets, const struct mq_partition *partitions)
{
    const int64_t until_us = clock_mono_us() + COMMIT_WAIT_MS * CLOCK_US_PER_MS;

    await_answer(offsets, until_us); /* to an older one */
    mq_offsets_commit(offsets, partitions);
    await_answer(offsets, until_us);
}

static void note_committed(struct mq_partition *partitions,
                           const rd_kafka_topic_partition_list_t *list)
{
    for (struct mq_partition *p = partitions; p; p = p->next) {
        const rd_kafka_topic_partition_t *answer =
            rd_kafka_topic_partition_list_find(list, p->topic, p->number);
        if (answer && !answer->err)
            p->committed_offset = answer->offset;
    }
}

bool mq_offsets_take_answers(struct mq_offsets *offsets, struct mq_partition *partitions)
{
    rd_kafka_event_t *event;
    bool is_fine = true;

    while (offsets->answers && (event = rd_kafka_queue_poll(offsets->answers, 0))) {
        const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
        offsets->is_committing = false;
        note_committed(partitions, rd_kafka_event_topic_partition_list(event));
        if (error)
            log_warn("offsets not committed", LOG_STR("group", offsets->reader->group),
                     LOG_STR("error", rd_kafka_err2name(error)));
        else
            mq_presence_seen(&offsets->reader->presence);
        is_fine &= !error;
        rd_kafka_event_destroy(event);
    }
    return is_fine;
}
