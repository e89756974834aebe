#include "patterns/cron_state.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

/* 2026-03-01 00:00 UTC. */
#define MIDNIGHT_US (1772323200 * CLOCK_US_PER_S)
#define SECOND_US   CLOCK_US_PER_S
#define MINUTE_US   (60 * SECOND_US)
#define HOUR_US     (60 * MINUTE_US)
#define DAY_US      (24 * HOUR_US)

enum { RANDOM = 7 };

static const struct cron_schedule minutely = CRON_EVERY_S(60);
static const struct cron_schedule daily = CRON_DAILY(3, 0);
static const struct status away = {.code = CODE_UNAVAILABLE, .reason = "AWAY", .detail = "gone"};

/* Declared at midnight. */
static struct cron_state new_job(const struct cron_schedule *schedule)
{
    struct cron_state job = {0};

    assert_true(cron_declare(&job, schedule, MIDNIGHT_US));
    return job;
}

static enum cron_claim claim(struct cron_state *job, const struct cron_schedule *schedule,
                             const char *owner, int64_t now_us)
{
    return cron_claim(job, schedule, owner, now_us, RANDOM);
}

static void a_new_job_waits_for_its_first_slot(void **state)
{
    struct cron_state job = new_job(&minutely);

    assert_int_equal(job.next_us, MIDNIGHT_US + MINUTE_US);
    assert_int_equal(claim(&job, &minutely, "a", job.next_us - 1), CRON_NOT_DUE);
    assert_int_equal(claim(&job, &minutely, "a", job.next_us), CRON_CLAIMED);
    assert_string_equal(job.holder, "a");
    assert_int_equal(job.slot_us, MIDNIGHT_US + MINUTE_US);
}

static void what_one_holds_no_other_gets(void **state)
{
    struct cron_state job = new_job(&minutely);
    const int64_t at_us = job.next_us;

    assert_int_equal(claim(&job, &minutely, "a", at_us), CRON_CLAIMED);
    assert_int_equal(claim(&job, &minutely, "b", at_us + CRON_LEASE_US - 1), CRON_NOT_DUE);
    cron_succeed(&job, &minutely, at_us + SECOND_US);
    assert_int_equal(claim(&job, &minutely, "b", at_us + 2 * SECOND_US), CRON_NOT_DUE);
    assert_int_equal(job.next_us, at_us + MINUTE_US);
    assert_string_equal(job.outcome, "ok");
    assert_int_equal(job.succeeded_us, at_us + SECOND_US);
}

static void what_was_missed_is_run_once(void **state)
{
    struct cron_state job = new_job(&minutely);
    const int64_t back_us = MIDNIGHT_US + 3 * HOUR_US + SECOND_US;

    assert_int_equal(claim(&job, &minutely, "a", back_us), CRON_CLAIMED);
    assert_int_equal(job.slot_us, MIDNIGHT_US + 3 * HOUR_US); /* the latest */
    cron_succeed(&job, &minutely, back_us + SECOND_US);
    assert_int_equal(job.next_us, MIDNIGHT_US + 3 * HOUR_US + MINUTE_US);
}

static void slots_that_a_long_run_passed_are_one(void **state)
{
    struct cron_state job = new_job(&minutely);
    const int64_t at_us = job.next_us, end_us = at_us + 5 * MINUTE_US / 2;

    assert_int_equal(claim(&job, &minutely, "a", at_us), CRON_CLAIMED);
    cron_succeed(&job, &minutely, end_us);
    assert_int_equal(claim(&job, &minutely, "a", end_us), CRON_CLAIMED);
    assert_int_equal(job.slot_us, at_us + 2 * MINUTE_US);
    cron_succeed(&job, &minutely, end_us + SECOND_US);
    assert_int_equal(job.next_us, at_us + 3 * MINUTE_US);
}

static void a_dead_holders_run_is_taken_over_when_its_lease_is_over(void **state)
{
    struct cron_state job = new_job(&minutely);
    const int64_t at_us = job.next_us;

    assert_int_equal(claim(&job, &minutely, "a", at_us), CRON_CLAIMED);
    const uint64_t fence = job.fence;
    assert_int_equal(claim(&job, &minutely, "b", at_us + CRON_LEASE_US), CRON_TAKEN_OVER);
    assert_string_equal(job.holder, "b");
    assert_true(job.fence > fence);
    assert_int_equal(job.slot_us, at_us);
    assert_string_equal(job.outcome, "died");
    assert_string_equal(job.detail, "a");
    cron_succeed(&job, &minutely, at_us + CRON_LEASE_US + SECOND_US);
    assert_int_equal(job.failures, 0);
    assert_int_equal(job.next_us, at_us + MINUTE_US);
}

/* Else it would go round for ever and take down every process in turn. */
static void a_run_that_kills_its_processes_is_put_off(void **state)
{
    struct cron_state job = new_job(&daily);
    int64_t at_us = job.next_us;

    assert_int_equal(claim(&job, &daily, "a", at_us), CRON_CLAIMED);
    for (int i = 0; i < CRON_TAKEOVERS_MAX; i++)
        assert_int_equal(claim(&job, &daily, "b", at_us += CRON_LEASE_US), CRON_TAKEN_OVER);
    assert_int_equal(claim(&job, &daily, "c", at_us += CRON_LEASE_US), CRON_PUT_OFF);
    assert_string_equal(job.holder, "");
    assert_true(job.next_us > at_us);
    assert_int_equal(claim(&job, &daily, "c", job.next_us), CRON_CLAIMED);
    assert_int_equal(claim(&job, &daily, "d", job.next_us + CRON_LEASE_US), CRON_PUT_OFF);
}

static void fail_at(struct cron_state *job, const struct cron_schedule *schedule, int64_t now_us,
                    uint64_t random)
{
    assert_int_equal(claim(job, schedule, "a", now_us), CRON_CLAIMED);
    cron_fail(job, schedule, &away, now_us, random);
}

static void a_failure_is_tried_again_after_growing_pauses(void **state)
{
    struct cron_state job = new_job(&daily);
    int64_t most_us = CRON_FIRST_WAIT_US, now_us = job.next_us;

    for (unsigned failures = 1; failures < 50; failures++) {
        fail_at(&job, &daily, now_us, failures * 0x9e3779b97f4a7c15);
        assert_int_equal(job.failures, failures);
        assert_true(job.next_us - now_us >= most_us / 2 && job.next_us - now_us <= most_us);
        most_us = most_us * 2 < CRON_MOST_WAIT_US ? most_us * 2 : CRON_MOST_WAIT_US;
        now_us = job.next_us;
    }
    assert_string_equal(job.outcome, "failed");
    assert_string_equal(job.detail, "UNAVAILABLE AWAY: gone");
    assert_int_equal(job.succeeded_us, 0);
}

static void the_next_slot_comes_before_a_later_try(void **state)
{
    struct cron_state job = new_job(&minutely);

    for (int i = 0; i < 20; i++)
        fail_at(&job, &minutely, job.next_us, RANDOM);
    assert_int_equal(job.next_us % MINUTE_US, 0);
}

static void a_success_forgets_the_failures(void **state)
{
    struct cron_state job = new_job(&daily);
    const int64_t slot_us = job.next_us;

    fail_at(&job, &daily, slot_us, RANDOM);
    const int64_t retry_us = job.next_us;
    assert_int_equal(claim(&job, &daily, "a", retry_us), CRON_CLAIMED);
    assert_int_equal(job.slot_us, slot_us);
    cron_succeed(&job, &daily, retry_us + SECOND_US);
    assert_int_equal(job.failures, 0);
    assert_string_equal(job.detail, "");
    assert_int_equal(job.next_us, slot_us + DAY_US);
}

static void what_is_handed_over_is_due_at_once(void **state)
{
    struct cron_state job = new_job(&minutely);
    const int64_t at_us = job.next_us;

    assert_int_equal(claim(&job, &minutely, "a", at_us), CRON_CLAIMED);
    cron_hand_over(&job, at_us + SECOND_US);
    assert_int_equal(claim(&job, &minutely, "b", at_us + SECOND_US), CRON_CLAIMED);
    assert_int_equal(job.slot_us, at_us);
    assert_int_equal(job.failures, 0);
}

static void a_changed_schedule_counts_from_now_on(void **state)
{
    static const struct cron_schedule later = CRON_DAILY(5, 0);
    struct cron_state job = new_job(&daily);

    assert_false(cron_declare(&job, &daily, MIDNIGHT_US + HOUR_US));
    assert_int_equal(job.next_us, MIDNIGHT_US + 3 * HOUR_US);
    assert_true(cron_declare(&job, &later, MIDNIGHT_US + HOUR_US));
    assert_int_equal(job.next_us, MIDNIGHT_US + 5 * HOUR_US);
    assert_string_equal(job.schedule, "daily at 05:00 UTC");
}

static void a_changed_schedule_loses_no_slot_that_was_missed(void **state)
{
    struct cron_state job = new_job(&daily);

    assert_true(cron_declare(&job, &minutely, MIDNIGHT_US + 4 * HOUR_US));
    assert_true(cron_is_due(&job, MIDNIGHT_US + 4 * HOUR_US));
}

/* An operator's UPDATE of next_at. */
static void one_that_is_run_out_of_turn_keeps_its_times(void **state)
{
    struct cron_state job = new_job(&daily);

    job.next_us = MIDNIGHT_US + HOUR_US;
    assert_int_equal(claim(&job, &daily, "a", job.next_us), CRON_CLAIMED);
    cron_succeed(&job, &daily, MIDNIGHT_US + 2 * HOUR_US);
    assert_int_equal(job.next_us, MIDNIGHT_US + 3 * HOUR_US);
}

UNIT_TESTS(a_new_job_waits_for_its_first_slot, what_one_holds_no_other_gets,
           what_was_missed_is_run_once, slots_that_a_long_run_passed_are_one,
           a_dead_holders_run_is_taken_over_when_its_lease_is_over,
           a_run_that_kills_its_processes_is_put_off, a_failure_is_tried_again_after_growing_pauses,
           the_next_slot_comes_before_a_later_try, a_success_forgets_the_failures,
           what_is_handed_over_is_due_at_once, a_changed_schedule_counts_from_now_on,
           a_changed_schedule_loses_no_slot_that_was_missed,
           one_that_is_run_out_of_turn_keeps_its_times)
