#include "base/mem.h"

#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#pragma weak __lsan_ignore_object /* there in sanitized programs alone */

static void *checked(void *memory, size_t size)
{
    if (!memory && size)
        BUG("out of memory, %zu bytes asked for", size);
    return memory;
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
    return checked(calloc(1, size), size);
}

void *mem_calloc(size_t count, size_t size)
{
    return checked(calloc(count, size), count && size ? 1 : 0);
}

void *mem_realloc(void *memory, size_t size)
{
    return checked(realloc(memory, size), size);
}

void *mem_dup(const void *memory, size_t size)
{
    void *copy = mem_alloc(size);
    if (size)
        memcpy(copy, memory, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_dup(text, strlen(text) + 1);
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    const int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        BUG("cannot format \"%s\"", format);
    return text;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_abandon(const void *memory)
{
    if (__lsan_ignore_object)
        __lsan_ignore_object(memory);
}

void mem_freep(void *pointer_to_pointer)
{
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}
