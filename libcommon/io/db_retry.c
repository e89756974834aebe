#include "io/db_retry.h"

#include "base/clock.h"
#include "base/random.h"
#include "observe/metrics.h"
#include "run/task.h"

enum { PAUSE_FIRST_US = 4 * 1000, PAUSE_MOST_US = DB_TRY_PAUSE_MAX_MS * 1000 };

struct db_retry db_retry_start(void)
{
    return (struct db_retry){
        .pause = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US),
        .tries = 1,
        .begun_us = clock_mono_us(),
    };
}

static void count(const char *what)
{
    metric_add(metric_series(metric_family(METRIC_COUNTER, "souk_db_contention_total", "then",
                                           "Transactions that lost against others, and whether "
                                           "they were run again or given up."),
                             what),
               1);
}

static bool has_time_for_a_try(const struct db_retry *retry, int64_t takes_us)
{
    const int64_t left_us = task_time_left_us();

    return left_us == TASK_NO_DEADLINE ? retry->tries < DB_TRIES_MAX : left_us > takes_us;
}

static bool waits_for_a_try(struct db_retry *retry)
{
    const int64_t took_us = clock_mono_us() - retry->begun_us;
    const int64_t pause_us = backoff_next_us(&retry->pause, random_u64());

    if (!has_time_for_a_try(retry, pause_us + took_us))
        return false;
    retry->tries++;
    const struct status slept = task_sleep_us(pause_us);
    return status_ok(&slept);
}

static bool is_lost(const struct status *st)
{
    return st->code == CODE_ABORTED && status_is(st, "CONTENTION");
}

bool db_retry_again(struct db_retry *retry, const struct status *st)
{
    if (!is_lost(st))
        return false;
    const bool goes_again = waits_for_a_try(retry);
    count(goes_again ? "again" : "given_up");
    retry->begun_us = clock_mono_us();
    return goes_again;
}

struct status db_retry_given_up(struct status st)
{
    if (is_lost(&st))
        st.reason = "DEPENDENCY_CONTENTION";
    return st;
}
