#include "patterns/cron_state.h"

#include <stdio.h>
#include <string.h>

#include "base/backoff.h"

static bool is_held(const struct cron_state *state)
{
    return *state->holder;
}

bool cron_declare(struct cron_state *state, const struct cron_schedule *schedule, int64_t now_us)
{
    char text[CRON_SCHEDULE_TEXT_MAX];

    cron_schedule_text(schedule, text);
    if (strcmp(state->schedule, text) == 0)
        return false;
    memcpy(state->schedule, text, sizeof text);
    if (!state->next_us || state->next_us > now_us)
        state->next_us = cron_slot_after(schedule, now_us);
    return true;
}

bool cron_is_due(const struct cron_state *state, int64_t now_us)
{
    return state->next_us <= now_us && (!is_held(state) || state->until_us <= now_us);
}

static void put_off(struct cron_state *state, const struct cron_schedule *schedule, int64_t now_us,
                    uint64_t random)
{
    const int64_t retry_us =
        now_us + backoff_after_us(CRON_FIRST_WAIT_US, CRON_MOST_WAIT_US, state->failures, random);
    const int64_t slot_us = cron_slot_after(schedule, now_us);

    state->next_us = retry_us < slot_us ? retry_us : slot_us;
}

/* `detail` may be the holder. */
static void end(struct cron_state *state, const char *outcome, const char *detail, int64_t now_us)
{
    state->ended_us = now_us;
    snprintf(state->outcome, sizeof state->outcome, "%s", outcome);
    snprintf(state->detail, sizeof state->detail, "%s", detail);
    *state->holder = '\0';
}

enum cron_claim cron_claim(struct cron_state *state, const struct cron_schedule *schedule,
                           const char *owner, int64_t now_us, uint64_t random)
{
    const bool has_died = is_held(state);

    if (!cron_is_due(state, now_us))
        return CRON_NOT_DUE;
    if (has_died) {
        end(state, "died", state->holder, state->until_us);
        if (++state->failures > CRON_TAKEOVERS_MAX) {
            put_off(state, schedule, now_us, random);
            return CRON_PUT_OFF;
        }
    }
    snprintf(state->holder, sizeof state->holder, "%s", owner);
    state->fence++;
    state->until_us = now_us + CRON_LEASE_US;
    state->slot_us = cron_slot_at(schedule, now_us);
    state->started_us = now_us;
    return has_died ? CRON_TAKEN_OVER : CRON_CLAIMED;
}

void cron_succeed(struct cron_state *state, const struct cron_schedule *schedule, int64_t now_us)
{
    end(state, "ok", "", now_us);
    state->succeeded_us = now_us;
    state->failures = 0;
    state->next_us = cron_slot_after(schedule, state->slot_us);
}

void cron_fail(struct cron_state *state, const struct cron_schedule *schedule,
               const struct status *why, int64_t now_us, uint64_t random)
{
    char detail[CRON_DETAIL_MAX];

    snprintf(detail, sizeof detail, "%s %s: %s", code_name(why->code),
             why->reason ? why->reason : "-", why->detail);
    end(state, "failed", detail, now_us);
    state->failures++;
    put_off(state, schedule, now_us, random);
}

void cron_hand_over(struct cron_state *state, int64_t now_us)
{
    end(state, "handed over", "", now_us);
}
