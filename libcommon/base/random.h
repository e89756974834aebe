#pragma once

/*
 * random: numbers that differ, cheaply: jitter, sampling, ids of traces and spans, the name of a
 * process's start. Seeded by the kernel once for each thread and no secret from then on: whoever
 * has seen one number can work out all that follow (xorshift64*). What must not be guessed (keys,
 * tokens, nonces) comes from OpenSSL.
 */

#include <stdint.h>

uint64_t random_u64(void);
