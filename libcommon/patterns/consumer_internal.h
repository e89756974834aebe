#pragma once

/*
 * What the files of consumer share: consumer.c subscribes and decides what becomes of a message,
 * consumer_react.c runs handlers, parked_runner.c tries parked events again.
 */

#include "patterns/consumer.h"
#include "patterns/parked_repo.h"
#include "run/sync.h"

struct metric_family;
struct mq_consumer;
struct parked_runner;

struct consumer {
    const struct consumer_config *config;
    struct mq_consumer *mq;
    struct parked_runner *runner;
    struct semaphore handlers; /* of all partitions: connections are few */
    struct metric_family *outcomes;
};

/* A projection's events may overtake each other: none waits for a parked one of its key. */
MUST_USE static inline bool consumer_is_projection(const struct consumer *consumer)
{
    return consumer->config->batch_handler;
}

void consumer_count(const struct consumer *consumer, const struct mq_message *message,
                    const char *outcome);

/* consumer_react.c */

/* NULL: not for this consumer, it is passed over. */
MUST_USE const struct event_route *consumer_route(const struct consumer *consumer,
                                                  const struct mq_message *message);

/* Hands it to its handler, or parks it behind others of its key. */
MUST_USE SUSPENDS struct status consumer_react(const struct consumer *consumer,
                                               const struct event_route *route,
                                               const struct mq_message *message);
/* Hands all to the batch handler, in one transaction. */
MUST_USE SUSPENDS struct status consumer_react_to_all(const struct consumer *consumer,
                                                      const struct mq_message *messages,
                                                      size_t count);
/* Hands it to its handler and takes it out of its parking place. */
MUST_USE SUSPENDS struct status consumer_react_to_parked(const struct consumer *consumer,
                                                         const struct parked *parked);
/* A dead letter that came back. */
MUST_USE SUSPENDS struct status consumer_redrive(const struct consumer *consumer,
                                                 const struct event_route *route,
                                                 const struct mq_message *message);
MUST_USE SUSPENDS struct status consumer_discard(const struct consumer *consumer,
                                                 const struct mq_message *message);
