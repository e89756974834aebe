#pragma once

/*
 * span: a piece of work with its time, as part of a trace. Who keeps the spans is said once
 * (span_to); while nobody does, or the trace is not sampled, all of this costs a look at two
 * variables.
 *
 *     AUTO(span_end) struct span span;
 *     span_begin(&span, SPAN_CLIENT, "GET");
 *     span_text(&span, "url.path", path);
 *
 * It begins right after its declaration: span_end looks at what span_begin has set.
 *
 * Never put a secret, a token, a value of a statement or a body into an attribute. Texts are kept,
 * not copied: they live until the span ends.
 *
 * Source: OpenTelemetry, semantic conventions 1.27 for names of attributes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "observe/trace.h"

enum { SPAN_ATTRIBUTES_MAX = 6 };

/* The numbers of OTLP. */
enum span_kind {
    SPAN_INTERNAL = 1,
    SPAN_SERVER = 2,
    SPAN_CLIENT = 3,
    SPAN_PRODUCER = 4,
    SPAN_CONSUMER = 5,
};

struct span_attribute {
    const char *key;
    const char *text; /* NULL: a number */
    int64_t number;
};

struct span {
    struct trace_context *context; /* NULL: not recorded, the rest is not set */
    uint8_t outer_id[8];           /* what the context goes back to */
    uint8_t id[8], parent_id[8];
    enum span_kind kind;
    const char *name;
    int64_t start_unix_us;
    int64_t start_mono_us;
    int64_t took_us; /* set at the end */
    struct status status;
    size_t attribute_count;
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
};

/*
 * The span that trace_enter made for what came in from outside, on the running task's context or on
 * one of the caller's.
 */
void span_enter(struct span *span, struct trace_context *context, enum span_kind kind,
                const char *name);
/* A span within the running task's; until its end it is the parent of what follows in the task. */
void span_begin(struct span *span, enum span_kind kind, const char *name);
/*
 * The span goes on in `ret`, on `ret_context`, which are one owner's: what follows in the task is
 * not within it. For what outlasts the function that began it; the end of `span` means nothing then.
 */
void span_detach(struct span *span, struct span *ret, struct trace_context *ret_context);
/* Hands it over to who keeps spans. */
void span_end(struct span *span);

static inline bool span_is_recorded(const struct span *span)
{
    return span->context;
}

/* More than SPAN_ATTRIBUTES_MAX are dropped. */
void span_text(struct span *span, const char *key, const char *text);
void span_number(struct span *span, const char *key, int64_t number);
/* Any but OK marks the span as failed; `st` is copied. */
void span_status(struct span *span, const struct status *st);

/* `keep` copies what it needs. NULL: nobody keeps spans. */
void span_to(void (*keep)(void *arg, const struct span *span), void *arg);
