#pragma once

/*
 * relay_queues: which aggregates and topics have parked events, and when they are tried again. An
 * event that Kafka will not take for its size parks its aggregate, one without a topic the topic;
 * what comes after it for these is parked behind it, so nothing overtakes. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/backoff.h"

enum { RELAY_QUEUES_MAX = 256, RELAY_QUEUE_NAME_MAX = 96 };

struct relay_queue {
    char name[RELAY_QUEUE_NAME_MAX + 1];
    struct backoff pause;
    int64_t next_us; /* monotonic */
};

struct relay_queues {
    struct relay_queue list[RELAY_QUEUES_MAX];
    size_t count;
};

/* "order.order/42" */
void relay_queue_name(const char *topic, int64_t aggregate_id, char ret[RELAY_QUEUE_NAME_MAX + 1]);

/* The queue that an event stands in, that of its aggregate first; NULL: it may be sent. */
MUST_USE const char *relay_queues_find(const struct relay_queues *queues, const char *topic,
                                       int64_t aggregate_id);
/* Tried again after a first pause. False: there is no room. One that is there stays as it is. */
MUST_USE bool relay_queues_add(struct relay_queues *queues, const char *name, int64_t now_us);
/* One whose time has come; NULL: none. */
MUST_USE struct relay_queue *relay_queues_due(struct relay_queues *queues, int64_t now_us);
void relay_queue_postpone(struct relay_queue *queue, int64_t now_us, uint64_t random);
void relay_queues_remove(struct relay_queues *queues, struct relay_queue *queue);
