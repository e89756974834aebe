#include "patterns/parking.h"

#include <stddef.h>

#include "base/backoff.h"

struct parking_verdict parking_judge(const struct status *failure, unsigned tries, int64_t age_us,
                                     uint64_t random)
{
    struct parking_verdict verdict = {.dead_cause = NULL};

    if (failure->code == CODE_DATA_LOSS)
        verdict.dead_cause = "malformed";
    else if (!status_may_retry(failure) && tries >= PARKING_TRIES_MAX)
        verdict.dead_cause = "refused";
    else if (age_us >= PARKING_AGE_MAX_US)
        verdict.dead_cause = "too old";
    else
        verdict.wait_us =
            backoff_after_us(PARKING_FIRST_WAIT_US, PARKING_MOST_WAIT_US, tries, random);
    return verdict;
}
