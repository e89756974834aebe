#include "observe/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"

static struct trace_context process_context;
static _Thread_local struct trace_context *current;
static unsigned sampled_roots_per_10000;

struct trace_context *trace_current(void)
{
    return current ? current : &process_context;
}

void trace_set_current(struct trace_context *context)
{
    current = context;
}

static void random_bytes(uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        const uint64_t bits = random_u64();
        memcpy(to + i, &bits, sizeof bits);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool parse_hex(const char *text, uint8_t *to, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
        any |= to[i];
    }
    return any; /* all zero is "no id" */
}

/*
 * Version 00 ends after the flags; a later one may go on behind a dash, and is read as far as 00
 * goes.
 */
static bool has_known_form(const char *text)
{
    const size_t length = strnlen(text, TRACEPARENT_LENGTH + 1);
    const int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
    const int version = low < 0 ? 0xff : high << 4 | low; /* ff is none */

    if (version == 0xff || length < TRACEPARENT_LENGTH || text[2] != '-' || text[35] != '-' ||
        text[52] != '-')
        return false;
    return length == TRACEPARENT_LENGTH || (version > 0 && text[TRACEPARENT_LENGTH] == '-');
}

static bool parse_parent(const char *text, struct trace_context *ret)
{
    struct trace_context parsed = *ret;

    if (!text || !has_known_form(text))
        return false;
    if (!parse_hex(text + 3, parsed.trace_id, sizeof parsed.trace_id) ||
        !parse_hex(text + 36, parsed.span_id, sizeof parsed.span_id))
        return false;
    const int high = hex_digit(text[53]), low = hex_digit(text[54]);
    if (high < 0 || low < 0)
        return false;
    parsed.sampled = low & 1;
    *ret = parsed;
    return true;
}

void trace_sample_roots(unsigned per_10000)
{
    sampled_roots_per_10000 = per_10000;
}

static bool is_root_sampled(void)
{
    return sampled_roots_per_10000 && random_u64() % 10000 < sampled_roots_per_10000;
}

void trace_enter(struct trace_context *context, const char *traceparent)
{
    if (parse_parent(traceparent, context)) {
        memcpy(context->parent_id, context->span_id, sizeof context->parent_id);
    } else {
        random_bytes(context->trace_id, sizeof context->trace_id);
        memset(context->parent_id, 0, sizeof context->parent_id);
        context->sampled = is_root_sampled();
    }
    random_bytes(context->span_id, sizeof context->span_id);
}

void trace_set_request_id(struct trace_context *context, const char *text)
{
    size_t length = 0;

    for (; text && *text && length < TRACE_REQUEST_ID_MAX; text++)
        if (*text > ' ' && *text < 127 && *text != '"' && *text != '\\')
            context->request_id[length++] = *text;
    context->request_id[length] = '\0';
    if (length)
        return;

    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    str_hex(context->request_id, bytes, sizeof bytes);
}

void trace_parent(const struct trace_context *context, char ret[TRACEPARENT_LENGTH + 1])
{
    char trace_id[33], span_id[17];

    *ret = '\0';
    if (!trace_is_set(context))
        return;
    str_hex(trace_id, context->trace_id, sizeof context->trace_id);
    str_hex(span_id, context->span_id, sizeof context->span_id);
    snprintf(ret, TRACEPARENT_LENGTH + 1, "00-%s-%s-%02x", trace_id, span_id, context->sampled);
}

bool trace_is_set(const struct trace_context *context)
{
    static const uint8_t none[16];
    return memcmp(context->trace_id, none, sizeof none) != 0;
}
