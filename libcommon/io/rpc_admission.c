#include "io/rpc_admission.h"

enum {
    AVERAGED_OVER = 16, /* calls */
    WHOLE = 1000 * 1000,
    RETRY_AFTER_MOST_MS = 10 * 1000,
};

void rpc_admission_init(struct rpc_admission *admission, unsigned limit, size_t waiting_max)
{
    *admission = (struct rpc_admission){.limit = limit, .waiting_max = waiting_max};
}

static bool fits(const struct rpc_admission *admission, const struct rpc_ticket *ticket)
{
    return !admission->used || admission->used + ticket->weight <= admission->limit;
}

static void begin(struct rpc_admission *admission, struct rpc_ticket *ticket, int64_t now_us)
{
    admission->used += ticket->weight;
    ticket->begun_us = now_us;
}

/* How long the line takes to get so far, when calls take as long as those before. */
static int64_t wait_us(const struct rpc_admission *admission, unsigned weight)
{
    return admission->average_us * weight / admission->limit;
}

/* What a call takes once it is begun, when it is like those before. */
static int64_t needs_us(const struct rpc_admission *admission, const struct rpc_ticket *ticket)
{
    return ticket->allowed_us * admission->average_share / WHOLE;
}

static void append(struct rpc_admission *admission, struct rpc_ticket *ticket)
{
    ticket->next = NULL;
    ticket->waiting = true;
    if (admission->last)
        admission->last->next = ticket;
    else
        admission->first = ticket;
    admission->last = ticket;
    admission->waiting++;
    admission->weight_waiting += ticket->weight;
}

static void take_out(struct rpc_admission *admission, struct rpc_ticket *ticket)
{
    struct rpc_ticket *before = NULL;
    struct rpc_ticket *here = admission->first;

    while (here != ticket) {
        before = here;
        here = here->next;
    }
    if (before)
        before->next = ticket->next;
    else
        admission->first = ticket->next;
    if (admission->last == ticket)
        admission->last = before;
    ticket->waiting = false;
    admission->waiting--;
    admission->weight_waiting -= ticket->weight;
}

enum rpc_verdict rpc_admission_enter(struct rpc_admission *admission, struct rpc_ticket *ticket,
                                     int64_t now_us)
{
    ticket->entered_us = now_us;
    if (ticket->weight > admission->limit)
        ticket->weight = admission->limit;
    if (!admission->first && fits(admission, ticket)) {
        begin(admission, ticket, now_us);
        return RPC_BEGINS;
    }
    if (admission->waiting >= admission->waiting_max)
        return RPC_REFUSED;
    if (wait_us(admission, admission->weight_waiting + ticket->weight) +
            needs_us(admission, ticket) >=
        ticket->deadline_us - now_us)
        return RPC_REFUSED;
    append(admission, ticket);
    return RPC_WAITS;
}

static void learn(struct rpc_admission *admission, int64_t took_us, int64_t allowed_us)
{
    const int64_t share = took_us < allowed_us ? took_us * WHOLE / allowed_us : WHOLE;

    if (!admission->average_us) {
        admission->average_us = took_us;
        admission->average_share = share;
        return;
    }
    admission->average_us += (took_us - admission->average_us) / AVERAGED_OVER;
    admission->average_share += (share - admission->average_share) / AVERAGED_OVER;
}

void rpc_admission_leave(struct rpc_admission *admission, const struct rpc_ticket *ticket,
                         int64_t now_us)
{
    admission->used -= ticket->weight;
    if (ticket->worked)
        learn(admission, now_us - ticket->begun_us, ticket->allowed_us);
}

struct rpc_ticket *rpc_admission_next(struct rpc_admission *admission, int64_t now_us)
{
    struct rpc_ticket *first = admission->first;

    if (!first || !fits(admission, first))
        return NULL;
    take_out(admission, first);
    begin(admission, first, now_us);
    return first;
}

struct rpc_ticket *rpc_admission_doomed(struct rpc_admission *admission, int64_t now_us)
{
    struct rpc_ticket *first = admission->first;

    if (!first || !fits(admission, first) ||
        first->deadline_us - now_us > needs_us(admission, first))
        return NULL;
    take_out(admission, first);
    return first;
}

void rpc_admission_abandon(struct rpc_admission *admission, struct rpc_ticket *ticket)
{
    take_out(admission, ticket);
}

struct rpc_ticket *rpc_admission_late(struct rpc_admission *admission, int64_t now_us)
{
    struct rpc_ticket *ticket = admission->first;

    while (ticket && ticket->deadline_us > now_us)
        ticket = ticket->next;
    if (ticket)
        take_out(admission, ticket);
    return ticket;
}

int64_t rpc_admission_soonest_us(const struct rpc_admission *admission)
{
    int64_t soonest_us = INT64_MAX;

    for (const struct rpc_ticket *ticket = admission->first; ticket; ticket = ticket->next)
        if (ticket->deadline_us < soonest_us)
            soonest_us = ticket->deadline_us;
    return soonest_us;
}

int64_t rpc_admission_retry_after_ms(const struct rpc_admission *admission)
{
    const int64_t ms = wait_us(admission, admission->weight_waiting) / 1000;

    return ms < RPC_RETRY_AFTER_LEAST_MS ? RPC_RETRY_AFTER_LEAST_MS
           : ms > RETRY_AFTER_MOST_MS    ? RETRY_AFTER_MOST_MS
                                         : ms;
}
