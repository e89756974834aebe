#pragma once

/*
 * fsm: state machines as tables. A row says: in this state, on this event, if the guard allows, go
 * there. What is not in the table is refused. Pure; saving the change is a compare-and-set by the
 * caller.
 *
 * Source: DESIGN 4 (state machines are const tables), 002 chapter 3.1.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

struct fsm_rule {
    int from;
    int event;
    int to;
    /* May the subject pass? NULL: always. The first row that fits decides. */
    bool (*guard)(const void *subject);
};

struct fsm {
    const char *name;
    const char *(*state_name)(int state);
    const char *(*event_name)(int event);
    const struct fsm_rule *rules;
    size_t rule_count;
};

/* FAILED_PRECONDITION ILLEGAL_TRANSITION where no row fits. */
MUST_USE struct status fsm_next(const struct fsm *fsm, int state, int event, const void *subject,
                                int *ret_state);
