#include "expiry_sweep.h"

#include "base/clock.h"

bool expiry_sweep_run(struct expiry_sweep *sweep, int64_t now_us)
{
    const int64_t silent_us = sweep->ran_us ? now_us - sweep->ran_us : 0;
    const int64_t most_us = SWEEP_SPARE_MAX_S * CLOCK_US_PER_S;

    if (sweep->ran_us && silent_us < SWEEP_NOTE_S * CLOCK_US_PER_S)
        return false;
    sweep->ran_us = now_us;
    if (silent_us >= SWEEP_DOWN_S * CLOCK_US_PER_S)
        sweep->spare_until_us = now_us + (silent_us < most_us ? silent_us : most_us);
    return true;
}

bool expiry_sweep_spares(const struct expiry_sweep *sweep, int64_t now_us)
{
    return now_us < sweep->spare_until_us;
}
