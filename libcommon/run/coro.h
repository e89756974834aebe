#pragma once

/*
 * coro: switching stacks, nothing else. No scheduler, no I/O; `task` is built on it.
 *
 * A switch saves the callee-saved registers on the current stack (x86-64, aarch64: coro_switch.S)
 * and takes 2-3 ns. Floating-point control words and the signal mask are not switched: nobody here
 * changes them.
 */

#include <stddef.h>

#include "base/attributes.h"

/* Returns in the other context what the switcher passed as `value`. */
void *coro_switch(void **save_sp, void *load_sp, void *value);

/*
 * The stack pointer to load for the first switch into `entry`, which gets the switched `value` and
 * never returns. The stack grows down from low + size.
 */
MUST_USE void *coro_prepare(void *low, size_t size, void (*entry)(void *value));
