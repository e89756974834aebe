#pragma once

/*
 * trace: for whom the process works right now. Every task carries a context by value; log lines,
 * outgoing calls and events take it from here. Tasks that are spawned inherit it.
 *
 * Source: W3C Trace Context, level 1 (traceparent).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum { TRACE_REQUEST_ID_MAX = 64, TRACEPARENT_LENGTH = 55 };

struct trace_context {
    uint8_t trace_id[16]; /* all zero: no trace */
    uint8_t span_id[8];
    uint8_t parent_id[8]; /* of the span that trace_enter made; all zero: it is the root */
    bool sampled;         /* its spans are recorded, here and by whoever is called */
    char request_id[TRACE_REQUEST_ID_MAX + 1]; /* x-request-id, printable ASCII */
};

/* Of the running task; outside of tasks the process's own. Never NULL. */
struct trace_context *trace_current(void);
/* For the scheduler: NULL goes back to the process's own. */
void trace_set_current(struct trace_context *context);

/*
 * Of so many traces in 10,000 that begin here spans are recorded (0 at first). A trace that comes in
 * was decided on by who began it.
 */
void trace_sample_roots(unsigned per_10000);

/* Takes over a caller's traceparent; anything malformed starts a new trace. The span is a new one
 * in both cases. */
void trace_enter(struct trace_context *context, const char *traceparent);
/* `text` of another system as the request id, cleaned to printable ASCII and cut; NULL or "" makes
 * one. */
void trace_set_request_id(struct trace_context *context, const char *text);

/* Writes "00-<trace id>-<span id>-<flags>"; "" when there is no trace. */
void trace_parent(const struct trace_context *context, char ret[TRACEPARENT_LENGTH + 1]);
bool trace_is_set(const struct trace_context *context);
