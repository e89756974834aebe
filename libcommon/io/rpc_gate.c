/*
 * Who comes in: calls of a contract pass the gate of their service, the others go straight to a
 * task.
 */
#include "base/clock.h"
#include "io/rpc_server_internal.h"
#include "run/loop.h"
#include "run/task.h"

static int64_t to_mono_us(gpr_timespec deadline)
{
    const gpr_timespec infinite = gpr_inf_future(deadline.clock_type);

    if (gpr_time_cmp(deadline, infinite) == 0)
        return TASK_NO_DEADLINE;
    const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    return clock_mono_us() + left.tv_sec * CLOCK_US_PER_S + left.tv_nsec / 1000;
}

static int64_t allowed_us(const struct server_call *call)
{
    return call->method->contract->deadline_ms * CLOCK_US_PER_MS;
}

/* The client's deadline, at most the contract's. */
static int64_t deadline_of(const struct server_call *call, int64_t now_us)
{
    const int64_t most_us = now_us + allowed_us(call);
    const int64_t asked_us = to_mono_us(call->asked_deadline);

    return asked_us < most_us ? asked_us : most_us;
}

static struct rpc_admission *gate_of(const struct server_call *call)
{
    return &call->method->of->admission;
}

static bool has_gate(const struct server_call *call)
{
    return call->method && call->method->of;
}

/* Instead of a task. Gives up its reference. */
static void refuse(struct server_call *call)
{
    const struct status st =
        status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "too many calls at once");
    const struct error_details details = {
        .retry_after_ms = has_gate(call) ? rpc_admission_retry_after_ms(gate_of(call))
                                         : RPC_RETRY_AFTER_LEAST_MS};

    if (has_gate(call))
        rpc_report_end(call, "", &st);
    rpc_call_finish(call, &st, "souk.common", &details, NULL);
    rpc_call_release(call);
}

static bool streams(const struct server_call *call)
{
    return call->method->stream_handler;
}

/* From a call that did its work: refusals before its handler take no time at all. */
static void learn(const struct server_call *call, unsigned used, int64_t now_us)
{
    struct served_service *of = call->method->of;

    if (!call->ticket.worked)
        return;
    concurrency_limit_ended(&of->limit, used, now_us - call->ticket.begun_us,
                            call->ticket.allowed_us, now_us);
    if (of->limit.limit == of->admission.limit)
        return;
    of->admission.limit = of->limit.limit;
    rpc_report_limit(of);
}

/* A stream lasts: it does not take the place of calls, and its place is not worth waiting for. */
static void give_back(struct server_call *call, int64_t now_us)
{
    const unsigned used = gate_of(call)->used;

    if (streams(call))
        call->method->of->streams--;
    else {
        rpc_admission_leave(gate_of(call), &call->ticket, now_us);
        learn(call, used, now_us);
    }
}

static void begin(struct server_call *call)
{
    if (task_go(call->method ? call->method->path : "unknown method", rpc_serve, call))
        return;
    if (has_gate(call))
        give_back(call, clock_mono_us());
    refuse(call);
}

static enum rpc_verdict ask(struct server_call *call, int64_t now_us)
{
    struct served_service *of = call->method->of;

    if (!streams(call)) {
        const enum rpc_verdict verdict = rpc_admission_enter(&of->admission, &call->ticket, now_us);
        concurrency_limit_used(&of->limit, of->admission.used, verdict != RPC_BEGINS);
        return verdict;
    }
    call->ticket.entered_us = call->ticket.begun_us = now_us;
    if (of->streams >= (size_t)call->server->options->rpc_streams)
        return RPC_REFUSED;
    of->streams++;
    return RPC_BEGINS;
}

static void watch_lateness(struct rpc_server *server, int64_t late_at_us, int64_t now_us)
{
    if (late_at_us >= server->late_at_us)
        return;
    server->late_at_us = late_at_us;
    loop_timer_start(server->lateness, late_at_us - now_us);
}

void rpc_gate_enter(struct server_call *call)
{
    if (!has_gate(call)) {
        begin(call);
        return;
    }
    const int64_t now_us = clock_mono_us();
    call->arrived_unix_us = clock_unix_us();
    call->ticket = (struct rpc_ticket){
        .weight = call->method->contract->weight,
        .allowed_us = allowed_us(call),
        .deadline_us = deadline_of(call, now_us),
    };
    rpc_report_arrival(call);
    switch (ask(call, now_us)) {
    case RPC_BEGINS: begin(call); break;
    case RPC_WAITS: watch_lateness(call->server, call->ticket.deadline_us, now_us); break;
    case RPC_REFUSED: refuse(call); break;
    }
}

/* A place is free, or the first in line is gone and the next may need a smaller one. */
static void begin_next(struct rpc_admission *admission, int64_t now_us)
{
    struct rpc_ticket *next;

    for (;;) {
        while ((next = rpc_admission_doomed(admission, now_us)))
            refuse(CONTAINER_OF(next, struct server_call, ticket));
        next = rpc_admission_next(admission, now_us);
        if (!next)
            return;
        begin(CONTAINER_OF(next, struct server_call, ticket));
    }
}

void rpc_gate_leave(struct server_call *call)
{
    const int64_t now_us = clock_mono_us();

    if (!has_gate(call))
        return;
    give_back(call, now_us);
    begin_next(gate_of(call), now_us);
}

void rpc_gate_abandon(struct server_call *call)
{
    const struct status st = status_error(CODE_CANCELLED, "CANCELLED", "gave up in the line");
    struct rpc_admission *admission = gate_of(call);

    rpc_admission_abandon(admission, &call->ticket);
    rpc_report_end(call, "", &st);
    rpc_call_release(call);
    begin_next(admission, clock_mono_us());
}

/* Without a client's deadline nobody but we ends the wait. */
void rpc_gate_refuse_late(void *arg)
{
    struct rpc_server *server = arg;
    const int64_t now_us = clock_mono_us();
    int64_t soonest_us = INT64_MAX;
    struct rpc_ticket *late;

    server->late_at_us = INT64_MAX;
    for (size_t i = 0; i < server->service_count; i++) {
        struct rpc_admission *admission = &server->services[i].admission;
        while ((late = rpc_admission_late(admission, now_us)))
            refuse(CONTAINER_OF(late, struct server_call, ticket));
        begin_next(admission, now_us);
        const int64_t its_us = rpc_admission_soonest_us(admission);
        soonest_us = its_us < soonest_us ? its_us : soonest_us;
    }
    watch_lateness(server, soonest_us, now_us);
}
