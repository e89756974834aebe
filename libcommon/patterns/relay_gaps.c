#include "patterns/relay_gaps.h"

#include <string.h>

void relay_gaps_start(struct relay_gaps *gaps, uint64_t cursor, int64_t life_us)
{
    gaps->high = cursor;
    gaps->count = 0;
    gaps->life_us = life_us;
}

bool relay_gaps_read(struct relay_gaps *gaps, uint64_t seq, int64_t now_us)
{
    if (seq > gaps->high + 1) {
        if (gaps->count == RELAY_GAPS_MAX)
            return false;
        gaps->list[gaps->count++] =
            (struct relay_gap){.from = gaps->high + 1, .to = seq - 1, .seen_us = now_us};
    }
    gaps->high = seq;
    return true;
}

static void remove_at(struct relay_gaps *gaps, size_t i)
{
    gaps->count--;
    memmove(&gaps->list[i], &gaps->list[i + 1], (gaps->count - i) * sizeof gaps->list[0]);
}

/*
 * Cuts one number out of a range. Where a range would fall in two and there is no room for a
 * second, the longer past is kept open: the row may be handled twice, which is allowed, never
 * missed.
 */
static void cut(struct relay_gaps *gaps, size_t i, uint64_t seq)
{
    struct relay_gap *gap = &gaps->list[i];

    if (gap->from == gap->to) {
        remove_at(gaps, i);
    } else if (seq == gap->from) {
        gap->from++;
    } else if (seq == gap->to) {
        gap->to--;
    } else if (gaps->count < RELAY_GAPS_MAX) {
        memmove(gap + 1, gap, (gaps->count - i) * sizeof *gap);
        gaps->count++;
        gap[0].to = seq - 1;
        gap[1].from = seq + 1;
    }
}

bool relay_gaps_fill(struct relay_gaps *gaps, uint64_t seq)
{
    for (size_t i = 0; i < gaps->count; i++) {
        if (seq < gaps->list[i].from)
            return false;
        if (seq <= gaps->list[i].to) {
            cut(gaps, i, seq);
            return true;
        }
    }
    return false;
}

uint64_t relay_gaps_expire(struct relay_gaps *gaps, int64_t looked_us)
{
    uint64_t numbers = 0;

    for (size_t i = gaps->count; i-- > 0;) {
        if (looked_us - gaps->list[i].seen_us < gaps->life_us)
            continue;
        numbers += gaps->list[i].to - gaps->list[i].from + 1;
        remove_at(gaps, i);
    }
    return numbers;
}

uint64_t relay_gaps_cursor(const struct relay_gaps *gaps)
{
    return gaps->count ? gaps->list[0].from - 1 : gaps->high;
}
