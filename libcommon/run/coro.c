#include "run/coro.h"

#include <stdint.h>
#include <string.h>

/* In coro_switch.S: calls the entry that the prepared registers hold. */
void coro_start(void);

/*
 * The frame that coro_switch pops. It must match coro_switch.S.
 */
void *coro_prepare(void *low, size_t size, void (*entry)(void *value))
{
    uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
#if defined(__x86_64__)
    enum { SLOTS = 9, RBX = 4, RIP = 6 }; /* odd: aligned again once RIP is popped */
#elif defined(__aarch64__)
    enum { SLOTS = 20, X19 = 0, X30 = 11 };
#else
#error "coro: port coro_prepare and coro_switch.S to this processor"
#endif
    uintptr_t *frame = (uintptr_t *)(top - SLOTS * sizeof(uintptr_t));
    memset(frame, 0, SLOTS * sizeof(uintptr_t));
#if defined(__x86_64__)
    frame[RBX] = (uintptr_t)entry;
    frame[RIP] = (uintptr_t)coro_start;
#else
    frame[X19] = (uintptr_t)entry;
    frame[X30] = (uintptr_t)coro_start;
#endif
    return frame;
}
