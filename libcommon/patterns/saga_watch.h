#pragma once

/*
 * saga_watch: finds sagas that do not get on. One that is active for SAGA_STUCK_FACTOR times the
 * time it had until its pivot, and for SAGA_STUCK_LEAST_S at least, is marked in its row, counted
 * in souk_saga_stuck and logged once, whoever of the processes that watch sees it first. Nothing is
 * done about it: that is for people (souk.ops.v1.SagaService). Private to saga.
 */

#include "patterns/saga.h"

enum { SAGA_STUCK_FACTOR = 4, SAGA_STUCK_LEAST_S = 5 * 60 };

struct saga_watch;

/* `config` is kept. */
MUST_USE struct saga_watch *saga_watch_start(const struct saga_runner_config *config);
SUSPENDS void saga_watch_stop(struct saga_watch *watch);
