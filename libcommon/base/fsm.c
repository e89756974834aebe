#include "base/fsm.h"

struct status fsm_next(const struct fsm *fsm, int state, int event, const void *subject,
                       int *ret_state)
{
    for (size_t i = 0; i < fsm->rule_count; i++) {
        const struct fsm_rule *rule = &fsm->rules[i];
        if (rule->from != state || rule->event != event)
            continue;
        if (rule->guard && !rule->guard(subject))
            continue;
        *ret_state = rule->to;
        return STATUS_OK;
    }
    return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION", "%s: no %s from %s",
                        fsm->name, fsm->event_name(event), fsm->state_name(state));
}
