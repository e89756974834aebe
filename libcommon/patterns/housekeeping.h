#pragma once

/*
 * housekeeping: forgets what nobody asks for any more. A job of cron for each table, every
 * HOUSEKEEPING_EVERY_S; it deletes a piece at a time until nothing old is left.
 *
 *     housekeeping.request  answered ones after HOUSEKEEPING_REQUEST_H; those of a saga under way
 *                           stay
 *     housekeeping.inbox    after HOUSEKEEPING_INBOX_H: longer than Kafka keeps what it could bring
 *                           again
 *     housekeeping.saga     ended ones after HOUSEKEEPING_SAGA_H, for whoever asks how an order
 *                           went; what operators did about them goes with them
 *     housekeeping.outbox   published ones after HOUSEKEEPING_OUTBOX_H, for whoever looks into what
 *                           was told
 */

#include <stddef.h>

#include "patterns/cron.h"

enum {
    HOUSEKEEPING_EVERY_S = 60,
    HOUSEKEEPING_REQUEST_H = 48,
    HOUSEKEEPING_INBOX_H = 8 * 24, /* topics keep seven days */
    HOUSEKEEPING_SAGA_H = 30 * 24,
    HOUSEKEEPING_OUTBOX_H = 3 * 24,
};

/* The argument of their runs is the struct db. */
extern const struct cron_job housekeeping_jobs[];
extern const size_t housekeeping_job_count;
