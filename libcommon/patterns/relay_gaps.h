#pragma once

/*
 * relay_gaps: which rows of the outbox has the relay not seen? Numbers are given at the insert, but
 * rows appear at the commit, so a row with a lower number may come later. Reading forward therefore
 * leaves gaps; each stays open until its row appears, or until no transaction can be left that
 * could bring it.
 *
 * The rule (DESIGN 4). Look for the rows of gaps from the highest number down, so that the row
 * found in one statement has all earlier ones of its aggregate visible to the next. A gap closes
 * when it was looked for in vain after the hard life of a transaction plus a margin; the durable
 * cursor is the lowest open gap - 1. A restart reads again from there: repeats, never misses. What
 * goes wrong without each part is shown by tests/unit/patterns/relay_rule_test.c.
 *
 * Pure: time is an argument (monotonic microseconds).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

enum { RELAY_GAPS_MAX = 1024 }; /* ranges; beyond it the relay waits before it reads on */

struct relay_gap {
    uint64_t from;
    uint64_t to; /* inclusive */
    int64_t seen_us;
};

struct relay_gaps {
    uint64_t high; /* the highest number seen */
    struct relay_gap list[RELAY_GAPS_MAX];
    size_t count; /* ascending, not touching */
    int64_t life_us;
};

/* Goes on behind `cursor`. */
void relay_gaps_start(struct relay_gaps *gaps, uint64_t cursor, int64_t life_us);

/*
 * A row read forward, above all before it: what lies between is a gap from now on, `now_us` being
 * after the read. False, and nothing changed, when there is no room for one more gap.
 */
MUST_USE bool relay_gaps_read(struct relay_gaps *gaps, uint64_t seq, int64_t now_us);

/* The row of a gap appeared. False when it is in no gap: it was handled before. */
MUST_USE bool relay_gaps_fill(struct relay_gaps *gaps, uint64_t seq);

/*
 * Closes the gaps that no transaction can fill any more; how many numbers they had. `looked_us` is
 * before the last look for their rows: what was committed since then has not been seen.
 */
uint64_t relay_gaps_expire(struct relay_gaps *gaps, int64_t looked_us);

/* Every row up to it was handled or will never be. */
uint64_t relay_gaps_cursor(const struct relay_gaps *gaps);
