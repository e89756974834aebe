/*
 * What is told of a contract's calls: metrics, and a line in the log for each.
 */
#include <xxhash.h>

#include "base/clock.h"
#include "io/rpc_server_internal.h"
#include "observe/log.h"
#include "observe/trace.h"

void rpc_report_start(struct rpc_server *server)
{
    server->metrics = (struct rpc_metrics){
        .calls =
            metric_family(METRIC_COUNTER, "souk_rpc_calls_total", "method,code", "Calls answered"),
        .durations = metric_family(METRIC_HISTOGRAM, "souk_rpc_duration_seconds", "method",
                                   "From the arrival of a call to its answer"),
        .waits = metric_family(METRIC_HISTOGRAM, "souk_rpc_queue_seconds", "method",
                               "From the arrival of a call to its turn"),
        .in_flight = metric_family(METRIC_GAUGE, "souk_rpc_calls_in_flight", "method",
                                   "Calls that have come and are not answered"),
        .rate_limited = metric_family(METRIC_COUNTER, "souk_rpc_rate_limited_total", "method",
                                      "Calls refused because their caller made too many"),
        .limit = metric_family(METRIC_GAUGE, "souk_rpc_concurrency_limit", "service",
                               "Calls, by weight, that are worked on at a time at the most"),
    };
}

void rpc_report_limit(struct served_service *of)
{
    metric_set(of->limit_shown, of->admission.limit);
}

void rpc_report_service(const struct rpc_server *server, struct served_service *of)
{
    of->limit_shown = metric_series(server->metrics.limit, of->service->name);
    rpc_report_limit(of);
}

void rpc_report_method(const struct rpc_server *server, struct served_method *method)
{
    const char *name = method->contract->name;

    method->duration = metric_series(server->metrics.durations, name);
    method->wait = metric_series(server->metrics.waits, name);
    method->in_flight = metric_series(server->metrics.in_flight, name);
    method->rate_limited = metric_series(server->metrics.rate_limited, name);
}

static void count(struct server_call *call, enum code code)
{
    struct metric **metric =
        &call->method->calls[(unsigned)code < CODE_COUNT ? code : CODE_UNKNOWN];

    if (!*metric)
        *metric = metric_series(call->server->metrics.calls, call->method->contract->name,
                                code_name(code));
    metric_add(*metric, 1);
}

/* All calls of a trace, or none. */
static bool is_sampled(const struct rpc_server *server)
{
    const uint64_t one_of = (uint64_t)server->options->rpc_log_one_of;
    const uint8_t *id = trace_current()->trace_id;

    return one_of && XXH3_64bits(id, sizeof trace_current()->trace_id) % one_of == 0;
}

static bool is_slow(const struct rpc_server *server, int64_t took_us)
{
    return took_us >= server->options->rpc_log_slow_ms * CLOCK_US_PER_MS;
}

static enum log_level level_of(const struct rpc_server *server, enum code code, int64_t took_us)
{
    if (code == CODE_INTERNAL || code == CODE_UNKNOWN)
        return LOG_ERROR;
    if (code != CODE_OK || is_slow(server, took_us) || is_sampled(server))
        return LOG_INFO;
    return LOG_DEBUG;
}

/* From its arrival to its turn; of those whose turn never came, to their end. */
static int64_t waited_us(const struct server_call *call, int64_t now_us)
{
    const struct rpc_ticket *ticket = &call->ticket;
    return (ticket->begun_us ? ticket->begun_us : now_us) - ticket->entered_us;
}

void rpc_report_arrival(struct server_call *call)
{
    metric_add(call->method->in_flight, 1);
}

void rpc_report_end(struct server_call *call, const char *caller, const struct status *st)
{
    const int64_t now_us = clock_mono_us();
    const int64_t took_us = now_us - call->ticket.entered_us;
    const int64_t queued_us = waited_us(call, now_us);
    struct served_method *method = call->method;

    count(call, st->code);
    metric_add(method->in_flight, -1);
    metric_observe(method->duration, (double)took_us / CLOCK_US_PER_S);
    metric_observe(method->wait, (double)queued_us / CLOCK_US_PER_S);
    log_at(level_of(call->server, st->code, took_us), "call", LOG_STR("method", method->path),
           LOG_STR("caller", caller), LOG_I64("took_us", took_us), LOG_I64("queued_us", queued_us),
           LOG_I64("in_bytes", (int64_t)call->in_bytes),
           LOG_I64("out_bytes", (int64_t)call->out_bytes), LOG_STATUS(*st));
}
