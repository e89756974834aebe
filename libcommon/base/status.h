#pragma once

/*
 * status: how a call went. A value, owns nothing, safe to copy.
 *
 * `code` is for machines that know only gRPC, `reason` is what clients branch on, `detail` is for
 * people. Codes equal gRPC's (google/rpc/code.proto). A reason is a string literal in UPPER_SNAKE,
 * declared in a .proto.
 */

#include <stdbool.h>

#include "base/attributes.h"

enum code {
    CODE_OK = 0,
    CODE_CANCELLED = 1,
    CODE_UNKNOWN = 2,
    CODE_INVALID_ARGUMENT = 3,
    CODE_DEADLINE_EXCEEDED = 4,
    CODE_NOT_FOUND = 5,
    CODE_ALREADY_EXISTS = 6,
    CODE_PERMISSION_DENIED = 7,
    CODE_RESOURCE_EXHAUSTED = 8,
    CODE_FAILED_PRECONDITION = 9,
    CODE_ABORTED = 10,
    CODE_OUT_OF_RANGE = 11,
    CODE_UNIMPLEMENTED = 12,
    CODE_INTERNAL = 13,
    CODE_UNAVAILABLE = 14,
    CODE_DATA_LOSS = 15,
    CODE_UNAUTHENTICATED = 16,
};

enum { CODE_COUNT = 17 };

struct status {
    enum code code;
    const char *reason; /* literal; NULL where only the code is known */
    char detail[104];   /* cut off with "..." when longer */
};

#define STATUS_OK ((struct status){.code = CODE_OK})

/* `code` is any but CODE_OK. */
MUST_USE struct status status_error(enum code code, const char *reason, const char *format, ...)
    PRINTF(3, 4);

#ifdef __clang_analyzer__
/* What an analyser of one file cannot see: an error is never OK. */
#define status_error(...) status_error_is_one(status_error(__VA_ARGS__))
static inline struct status status_error_is_one(struct status st)
{
    if (st.code == CODE_OK)
        __builtin_unreachable();
    return st;
}
#endif

static inline bool status_ok(const struct status *st)
{
    return st->code == CODE_OK;
}

/* Same reason: compares the text, so that a reason that came over the wire equals our literal. */
MUST_USE bool status_is(const struct status *st, const char *reason);

/*
 * The outcome is unknown or passing, and the same call under the same request id may succeed later:
 * UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED, RESOURCE_EXHAUSTED. Anything else is a definite answer.
 */
MUST_USE bool status_may_retry(const struct status *st);

/*
 * A definite no: the call was understood, refused, and changed nothing. Not so INTERNAL, CANCELLED,
 * UNKNOWN and what status_may_retry: after those nobody knows.
 */
MUST_USE bool status_is_refusal(const struct status *st);

/* "INVALID_ARGUMENT" for CODE_INVALID_ARGUMENT; "CODE_77" is never seen, unknown values read
 * "UNKNOWN". */
const char *code_name(enum code code);

/* Says in the source why a failure does not matter here. */
static inline void status_ignore(struct status st, const char *why)
{
    (void)st;
    (void)why;
}

/* Hands a failure on to the caller. The only macro here that hides a return. */
#define TRY(expr)                           \
    do {                                    \
        struct status try_status_ = (expr); \
        if (!status_ok(&try_status_))       \
            return try_status_;             \
    } while (0)

/* A broken invariant: says where and what on standard error, runs the crash hook (tasks and what
 * they wait for), aborts. */
#define BUG(...)        bug_at(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(is_true) ((is_true) ? BUG("%s", #is_true) : (void)0)

NORETURN void bug_at(const char *file, int line, const char *format, ...) PRINTF(3, 4);

/* Called by BUG() before it aborts, once. */
void bug_set_hook(void (*hook)(void));
