#include "patterns/parked_runner.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "observe/trace.h"
#include "patterns/consumer_internal.h"
#include "patterns/dead_letter.h"
#include "patterns/parking.h"
#include "patterns/periodic.h"
#include "run/sync.h"
#include "run/task.h"

enum {
    SIDE_BY_SIDE = 4, /* one that takes long holds up few others */
    LOOK_EVERY_MS = 1000,
    RUN_LIMIT_MS = 120 * 1000,
    CLAIM_US = 30 * 1000 * 1000, /* longer than a handler may take: then its process has died */
    COUNT_EVERY_US = 5 * 1000 * 1000,
    ARENA_MAX = 8 * 1024 * 1024,
};

/* One of those who try: a task of its own. */
struct seat {
    struct parked_runner *runner;
    struct periodic *task; /* NULL: it ends */
    bool has_found;        /* with its last look */
};

struct parked_runner {
    const struct consumer *consumer;
    char *name; /* of its tasks */
    struct loop *loop;
    struct mq_config mq;
    struct mq_producer *producer; /* NULL until the first dead letter */
    struct semaphore publishing;
    struct seat seats[SIDE_BY_SIDE];
    const struct seat *looking; /* of those who are free; NULL: whoever is first */
    int64_t counted_us;
    struct metric *parked;
    struct metric *dead;
};

static struct status publish(struct parked_runner *runner, const struct mq_message *letter)
{
    TRY(semaphore_acquire(&runner->publishing, "dead letter"));
    struct status st = STATUS_OK;
    if (!runner->producer)
        st = mq_producer_new(runner->loop, &runner->mq, &runner->producer);
    if (status_ok(&st))
        st = mq_produce(runner->producer, letter, 1);
    semaphore_release(&runner->publishing);
    return st;
}

static const char *describe(const struct status *st, struct arena *arena)
{
    return arena_printf(arena, "%s %s %s", code_name(st->code), st->reason ? st->reason : "-",
                        st->detail);
}

/* A projection goes on without it, a reaction's key waits until it is redriven or discarded. */
static struct status end_row(const struct parked_runner *runner, const struct parked *parked,
                             const char *why)
{
    const struct consumer_config *config = runner->consumer->config;

    if (!consumer_is_projection(runner->consumer))
        return parked_bury(config->db, parked, why);
    return parked_remove(config->db, parked);
}

static struct status give_up(struct parked_runner *runner, const struct parked *parked,
                             const char *cause, const char *detail, struct arena *arena)
{
    const char *consumer = runner->consumer->config->name;
    const struct dead_letter_reason reason = {
        .cause = cause, .detail = detail, .tries = parked->tries + 1};
    struct mq_message letter;

    dead_letter_write(&parked->message, consumer, &reason, arena, &letter);
    TRY(publish(runner, &letter));
    TRY(end_row(runner, parked, detail));
    consumer_count(runner->consumer, &parked->message, "dead");
    log_error("event given up, a dead letter", LOG_STR("consumer", consumer),
              LOG_STR("topic", parked->message.topic),
              LOG_I64("partition", parked->message.partition),
              LOG_I64("offset", parked->message.offset), LOG_STR("cause", cause),
              LOG_I64("tries", reason.tries), LOG_STR("detail", detail));
    return STATUS_OK;
}

static struct status after_failure(struct parked_runner *runner, const struct parked *parked,
                                   const struct status *failure, struct arena *arena)
{
    struct db *db = runner->consumer->config->db;
    const char *detail = describe(failure, arena);
    const struct parking_verdict verdict =
        parking_judge(failure, parked->tries + 1, parked->age_us, random_u64());

    if (!verdict.dead_cause)
        return parked_fail(db, parked, verdict.wait_us, detail);
    const struct status st = give_up(runner, parked, verdict.dead_cause, detail, arena);
    if (!status_ok(&st)) {
        log_warn("dead letter not sent, it stays parked",
                 LOG_STR("consumer", runner->consumer->config->name), LOG_STATUS(st));
        return parked_postpone(db, parked, PARKING_MOST_WAIT_US);
    }
    return st;
}

/* Within the trace that it came in. */
static struct status react(const struct parked_runner *runner, const struct parked *parked)
{
    AUTO(span_end) struct span span;

    trace_enter(trace_current(), mq_header(&parked->message, "traceparent"));
    span_enter(&span, trace_current(), SPAN_CONSUMER, parked->message.topic);
    const struct status st = consumer_react_to_parked(runner->consumer, parked);
    span_status(&span, &st);
    return st;
}

static struct status react_or_wait(struct parked_runner *runner, const struct parked *parked,
                                   struct arena *arena)
{
    const struct status st = react(runner, parked);

    if (status_ok(&st) || task_check().code == CODE_CANCELLED)
        return st;
    return after_failure(runner, parked, &st, arena);
}

static struct status try_again(struct parked_runner *runner, uint64_t id)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    const struct trace_context looking = *trace_current();
    struct parked parked;
    bool is_claimed;

    TRY(parked_claim(runner->consumer->config->db, id, CLAIM_US, arena, &parked, &is_claimed));
    if (!is_claimed)
        return STATUS_OK;
    const struct status st = react_or_wait(runner, &parked, arena);
    *trace_current() = looking; /* it is of no event's trace */
    return st;
}

static struct status count(struct parked_runner *runner)
{
    const int64_t now_us = clock_mono_us();
    struct parked_count count = {0};

    if (now_us - runner->counted_us < COUNT_EVERY_US)
        return STATUS_OK;
    runner->counted_us = now_us;
    TRY(parked_count(runner->consumer->config->db, runner->consumer->config->name, &count));
    metric_set(runner->parked, (double)(count.all - count.dead));
    metric_set(runner->dead, (double)count.dead);
    return STATUS_OK;
}

/*
 * Of those who are free one asks the database, and when it has found something leaves that to the
 * next. Who has tried one looks again at once: what stood behind it may be due now.
 */
static struct status run(void *arg, bool *ret_more)
{
    struct seat *seat = arg;
    struct parked_runner *runner = seat->runner;
    uint64_t id;

    if (!seat->has_found) {
        if (runner->looking && runner->looking != seat)
            return STATUS_OK;
        runner->looking = seat;
    }
    seat->has_found = false;
    TRY(count(runner));
    TRY(parked_find_due(runner->consumer->config->db, runner->consumer->config->name, &id));
    *ret_more = seat->has_found = id;
    if (!id)
        return STATUS_OK;
    if (runner->looking == seat)
        runner->looking = NULL;
    parked_runner_nudge(runner);
    return try_again(runner, id);
}

static void find_metrics(struct parked_runner *runner)
{
    struct metric_family *family =
        metric_family(METRIC_GAUGE, "souk_consumer_parked_events", "consumer,state",
                      "Events that wait in parked_event, and those that were given up");

    runner->parked = metric_series(family, runner->consumer->config->name, "waiting");
    runner->dead = metric_series(family, runner->consumer->config->name, "dead");
}

struct parked_runner *parked_runner_start(struct loop *loop, const struct mq_config *mq,
                                          const struct consumer *consumer)
{
    struct parked_runner *runner = mem_new(struct parked_runner);
    char *name = mem_printf("parked %s", consumer->config->name);
    struct periodic_config config = {
        .name = name,
        .period_ms = LOOK_EVERY_MS,
        .limit_ms = RUN_LIMIT_MS,
        .run = run,
    };

    *runner = (struct parked_runner){
        .consumer = consumer, .name = name, .loop = loop, .mq = *mq, .counted_us = -COUNT_EVERY_US};
    semaphore_init(&runner->publishing, 1);
    find_metrics(runner);
    for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
        runner->seats[i].runner = runner;
        config.arg = &runner->seats[i];
        runner->seats[i].task = periodic_start(&config);
    }
    return runner;
}

/* The others still run, and nudge. */
static void seat_stop(struct seat *seat)
{
    struct periodic *task = seat->task;

    seat->task = NULL;
    periodic_stop(task);
}

void parked_runner_stop(struct parked_runner *runner)
{
    if (!runner)
        return;
    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        seat_stop(&runner->seats[i]);
    mq_producer_stop(runner->producer);
    mem_free(runner->name);
    mem_free(runner);
}

void parked_runner_nudge(struct parked_runner *runner)
{
    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        if (runner->seats[i].task)
            periodic_nudge(runner->seats[i].task);
}
