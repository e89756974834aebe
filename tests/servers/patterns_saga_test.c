/*
 * Sagas of four steps over a real table: what each step answers is said by the test, and what was
 * called, in which order, is looked at afterwards. a, b; c is the pivot; d comes behind it.
 */
#include "patterns/saga.h"

#include "io/request.h"
#include "observe/log.h"
#include "patterns/saga_run.h"
#include "patterns/saga_store.h"
#include "souk/inventory/v1/inventory.types.h"
#include "tests/servers/patterns_kit.h"

/*
 * Whoever is slower than the lease takes a saga of its own for one that was another's meanwhile, so
 * the lease is longer than a busy machine is away.
 */
enum { LEASE_MS = 5000, SHORT_LEASE_MS = 900, SOON_MS = 60 * 1000, TRIES_MAX = 8 };

static struct {
    struct db *db;
    struct saga_runner *runner;
    int64_t lease_ms; /* of runners that start from now on */
    char calls[400];  /* "a b c d", undo in upper case */
    /* What each step answers, try by try; STATUS_OK beyond. */
    struct status answers[4][TRIES_MAX];
    int tries[4];
    int64_t sleep_us[4];
    bool held[4]; /* until it is no more */
    bool held_until_resumed;
    bool partial[4];
    size_t memory;     /* that each try takes */
    bool loses_commit; /* the pivot commits and its answer is lost */
    bool taken_before_pivot;
    enum code interrupted; /* how the sleep of a step ended, when it did too early */
    int undone;
    struct status undone_with;
    char undone_reason[40]; /* of a resumed saga the reason lives as long as the saga */
} lab;

static const struct status refused = {
    .code = CODE_FAILED_PRECONDITION, .reason = "SOLD_OUT", .detail = "none left"};
static const struct status unavailable = {.code = CODE_UNAVAILABLE};

static void note(const char *call)
{
    if (*lab.calls)
        strcat(lab.calls, " ");
    strcat(lab.calls, call);
    BUG_ON(strlen(lab.calls) > sizeof lab.calls - 10);
}

static struct status answer(struct saga *saga, int step, const char *name)
{
    note(name);
    memset(arena_alloc(saga->arena, lab.memory), 1, lab.memory);
    if (lab.sleep_us[step]) {
        const struct status slept = task_sleep_us(lab.sleep_us[step]);
        if (!lab.interrupted)
            lab.interrupted = slept.code;
        TRY(slept);
    }
    while (lab.held[step] || (lab.held_until_resumed && !saga->run->resumed))
        TRY(task_sleep_us(CLOCK_US_PER_MS));
    const int try = lab.tries[step]++;
    const struct status st = try < TRIES_MAX ? lab.answers[step][try] : STATUS_OK;
    if (!status_ok(&st)) {
        saga->partial = lab.partial[step];
        error_details_add(&saga->details, saga->arena, "step", "%s", name);
    }
    return st;
}

/* As another process does, which is undoing it. */
static void take_away(int64_t id)
{
    kit_write(lab.db,
              "UPDATE saga SET owner = 'other', phase = 3, "
              "until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE id = ?",
              DB_ARGS(DB_I64(id)));
}

static struct status do_a(struct saga *saga)
{
    return answer(saga, 0, "a");
}

static struct status do_b(struct saga *saga)
{
    Stock *state = (Stock *)saga->state;
    state->on_hand++; /* kept at the pivot */
    return answer(saga, 1, "b");
}

static struct status do_c(struct saga *saga)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(answer(saga, 2, "c"));
    if (lab.taken_before_pivot)
        take_away(saga->id);
    TRY(db_tx_begin(&tx, lab.db));
    TRY(saga_pass_pivot(saga, &tx));
    saga->answer = pb_pack(saga->state, saga->arena);
    TRY(db_tx_commit(&tx));
    return lab.loses_commit ? unavailable : STATUS_OK;
}

static struct status do_d(struct saga *saga)
{
    return answer(saga, 3, "d");
}

static struct status undo_a(struct saga *saga)
{
    (void)saga;
    note("A");
    return STATUS_OK;
}

static struct status undo_b(struct saga *saga)
{
    (void)saga;
    note("B");
    return STATUS_OK;
}

static struct status undone(struct saga *saga, struct db_tx *tx, const struct status *why)
{
    (void)saga;
    (void)tx;
    lab.undone++;
    lab.undone_with = *why;
    snprintf(lab.undone_reason, sizeof lab.undone_reason, "%s", why->reason ? why->reason : "none");
    return STATUS_OK;
}

static const struct saga_step steps[] = {
    {"a", do_a, undo_a},
    {"b", do_b, undo_b},
    {"c", do_c, NULL},
    {"d", do_d, NULL},
};

static const struct saga_kind kind = {
    .name = "test",
    .state = &souk__inventory__v1__stock__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = 2,
    .deadline_ms = 120 * 1000,
    .undone = undone,
};

static const struct saga_kind hasty = {
    .name = "hasty",
    .state = &souk__inventory__v1__stock__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = 2,
    .deadline_ms = 2000,
    .undone = undone,
};

static const struct saga_kind *const kinds[] = {&kind, &hasty};

static struct saga_runner *start_runner(const char *owner)
{
    return saga_runner_start(&(struct saga_runner_config){
        .db = lab.db, .owner = owner, .lease_ms = lab.lease_ms, .kinds = kinds, .kind_count = 2});
}

static void open_lab(struct loop *loop)
{
    memset(&lab, 0, sizeof lab);
    lab.lease_ms = LEASE_MS;
    log_set_level(LOG_ERROR);
    lab.db = kit_patterns(loop);
}

static void begin_with_lease(struct loop *loop, int64_t lease_ms)
{
    open_lab(loop);
    lab.lease_ms = lease_ms;
    lab.runner = start_runner("here");
}

static void begin(struct loop *loop)
{
    begin_with_lease(loop, LEASE_MS);
}

static void finish(void)
{
    saga_runner_stop(lab.runner);
    db_close(lab.db);
}

static Stock new_state(void)
{
    Stock state;
    stock_init(&state);
    state.sku_id = 42;
    return state;
}

static void insert(const struct saga_kind *of, int64_t id)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    const Stock state = new_state();

    assert_ok(db_tx_begin(&tx, lab.db));
    assert_ok(saga_insert(lab.runner, &tx, of, id, &state.base, NULL));
    assert_ok(db_tx_commit(&tx));
}

static struct error_details details;
static struct pb_bytes answered;
static struct arena *answered_in;

static struct status run_inserted(const struct saga_kind *of, int64_t id)
{
    const Stock state = new_state();

    arena_free(answered_in);
    answered_in = arena_new(1 << 20);
    details = (struct error_details){0};
    return saga_run_and_wait(lab.runner, of, id, &state.base, answered_in, &answered, &details);
}

static struct status run(const struct saga_kind *of, int64_t id)
{
    insert(of, id);
    return run_inserted(of, id);
}

/* A row as a process that died left it; its lease runs out in `left_ms`. */
static void leave_row(int64_t id, const char *kind_name, enum saga_phase phase, int64_t left_ms)
{
    kit_write(lab.db,
              "INSERT INTO saga (id, kind, phase, active, state, owner, until_at, deadline_at, "
              "outcome_code, outcome_reason, outcome_detail, created_at, updated_at) VALUES "
              "(?, ?, ?, 1, x'082a', 'dead', UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, "
              "UTC_TIMESTAMP(6) + INTERVAL 2 MINUTE, ?, ?, ?, UTC_TIMESTAMP(6), "
              "UTC_TIMESTAMP(6))",
              DB_ARGS(DB_I64(id), DB_TEXT(kind_name), DB_I64(phase),
                      DB_I64(left_ms * CLOCK_US_PER_MS),
                      DB_I64(phase == SAGA_UNDOING ? CODE_FAILED_PRECONDITION : CODE_OK),
                      phase == SAGA_UNDOING ? DB_TEXT("SOLD_OUT") : DB_NULL,
                      phase == SAGA_UNDOING ? DB_TEXT("none left") : DB_NULL));
}

static int64_t phase_of(int64_t id)
{
    return kit_read_i64(lab.db, "SELECT phase FROM saga WHERE id = ?", DB_ARGS(DB_I64(id)));
}

static bool is_active(int64_t id)
{
    return kit_read_i64(lab.db, "SELECT active FROM saga WHERE id = ?", DB_ARGS(DB_I64(id)));
}

#define wait_for_end(id) server_test_wait(SOON_MS, !is_active(id))

static void all_steps_are_done_in_their_order(struct loop *loop)
{
    begin(loop);
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d");
    assert_int_equal(phase_of(1), SAGA_DONE);
    assert_int_equal(lab.undone, 0);
    const Stock *left =
        (const Stock *)pb_unpack(kind.state, answered.at, answered.size, answered_in);
    assert_non_null(left);
    assert_int_equal(left->sku_id, 42);
    finish();
}

/* One statement has one time. */
static void many_that_are_done_are_one_statement(struct loop *loop)
{
    enum { MANY = 9 };
    begin(loop);
    for (int64_t id = 1; id <= MANY; id++) {
        leave_row(id, "test", SAGA_PAST_PIVOT, 60 * 1000);
        kit_write(lab.db, "UPDATE saga SET owner = 'here' WHERE id = ?", DB_ARGS(DB_I64(id)));
    }
    leave_row(10, "test", SAGA_PAST_PIVOT, 60 * 1000); /* another's meanwhile */
    for (int64_t id = MANY + 1; id > 0; id--)
        assert_true(saga_runner_note_end(lab.runner, id));
    for (int64_t id = 1; id <= MANY; id++) {
        wait_for_end(id);
        assert_int_equal(phase_of(id), SAGA_DONE);
    }
    assert_int_equal(kit_read_i64(lab.db,
                                  "SELECT COUNT(DISTINCT updated_at) FROM saga WHERE phase = ?",
                                  DB_ARGS(DB_I64(SAGA_DONE))),
                     1);
    assert_true(is_active(10));
    finish();
}

/* What is not written yet when the process stops is written then. */
static void who_stops_notes_what_is_done(struct loop *loop)
{
    open_lab(loop);
    lab.runner = start_runner("here");
    leave_row(1, "test", SAGA_PAST_PIVOT, 60 * 1000);
    kit_write(lab.db, "UPDATE saga SET owner = 'here' WHERE id = 1", DB_NO_ARGS);
    assert_true(saga_runner_note_end(lab.runner, 1));
    saga_runner_stop(lab.runner);
    assert_int_equal(phase_of(1), SAGA_DONE);
    db_close(lab.db);
}

static void whoever_waits_is_told_at_the_pivot(struct loop *loop)
{
    begin(loop);
    lab.held[3] = true;
    assert_ok(run(&kind, 1));
    assert_int_equal(phase_of(1), SAGA_PAST_PIVOT);
    lab.held[3] = false;
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d");
    finish();
}

static void a_refusal_undoes_what_was_done_before_it(struct loop *loop)
{
    begin(loop);
    lab.answers[1][0] = refused;
    assert_reason(run(&kind, 1), "SOLD_OUT");
    assert_string_equal(lab.calls, "a b A");
    assert_string_equal(error_details_find(&details, "step"), "b");
    assert_int_equal(phase_of(1), SAGA_UNDONE);
    assert_string_equal(lab.undone_reason, "SOLD_OUT");
    finish();
}

static void a_refusal_of_the_pivot_undoes_in_reverse(struct loop *loop)
{
    begin(loop);
    lab.answers[2][0] = refused;
    assert_reason(run(&kind, 1), "SOLD_OUT");
    assert_string_equal(lab.calls, "a b c B A");
    finish();
}

static void what_may_pass_is_tried_again(struct loop *loop)
{
    begin(loop);
    lab.answers[1][0] = lab.answers[1][1] = unavailable;
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b b b c d");
    finish();
}

static void an_unknown_outcome_undoes_the_step_itself(struct loop *loop)
{
    begin(loop);
    for (int i = 0; i < SAGA_STEP_TRIES; i++)
        lab.answers[1][i] = unavailable;
    assert_int_equal(run(&kind, 1).code, CODE_UNAVAILABLE);
    assert_string_equal(lab.calls, "a b b b b B A");
    finish();
}

/* Whoever waits would else begin another saga for each of its own tries. */
static void contention_that_a_step_gave_up_is_no_longer_its_callers(struct loop *loop)
{
    begin(loop);
    for (int i = 0; i < SAGA_STEP_TRIES; i++)
        lab.answers[1][i] = (struct status){.code = CODE_ABORTED, .reason = "CONTENTION"};
    assert_reason(run(&kind, 1), "DEPENDENCY_CONTENTION");
    assert_string_equal(lab.calls, "a b b b b B A");
    assert_string_equal(lab.undone_reason, "CONTENTION");
    finish();
}

/* The first try may have arrived, or still be on its way. */
static void an_unknown_outcome_before_a_refusal_undoes_the_step_itself(struct loop *loop)
{
    begin(loop);
    lab.answers[1][0] = unavailable;
    lab.answers[1][1] = refused;
    assert_reason(run(&kind, 1), "SOLD_OUT");
    assert_string_equal(lab.calls, "a b b B A");
    finish();
}

static void an_unknown_outcome_of_one_step_does_not_count_for_the_next(struct loop *loop)
{
    begin(loop);
    lab.answers[0][0] = unavailable;
    lab.answers[1][0] = refused;
    assert_reason(run(&kind, 1), "SOLD_OUT");
    assert_string_equal(lab.calls, "a a b A");
    finish();
}

static void a_refusal_that_left_something_undoes_the_step_itself(struct loop *loop)
{
    begin(loop);
    lab.answers[1][0] = refused;
    lab.partial[1] = true;
    assert_reason(run(&kind, 1), "SOLD_OUT");
    assert_string_equal(lab.calls, "a b B A");
    finish();
}

static void the_deadline_undoes_the_step_under_way(struct loop *loop)
{
    begin(loop);
    lab.sleep_us[1] = 60 * CLOCK_US_PER_S;
    assert_int_equal(run(&hasty, 1).code, CODE_DEADLINE_EXCEEDED);
    assert_int_equal(lab.interrupted, CODE_DEADLINE_EXCEEDED);
    assert_string_equal(lab.calls, "a b B A"); /* what SAGA_STEP_LIMIT_MS ends is tried again */
    assert_int_equal(phase_of(1), SAGA_UNDONE);
    finish();
}

static void a_pivot_whose_answer_was_lost_goes_forward(struct loop *loop)
{
    begin(loop);
    lab.loses_commit = true;
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_null(strchr(lab.calls, 'A'));
    assert_int_equal(lab.calls[strlen(lab.calls) - 1], 'd');
    assert_int_equal(phase_of(1), SAGA_DONE);
    assert_int_equal(answered.size, 0); /* what was committed only the database knows */
    finish();
}

static void steps_behind_the_pivot_are_insisted_on(struct loop *loop)
{
    begin(loop);
    lab.answers[3][0] = refused;
    lab.answers[3][1] = unavailable;
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d d d");
    finish();
}

/* A step may be tried for days. */
static void tries_in_vain_take_no_memory(struct loop *loop)
{
    begin(loop);
    lab.memory = 3 << 20;
    for (int i = 0; i < SAGA_STEP_TRIES - 1; i++)
        lab.answers[1][i] = lab.answers[3][i] = unavailable;
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b b b b c d d d d");
    finish();
}

/* A peer that is away for long must not fill the process with sagas. */
static void one_that_cannot_go_on_is_put_off(struct loop *loop)
{
    begin(loop);
    for (int i = 0; i < TRIES_MAX; i++)
        lab.answers[3][i] = unavailable;
    assert_ok(run(&kind, 1));
    server_test_wait(SOON_MS,
                     kit_read_i64(lab.db, "SELECT owner = '' FROM saga WHERE id = 1", DB_NO_ARGS));
    assert_true(is_active(1));
    assert_true(lab.tries[3] < TRIES_MAX);
    wait_for_end(1);
    assert_int_equal(lab.tries[3], TRIES_MAX + 1);
    assert_int_equal(phase_of(1), SAGA_DONE);
    assert_int_equal(lab.undone, 0);
    finish();
}

static void waits_shortly(void *arg)
{
    insert(&kind, 1);
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(50 * CLOCK_US_PER_MS);
    *(enum code *)arg = run_inserted(&kind, 1).code;
}

static void whoever_waits_may_go_away(struct loop *loop)
{
    enum code heard = CODE_OK;

    begin(loop);
    lab.held[1] = true;
    struct task *task = task_spawn("impatient", waits_shortly, &heard);
    assert_ok(task_join(task));
    assert_int_equal(heard, CODE_DEADLINE_EXCEEDED);
    lab.held[1] = false;
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d");
    finish();
}

static void a_saga_of_a_dead_process_is_run_again_from_its_start(struct loop *loop)
{
    begin(loop);
    leave_row(1, "test", SAGA_FORWARD, 100);
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d");
    assert_int_equal(phase_of(1), SAGA_DONE);
    finish();
}

static void behind_the_pivot_it_is_run_on(struct loop *loop)
{
    begin(loop);
    leave_row(1, "test", SAGA_PAST_PIVOT, 100);
    wait_for_end(1);
    assert_string_equal(lab.calls, "d");
    finish();
}

static void an_undo_is_run_again_whole_and_remembers_why(struct loop *loop)
{
    begin(loop);
    leave_row(1, "test", SAGA_UNDOING, 100);
    wait_for_end(1);
    assert_string_equal(lab.calls, "B A");
    assert_int_equal(phase_of(1), SAGA_UNDONE);
    assert_string_equal(lab.undone_reason, "SOLD_OUT");
    assert_string_equal(lab.undone_with.detail, "none left");
    finish();
}

/* The dead process may have come further than this one does. */
static void a_resumed_saga_that_is_refused_undoes_every_step(struct loop *loop)
{
    begin(loop);
    lab.answers[0][0] = refused;
    leave_row(1, "test", SAGA_FORWARD, 100);
    wait_for_end(1);
    assert_string_equal(lab.calls, "a B A");
    assert_int_equal(phase_of(1), SAGA_UNDONE);
    finish();
}

static void what_another_process_holds_is_left_alone(struct loop *loop)
{
    begin(loop);
    leave_row(1, "test", SAGA_FORWARD, 3600 * 1000);
    assert_ok(task_sleep_us(2500 * CLOCK_US_PER_MS)); /* more than two polls */
    assert_string_equal(lab.calls, "");
    finish();
}

/* Its lease is renewed for as long as it takes, so the second process never runs it. */
static void a_slow_saga_is_run_by_its_process_alone(struct loop *loop)
{
    begin_with_lease(loop, 2000);
    struct saga_runner *other = start_runner("elsewhere");
    lab.sleep_us[1] = 3500 * CLOCK_US_PER_MS; /* and less than a step may take */
    assert_ok(run(&kind, 1));
    wait_for_end(1);
    assert_string_equal(lab.calls, "a b c d");
    saga_runner_stop(other);
    finish();
}

static void a_saga_that_never_got_to_run_is_resumed_while_others_run(struct loop *loop)
{
    begin_with_lease(loop, SHORT_LEASE_MS);
    lab.sleep_us[3] = 2 * CLOCK_US_PER_S; /* keeps the runner busy renewing */
    assert_ok(run(&kind, 1));
    insert(&kind, 2); /* committed, and then its request was cancelled */
    wait_for_end(2);
    assert_int_equal(phase_of(2), SAGA_DONE);
    wait_for_end(1);
    finish();
}

static void kinds_of_another_binary_are_left_alone(struct loop *loop)
{
    begin(loop);
    leave_row(1, "of the next release", SAGA_FORWARD, 0);
    leave_row(2, "test", SAGA_FORWARD, 0);
    wait_for_end(2);
    assert_int_equal(
        kit_read_i64(lab.db, "SELECT COUNT(*) FROM saga WHERE owner = 'dead'", DB_NO_ARGS), 1);
    finish();
}

static void a_state_that_cannot_be_read_does_not_stop_the_others(struct loop *loop)
{
    begin(loop);
    log_set_level(LOG_ERROR + 1);
    leave_row(1, "test", SAGA_FORWARD, 3600 * 1000);
    kit_write(lab.db, "UPDATE saga SET state = x'ffff', until_at = '2000-01-01'", DB_NO_ARGS);
    leave_row(2, "test", SAGA_FORWARD, 0);
    wait_for_end(2);
    assert_true(is_active(1));
    finish();
}

static void stops_runner(void *runner)
{
    saga_runner_stop(runner);
}

/* For the day when nobody can read its state. */
static void its_row_names_the_request_that_it_answers(struct loop *loop)
{
    static const struct rpc_method method = {.path = "/test.Test/Begin"};
    const struct request rq = {.caller.key = "customer/1", .method = &method, .request_id = "r-1"};
    const Stock state = new_state();
    begin(loop);
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, lab.db));
        assert_ok(saga_insert(lab.runner, &tx, &kind, 1, &state.base, &rq));
        assert_ok(db_tx_commit(&tx));
    }
    assert_int_equal(kit_read_i64(lab.db,
                                  "SELECT COUNT(*) FROM saga WHERE request_caller = 'customer/1' "
                                  "AND request_method = '/test.Test/Begin' AND request_id = 'r-1'",
                                  DB_NO_ARGS),
                     1);
    finish();
}

static void a_stop_leaves_the_saga_for_another_to_go_on_at_once(struct loop *loop)
{
    begin(loop);
    lab.sleep_us[3] = 30 * CLOCK_US_PER_S;
    assert_ok(run(&kind, 1));
    struct task *stop = task_spawn("stop", stops_runner, lab.runner);
    assert_ok(task_join(stop));
    assert_true(is_active(1));

    lab.sleep_us[3] = 0;
    *lab.calls = '\0';
    lab.runner = start_runner("next");
    wait_for_end(1);
    assert_string_equal(lab.calls, "d");
    finish();
}

/* A frozen process comes back after another one has done its saga: it must not touch the row. */
static void a_process_that_was_overtaken_leaves(struct loop *loop)
{
    begin(loop);
    lab.taken_before_pivot = true;
    assert_reason(run(&kind, 1), "DEPENDENCY_UNAVAILABLE");
    assert_string_equal(lab.calls, "a b c"); /* it stops at the pivot, and undoes nothing */
    assert_int_equal(phase_of(1), SAGA_UNDOING);
    finish();
}

/* An operator gave it up at another process, which knows no task of it. */
static void whoever_loses_a_saga_leaves_its_step_soon(struct loop *loop)
{
    begin_with_lease(loop, SHORT_LEASE_MS);
    lab.sleep_us[1] = 30 * CLOCK_US_PER_S;
    enum code heard = CODE_OK;
    struct task *task = task_spawn("waits", waits_shortly, &heard);
    assert_ok(task_join(task));
    take_away(1);
    server_test_wait(SOON_MS, lab.interrupted);
    assert_int_equal(lab.interrupted, CODE_CANCELLED); /* not at the end of its time */
    assert_string_equal(lab.calls, "a b");
    assert_int_equal(phase_of(1), SAGA_UNDOING);
    finish();
}

/* The other one may have come further than we, before it died and the saga came back to us. */
static void a_saga_that_comes_back_undoes_every_step(struct loop *loop)
{
    begin(loop);
    lab.held_until_resumed = true;
    lab.answers[1][0] = refused;
    enum code heard = CODE_OK;
    struct task *task = task_spawn("waits", waits_shortly, &heard);
    assert_ok(task_join(task));
    kit_write(lab.db, "UPDATE saga SET owner = 'other', until_at = '2000-01-01'", DB_NO_ARGS);
    saga_nudge(lab.runner); /* before it hears that it has lost it; or it begins anew */
    wait_for_end(1);
    assert_string_equal(strstr(lab.calls, "b"), "b B A");
    finish();
}

SERVER_TESTS(
    all_steps_are_done_in_their_order, many_that_are_done_are_one_statement,
    who_stops_notes_what_is_done, whoever_waits_is_told_at_the_pivot,
    a_refusal_undoes_what_was_done_before_it, a_refusal_of_the_pivot_undoes_in_reverse,
    what_may_pass_is_tried_again, an_unknown_outcome_undoes_the_step_itself,
    contention_that_a_step_gave_up_is_no_longer_its_callers,
    an_unknown_outcome_before_a_refusal_undoes_the_step_itself,
    an_unknown_outcome_of_one_step_does_not_count_for_the_next,
    a_refusal_that_left_something_undoes_the_step_itself, the_deadline_undoes_the_step_under_way,
    a_pivot_whose_answer_was_lost_goes_forward, steps_behind_the_pivot_are_insisted_on,
    tries_in_vain_take_no_memory, one_that_cannot_go_on_is_put_off, whoever_waits_may_go_away,
    a_saga_of_a_dead_process_is_run_again_from_its_start, behind_the_pivot_it_is_run_on,
    an_undo_is_run_again_whole_and_remembers_why, a_resumed_saga_that_is_refused_undoes_every_step,
    what_another_process_holds_is_left_alone, a_slow_saga_is_run_by_its_process_alone,
    a_saga_that_never_got_to_run_is_resumed_while_others_run,
    kinds_of_another_binary_are_left_alone, a_state_that_cannot_be_read_does_not_stop_the_others,
    its_row_names_the_request_that_it_answers, a_stop_leaves_the_saga_for_another_to_go_on_at_once,
    a_process_that_was_overtaken_leaves, whoever_loses_a_saga_leaves_its_step_soon,
    a_saga_that_comes_back_undoes_every_step)
