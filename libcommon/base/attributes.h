#pragma once

/*
 * Marks on prototypes and variables. They tell the compiler, and the reader, what a call promises.
 */

/* The result says whether it worked; dropping it is a bug. */
#define MUST_USE __attribute__((warn_unused_result))

/* May yield to the loop: other tasks run, shared state may have changed when it returns. */
#define SUSPENDS

#define PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define NORETURN                    __attribute__((noreturn))
#define UNUSED                      __attribute__((unused))

/* Calls `end(&variable)` when the variable goes out of scope, on every path. */
#define AUTO(end) __attribute__((cleanup(end), unused))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that `member` at `pointer` is part of. */
#define CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))
