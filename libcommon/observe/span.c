#include "observe/span.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"

static void (*keeper)(void *arg, const struct span *span);
static void *keeper_arg;

void span_to(void (*keep)(void *arg, const struct span *span), void *arg)
{
    keeper = keep;
    keeper_arg = arg;
}

static void start(struct span *span, struct trace_context *context, enum span_kind kind,
                  const char *name)
{
    *span = (struct span){
        .context = context,
        .kind = kind,
        .name = name,
        .start_unix_us = clock_unix_us(),
        .start_mono_us = clock_mono_us(),
    };
    memcpy(span->outer_id, context->span_id, sizeof span->outer_id);
}

void span_enter(struct span *span, struct trace_context *context, enum span_kind kind,
                const char *name)
{
    span->context = NULL;
    if (!keeper || !context->sampled)
        return;
    start(span, context, kind, name);
    memcpy(span->id, context->span_id, sizeof span->id);
    memcpy(span->parent_id, context->parent_id, sizeof span->parent_id);
}

void span_begin(struct span *span, enum span_kind kind, const char *name)
{
    struct trace_context *context = trace_current();

    span->context = NULL;
    if (!keeper || !context->sampled)
        return;
    start(span, context, kind, name);
    const uint64_t id = random_u64();
    memcpy(span->id, &id, sizeof span->id);
    memcpy(span->parent_id, context->span_id, sizeof span->parent_id);
    memcpy(context->span_id, span->id, sizeof context->span_id);
}

void span_detach(struct span *span, struct span *ret, struct trace_context *ret_context)
{
    ret->context = NULL;
    if (!span->context)
        return;
    *ret = *span;
    *ret_context = *span->context;
    ret->context = ret_context;
    memcpy(span->context->span_id, span->outer_id, sizeof span->outer_id);
    span->context = NULL;
}

void span_end(struct span *span)
{
    if (!span->context)
        return;
    memcpy(span->context->span_id, span->outer_id, sizeof span->outer_id);
    span->took_us = clock_mono_us() - span->start_mono_us;
    if (keeper)
        keeper(keeper_arg, span);
    span->context = NULL;
}

static void add(struct span *span, struct span_attribute attribute)
{
    if (span->context && span->attribute_count < SPAN_ATTRIBUTES_MAX)
        span->attributes[span->attribute_count++] = attribute;
}

void span_text(struct span *span, const char *key, const char *text)
{
    add(span, (struct span_attribute){.key = key, .text = text});
}

void span_number(struct span *span, const char *key, int64_t number)
{
    add(span, (struct span_attribute){.key = key, .number = number});
}

void span_status(struct span *span, const struct status *st)
{
    if (span->context)
        span->status = *st;
}
