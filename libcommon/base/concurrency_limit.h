#pragma once

/*
 * concurrency_limit: how much may be worked on at a time so that what is begun also gets done.
 * Pure: the time is an argument.
 *
 * What is begun should need a quarter of the time that its contract allows: the rest is for the
 * line before it, and for whoever waits for the answer. Every while the limit is corrected by the
 * ratio of this aim to what the calls of the while needed on average, each against its own
 * allowance, so that calls which may take long do not hide those which may not. It falls towards what
 * was really in use times this ratio, by half of itself at the most, and only when more than the
 * floor was in use: fewer are no crowd, however slow. It rises by a tenth at the most and by one at
 * least, and only when more would have been begun.
 *
 * How much of the limit is in use is no sign of a crowd: where it begins is a guess, and a slow
 * database is full long before half of that.
 *
 * Nothing is learned of a best case, as TCP Vegas and its like do: here, a call alone is fifteen
 * times as fast as one of the crowd that makes most of the disk.
 */

#include <stdbool.h>
#include <stdint.h>

struct concurrency_limit {
    unsigned limit; /* from floor to ceiling */
    unsigned floor;
    unsigned ceiling;
    /* Since the last correction. */
    int64_t since_us;
    unsigned calls;
    uint64_t shares; /* of their allowance that calls needed, in thousandths, summed up */
    unsigned used_most;
    bool was_full;
};

/* Begins at the ceiling, 1 or more. A floor that is not below it leaves the limit where it is. */
void concurrency_limit_init(struct concurrency_limit *limit, unsigned floor, unsigned ceiling);

/* So much is in use; `full`: there would be more if it might. */
void concurrency_limit_used(struct concurrency_limit *limit, unsigned used, bool full);

/*
 * A call has ended that was begun `took_us` ago; so much was in use with it, which nobody may have
 * told since the last correction. Only of calls that did their work: refusals, which take no time,
 * would hide how slow the others are.
 */
void concurrency_limit_ended(struct concurrency_limit *limit, unsigned used, int64_t took_us,
                             int64_t allowed_us, int64_t now_us);
