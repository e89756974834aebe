#include "io/mq_lane.h"

#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/mq_message.h"
#include "io/mq_partition.h"
#include "run/task.h"

enum { NO_TASK_PAUSE_US = 10 * 1000 };

void mq_lanes_init(struct mq_lanes *lanes, struct mq_partition *partition, size_t count)
{
    BUG_ON(count > MQ_LANES_MAX);
    *lanes = (struct mq_lanes){.partition = partition, .count = count};
    if (!count)
        return;
    lanes->list = mem_calloc(count, sizeof *lanes->list);
    for (size_t i = 0; i < count; i++)
        lanes->list[i].lanes = lanes;
}

void mq_lanes_release(struct mq_lanes *lanes)
{
    mem_free(lanes->list);
}

static void finish(struct mq_lane *lane)
{
    struct mq_lanes *lanes = lane->lanes;
    const size_t slot = lane->slots[lane->first];
    int64_t done_offset;

    if (mq_window_finish(&lanes->window, slot, &done_offset))
        mq_partition_done(lanes->partition, done_offset);
    if (lanes->giver)
        task_wake(lanes->giver);
}

/* False: the partition is stopped, what is left is not handled. */
static bool handle_first(struct mq_lane *lane)
{
    struct mq_message message;

    mq_message_read(lane->messages[lane->first], &message);
    if (!mq_partition_handle(lane->lanes->partition, &lane->is_handled, &message))
        return false;
    finish(lane);
    rd_kafka_message_destroy(lane->messages[lane->first]);
    lane->first = (lane->first + 1) % MQ_WINDOW_MAX;
    lane->count--;
    return true;
}

static void wait_for_messages(struct mq_lane *lane)
{
    lane->is_idle = true;
    while (lane->is_idle && !lane->lanes->partition->is_stopped)
        status_ignore(task_park("kafka messages of a key"), "only mq_lanes_stop cancels here");
    lane->is_idle = false;
}

static void run(void *arg)
{
    struct mq_lane *lane = arg;
    struct mq_partition *partition = lane->lanes->partition;

    while (!partition->is_stopped) {
        if (!lane->count)
            wait_for_messages(lane);
        else if (!handle_first(lane))
            break;
    }
    lane->is_over = true;
    partition->reader->on_progress(partition->reader->arg);
}

static struct mq_lane *lane_of(struct mq_lanes *lanes, const rd_kafka_message_t *message)
{
    return &lanes->list[XXH3_64bits(message->key, message->key_len) % lanes->count];
}

static bool has_task(struct mq_lane *lane)
{
    if (!lane->task)
        lane->task = task_spawn(lane->lanes->partition->name, run, lane);
    return lane->task;
}

static void await_room(struct mq_lanes *lanes)
{
    lanes->giver = task_self();
    while (mq_window_is_full(&lanes->window) && !lanes->partition->is_stopped)
        status_ignore(task_park("room for kafka messages"), "mq_partition_stop is seen above");
    lanes->giver = NULL;
}

void mq_lanes_give(struct mq_lanes *lanes, rd_kafka_message_t *message)
{
    struct mq_lane *lane = lane_of(lanes, message);

    await_room(lanes);
    while (!lanes->partition->is_stopped && !has_task(lane))
        status_ignore(task_sleep_us(NO_TASK_PAUSE_US), "mq_partition_stop is seen above");
    if (lanes->partition->is_stopped) {
        rd_kafka_message_destroy(message);
        return;
    }
    const size_t last = (lane->first + lane->count++) % MQ_WINDOW_MAX;
    lane->messages[last] = message;
    lane->slots[last] = mq_window_add(&lanes->window, message->offset);
    if (lane->is_idle) {
        lane->is_idle = false;
        task_wake(lane->task);
    }
}

void mq_lanes_stop(struct mq_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->list[i].task && !lanes->list[i].is_handled)
            task_cancel(lanes->list[i].task);
}

bool mq_lanes_are_over(const struct mq_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->list[i].task && !lanes->list[i].is_over)
            return false;
    return true;
}

void mq_lanes_cancel(struct mq_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        task_cancel(lanes->list[i].task);
}

void mq_lanes_end(struct mq_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        struct mq_lane *lane = &lanes->list[i];
        task_stop(lane->task);
        lane->task = NULL;
        while (lane->count) {
            rd_kafka_message_destroy(lane->messages[lane->first]);
            lane->first = (lane->first + 1) % MQ_WINDOW_MAX;
            lane->count--;
        }
    }
}
