#pragma once

/*
 * cron_state: what the row of a job says, and how it moves on. Private to cron.
 *
 *     due --claim--> held --succeed, fail--> waits for the next slot, or for its next try
 *                    held --hand_over------> due
 *                    held, its lease over--> due again: its holder has died
 *
 * While a run is under way `next_us` stays where it was, so a run that nobody ends stays due. Slots
 * that went by in the meantime are one: the latest is run.
 *
 * Pure: `now_us` is the database's clock, randomness an argument.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "patterns/cron_schedule.h"

enum {
    CRON_HOLDER_MAX = 128,
    CRON_DETAIL_MAX = 200,
    /* A run that kills its process is taken over so often; from then on it counts as a failure. */
    CRON_TAKEOVERS_MAX = 2,
};

#define CRON_LEASE_US      (10 * 1000 * 1000LL)
#define CRON_FIRST_WAIT_US (10 * 1000 * 1000LL) /* before a failed run is tried again */
#define CRON_MOST_WAIT_US  (600 * 1000 * 1000LL)

/* A time of 0: never. */
struct cron_state {
    char schedule[CRON_SCHEDULE_TEXT_MAX]; /* as it was when next_us was reckoned */
    int64_t next_us;                       /* the next slot, or the next try of the last one */
    int64_t slot_us;                       /* of the last run */
    char holder[CRON_HOLDER_MAX + 1];      /* who runs it; "" nobody */
    uint64_t fence;                        /* tells this run from all others */
    int64_t until_us;                      /* how long the holder has it */
    unsigned failures;                     /* one after the other, deaths of holders among them */
    int64_t started_us;
    int64_t ended_us;
    int64_t succeeded_us;
    char outcome[16]; /* of the last run that ended: "ok", "failed", "died", "handed over" or "" */
    char detail[CRON_DETAIL_MAX]; /* of a failure why, of a death whose */
};

/*
 * A job that is new waits for its first slot. One whose schedule was changed goes by the new one,
 * but what is due already stays due. False: nothing has changed.
 */
MUST_USE bool cron_declare(struct cron_state *state, const struct cron_schedule *schedule,
                           int64_t now_us);

MUST_USE bool cron_is_due(const struct cron_state *state, int64_t now_us);

enum cron_claim {
    CRON_NOT_DUE,
    CRON_CLAIMED,
    CRON_TAKEN_OVER, /* claimed; whoever had it before has died */
    CRON_PUT_OFF,    /* they die of it: nobody has it, it is tried again later */
};

MUST_USE enum cron_claim cron_claim(struct cron_state *state, const struct cron_schedule *schedule,
                                    const char *owner, int64_t now_us, uint64_t random);

void cron_succeed(struct cron_state *state, const struct cron_schedule *schedule, int64_t now_us);
/* Tried again after a pause that grows with each failure, at the next slot at the latest. */
void cron_fail(struct cron_state *state, const struct cron_schedule *schedule,
               const struct status *why, int64_t now_us, uint64_t random);
/* The holder stops: another one may run it at once. */
void cron_hand_over(struct cron_state *state, int64_t now_us);
