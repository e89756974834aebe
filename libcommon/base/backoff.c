#include "base/backoff.h"

struct backoff backoff_between(int64_t first_us, int64_t most_us)
{
    return (struct backoff){.first_us = first_us, .most_us = most_us};
}

int64_t backoff_next_us(struct backoff *backoff, uint64_t random)
{
    int64_t present_us = backoff->present_us ? backoff->present_us * 2 : backoff->first_us;

    if (present_us > backoff->most_us)
        present_us = backoff->most_us;
    backoff->present_us = present_us;
    const int64_t half_us = present_us / 2;
    return half_us + (int64_t)(random % (uint64_t)(present_us - half_us + 1));
}

int64_t backoff_after_us(int64_t first_us, int64_t most_us, unsigned failures, uint64_t random)
{
    struct backoff backoff = backoff_between(first_us, most_us);
    int64_t wait_us;

    do
        wait_us = backoff_next_us(&backoff, random);
    while (failures-- > 1 && backoff.present_us < most_us);
    return wait_us;
}

void backoff_reset(struct backoff *backoff)
{
    backoff->present_us = 0;
}
