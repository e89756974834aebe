#pragma once

/*
 * arena: memory that lives as long as one request and is given back at once.
 *
 * Grows by blocks up to a limit that the owner sets; asking for more than the limit is a bug,
 * because what comes from outside is bounded before it is copied here. Nothing is freed singly. Not
 * shared between threads.
 */

#include <stddef.h>

#include "base/attributes.h"

struct arena;

MUST_USE struct arena *arena_new(size_t limit);
void arena_free(struct arena *arena); /* NULL is fine */
void arena_freep(struct arena **arena);

/* Gives everything back but the first block. */
void arena_reset(struct arena *arena);

/* Gives back what was asked for since the mark: for what is tried again and again in one arena. */
struct arena_mark {
    const void *block;
    size_t filled;
    size_t used;
};

MUST_USE struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Aligned for any type. Never NULL. */
MUST_USE void *arena_alloc(struct arena *arena, size_t size);
MUST_USE void *arena_zalloc(struct arena *arena, size_t size);
/* Zeroed; a product that does not fit is a bug. */
MUST_USE void *arena_calloc(struct arena *arena, size_t count, size_t size);
MUST_USE void *arena_dup(struct arena *arena, const void *memory, size_t size);
MUST_USE char *arena_strdup(struct arena *arena, const char *text);
MUST_USE char *arena_strndup(struct arena *arena, const char *text, size_t length);
MUST_USE char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);

/* Bytes handed out since the start or the last reset. */
MUST_USE size_t arena_used(const struct arena *arena);
/* Bytes that may still be asked for: the bound for what comes from outside. */
MUST_USE size_t arena_left(const struct arena *arena);

/* A zeroed struct, and a zeroed array. */
#define arena_new_of(arena, type)          ((type *)arena_zalloc(arena, sizeof(type)))
#define arena_array_of(arena, type, count) ((type *)arena_calloc(arena, count, sizeof(type)))
