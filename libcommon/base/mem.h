#pragma once

/*
 * mem: memory that is there or the process is not. Running out of memory aborts: a half-served
 * request is worse than a restart, and every path that could grow without limit is bounded before
 * it gets here.
 */

#include <stddef.h>

#include "base/attributes.h"

MUST_USE void *mem_alloc(size_t size);
MUST_USE void *mem_zalloc(size_t size);               /* filled with zeros */
MUST_USE void *mem_calloc(size_t count, size_t size); /* aborts when count * size overflows */
MUST_USE void *mem_realloc(void *memory, size_t size);
MUST_USE void *mem_dup(const void *memory, size_t size);
MUST_USE char *mem_strdup(const char *text);
MUST_USE char *mem_printf(const char *format, ...) PRINTF(1, 2);
void mem_free(void *memory); /* NULL is fine */
/* Never freed, on purpose, with what it leads to: LeakSanitizer is told. */
void mem_abandon(const void *memory);

/* For AUTO on a pointer: `AUTO(mem_freep) char *text`. */
void mem_freep(void *pointer_to_pointer);

/* A zeroed struct of its own. */
#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))
