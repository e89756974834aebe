#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"

enum { FIRST_BLOCK = 4096 - 64, ALIGNMENT = 16 };

struct block {
    struct block *older;
    size_t size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct block *newest; /* NULL until memory is asked for */
    size_t filled;        /* of the newest block */
    size_t used;
    size_t limit;
};

static struct block *block_new(size_t size, struct block *older)
{
    struct block *block = mem_alloc(sizeof *block + size);
    block->older = older;
    block->size = size;
    return block;
}

struct arena *arena_new(size_t limit)
{
    struct arena *arena = mem_new(struct arena);
    arena->limit = limit;
    return arena;
}

/* A first block of the usual size stays, for the next user. */
void arena_reset(struct arena *arena)
{
    while (arena->newest && arena->newest->size > FIRST_BLOCK) {
        struct block *block = arena->newest;
        arena->newest = block->older;
        mem_free(block);
    }
    arena->filled = 0;
    arena->used = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    mem_free(arena->newest);
    mem_free(arena);
}

void arena_freep(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

static void grow(struct arena *arena, size_t room)
{
    const size_t usual = arena->newest ? arena->newest->size * 2 : FIRST_BLOCK;

    arena->newest = block_new(room > usual ? room : usual, arena->newest);
    arena->filled = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > arena->limit - arena->used)
        BUG("arena limit of %zu bytes passed by %zu", arena->limit, size);

    const size_t room = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!arena->newest || room > arena->newest->size - arena->filled)
        grow(arena, room);
    void *memory = arena->newest->bytes + arena->filled;
    arena->filled += room;
    arena->used += size;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        BUG("an array of %zu times %zu bytes", count, size);
    return arena_zalloc(arena, bytes);
}

void *arena_dup(struct arena *arena, const void *memory, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size)
        memcpy(copy, memory, size);
    return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        BUG("cannot format \"%s\"", format);

    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

size_t arena_left(const struct arena *arena)
{
    return arena->limit - arena->used;
}
