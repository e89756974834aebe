#pragma once

/*
 * parked_runner: tries the parked events of a consumer again, gives up those that parking.h gives
 * up: they go to `<topic>.dlq`. Every process with the consumer runs it; a row is claimed before it
 * is tried, and tried under its lock. Private to consumer.
 *
 * The only events that are sent past an outbox are these: the row in parked_event is what the
 * publish is of, and is marked when Kafka has acknowledged. A crash between repeats the letter.
 */

#include "base/attributes.h"

struct consumer;
struct loop;
struct mq_config;
struct parked_runner;

MUST_USE struct parked_runner *parked_runner_start(struct loop *loop, const struct mq_config *mq,
                                                   const struct consumer *consumer);
SUSPENDS void parked_runner_stop(struct parked_runner *runner); /* NULL is fine */

/* Something was parked or redriven. */
void parked_runner_nudge(struct parked_runner *runner);
