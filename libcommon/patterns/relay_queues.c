#include "patterns/relay_queues.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PAUSE_US = 2 * 1000 * 1000, MOST_PAUSE_US = 60 * 1000 * 1000 };

void relay_queue_name(const char *topic, int64_t aggregate_id, char ret[RELAY_QUEUE_NAME_MAX + 1])
{
    snprintf(ret, RELAY_QUEUE_NAME_MAX + 1, "%s/%" PRId64, topic, aggregate_id);
}

static const struct relay_queue *of_name(const struct relay_queues *queues, const char *name)
{
    for (size_t i = 0; i < queues->count; i++)
        if (strcmp(queues->list[i].name, name) == 0)
            return &queues->list[i];
    return NULL;
}

const char *relay_queues_find(const struct relay_queues *queues, const char *topic,
                              int64_t aggregate_id)
{
    char name[RELAY_QUEUE_NAME_MAX + 1];

    if (!queues->count)
        return NULL;
    relay_queue_name(topic, aggregate_id, name);
    const struct relay_queue *queue = of_name(queues, name);
    if (!queue)
        queue = of_name(queues, topic);
    return queue ? queue->name : NULL;
}

bool relay_queues_add(struct relay_queues *queues, const char *name, int64_t now_us)
{
    if (of_name(queues, name))
        return true;
    if (queues->count == RELAY_QUEUES_MAX)
        return false;
    struct relay_queue *queue = &queues->list[queues->count++];
    *queue = (struct relay_queue){
        .pause = backoff_between(FIRST_PAUSE_US, MOST_PAUSE_US),
        .next_us = now_us + FIRST_PAUSE_US,
    };
    snprintf(queue->name, sizeof queue->name, "%s", name);
    return true;
}

struct relay_queue *relay_queues_due(struct relay_queues *queues, int64_t now_us)
{
    for (size_t i = 0; i < queues->count; i++)
        if (queues->list[i].next_us <= now_us)
            return &queues->list[i];
    return NULL;
}

void relay_queue_postpone(struct relay_queue *queue, int64_t now_us, uint64_t random)
{
    queue->next_us = now_us + backoff_next_us(&queue->pause, random);
}

void relay_queues_remove(struct relay_queues *queues, struct relay_queue *queue)
{
    *queue = queues->list[--queues->count];
}
