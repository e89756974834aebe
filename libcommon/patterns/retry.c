#include "patterns/retry.h"

#include "base/random.h"
#include "run/task.h"

enum { FIRST_US = 10 * 1000, MOST_US = 1000 * 1000 };

struct retry retry_times(int tries)
{
    return (struct retry){.pause = backoff_between(FIRST_US, MOST_US), .tries_left = tries - 1};
}

bool retry_again(struct retry *retry, const struct status *st)
{
    if (status_ok(st) || !status_may_retry(st) || retry->tries_left <= 0)
        return false;
    retry->tries_left--;
    const struct status slept = task_sleep_us(backoff_next_us(&retry->pause, random_u64()));
    return status_ok(&slept);
}
