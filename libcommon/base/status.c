#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void (*bug_hook)(void);

static void format_detail(char *to, size_t size, const char *format, va_list args)
{
    const int length = vsnprintf(to, size, format, args);
    if (length < 0)
        to[0] = '\0';
    else if ((size_t)length >= size) {
        to[size - 4] = '\0';
        str_trim_utf8(to);
        memcpy(to + strlen(to), "...", sizeof "...");
    }
}

struct status(status_error)(enum code code, const char *reason, const char *format, ...)
{
    struct status st = {.code = code, .reason = reason};
    va_list args;

    BUG_ON(code == CODE_OK);
    va_start(args, format);
    format_detail(st.detail, sizeof st.detail, format, args);
    va_end(args);
    return st;
}

bool status_is(const struct status *st, const char *reason)
{
    return st->reason && strcmp(st->reason, reason) == 0;
}

bool status_may_retry(const struct status *st)
{
    switch (st->code) {
    case CODE_UNAVAILABLE:
    case CODE_DEADLINE_EXCEEDED:
    case CODE_ABORTED:
    case CODE_RESOURCE_EXHAUSTED: return true;
    default: return false;
    }
}

bool status_is_refusal(const struct status *st)
{
    switch (st->code) {
    case CODE_INVALID_ARGUMENT:
    case CODE_NOT_FOUND:
    case CODE_ALREADY_EXISTS:
    case CODE_PERMISSION_DENIED:
    case CODE_FAILED_PRECONDITION:
    case CODE_OUT_OF_RANGE:
    case CODE_UNIMPLEMENTED:
    case CODE_UNAUTHENTICATED: return true;
    default: return false;
    }
}

const char *code_name(enum code code)
{
    static const char *const names[] = {
        [CODE_OK] = "OK",
        [CODE_CANCELLED] = "CANCELLED",
        [CODE_UNKNOWN] = "UNKNOWN",
        [CODE_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
        [CODE_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
        [CODE_NOT_FOUND] = "NOT_FOUND",
        [CODE_ALREADY_EXISTS] = "ALREADY_EXISTS",
        [CODE_PERMISSION_DENIED] = "PERMISSION_DENIED",
        [CODE_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
        [CODE_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
        [CODE_ABORTED] = "ABORTED",
        [CODE_OUT_OF_RANGE] = "OUT_OF_RANGE",
        [CODE_UNIMPLEMENTED] = "UNIMPLEMENTED",
        [CODE_INTERNAL] = "INTERNAL",
        [CODE_UNAVAILABLE] = "UNAVAILABLE",
        [CODE_DATA_LOSS] = "DATA_LOSS",
        [CODE_UNAUTHENTICATED] = "UNAUTHENTICATED",
    };
    if ((unsigned)code >= ARRAY_LEN(names))
        return "UNKNOWN";
    return names[code];
}

void bug_set_hook(void (*hook)(void))
{
    bug_hook = hook;
}

void bug_at(const char *file, int line, const char *format, ...)
{
    void (*hook)(void) = bug_hook;
    va_list args;

    fprintf(stderr, "BUG at %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);

    bug_hook = NULL; /* a hook that hits a bug itself must not come back here */
    if (hook)
        hook();
    abort();
}
