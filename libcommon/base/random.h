#pragma once

/*
 * random: bits that nobody could guess before they are drawn, but no secrets: ids of traces,
 * jitter. Keys and tokens come from OpenSSL.
 */

#include <stdint.h>

uint64_t random_u64(void);
