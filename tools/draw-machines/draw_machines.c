/*
 * Prints docs/state-machines.md: every state machine as Mermaid draws it, from the tables that the
 * services run by. `make docs` writes the file, `make lint` compares it.
 */
#include <stdio.h>

#include "base/fsm.h"
#include "svc-inventory/reservation.h"
#include "svc-listing/item.h"
#include "svc-listing/listing.h"
#include "svc-order/order_status.h"

static const struct {
    const struct fsm *fsm;
    const char *file;
} machines[] = {
    {&listing_fsm, "svc-listing/listing.c"},
    {&item_fsm, "svc-listing/item.c"},
    {&reservation_fsm, "svc-inventory/reservation.c"},
    {&order_fsm, "svc-order/order_status.c"},
    {&payment_fsm, "svc-order/order_status.c"},
    {&fulfilment_fsm, "svc-order/order_status.c"},
    {&refund_fsm, "svc-order/order_status.c"},
};

/* Is there a way to it (or out of it) from (or to) another state? */
static bool has_way(const struct fsm *fsm, int state, bool out)
{
    for (size_t i = 0; i < fsm->rule_count; i++) {
        const struct fsm_rule *rule = &fsm->rules[i];
        if (rule->from != rule->to && (out ? rule->from : rule->to) == state)
            return true;
    }
    return false;
}

/* The first rule that speaks of a state draws what is said once of it. */
static bool is_first(const struct fsm *fsm, size_t rule, int state)
{
    for (size_t i = 0; i < rule; i++)
        if (fsm->rules[i].from == state || fsm->rules[i].to == state)
            return false;
    return true;
}

static void draw_ends(const struct fsm *fsm, size_t rule, int state)
{
    if (!is_first(fsm, rule, state))
        return;
    if (!has_way(fsm, state, false))
        printf("    [*] --> %s\n", fsm->state_name(state));
    if (!has_way(fsm, state, true))
        printf("    %s --> [*]\n", fsm->state_name(state));
}

static void draw(const struct fsm *fsm, const char *file)
{
    printf("\n## %s\n\n`%s`\n\n```mermaid\nstateDiagram-v2\n", fsm->name, file);
    for (size_t i = 0; i < fsm->rule_count; i++) {
        const struct fsm_rule *rule = &fsm->rules[i];
        draw_ends(fsm, i, rule->from);
        if (rule->to != rule->from)
            draw_ends(fsm, i, rule->to);
        printf("    %s --> %s: %s%s\n", fsm->state_name(rule->from), fsm->state_name(rule->to),
               fsm->event_name(rule->event), rule->guard ? " [guarded]" : "");
    }
    printf("```\n");
}

int main(void)
{
    printf("# State machines\n\n"
           "Made from the tables in the code by `make docs`; what is not drawn is refused with\n"
           "`ILLEGAL_TRANSITION`. An arrow is named after its event; one from a state to itself is "
           "an\n"
           "event that may come again.\n");
    for (size_t i = 0; i < ARRAY_LEN(machines); i++)
        draw(machines[i].fsm, machines[i].file);
    return 0;
}
