/*
 * SagaService: what operators may do about the sagas of this service. Its instance is the saga
 * runner. What each method does is said in souk/ops/v1/sagas.rpc.h.
 */
#include "io/db.h"
#include "io/pb.h"
#include "io/pb_time.h"
#include "io/request.h"
#include "observe/log.h"
#include "patterns/idempotency.h"
#include "patterns/page_token.h"
#include "patterns/saga.h"
#include "patterns/saga_admin.h"
#include "patterns/saga_run.h"
#include "souk/ops/v1/sagas.rpc.h"

enum { PAGE_SIZE_DEFAULT = 50, ACTIONS_MOST = 50 };

static const struct saga_runner_config *config_of(const struct request *rq)
{
    return saga_runner_config_of(rq->service);
}

static struct status unknown(int64_t id)
{
    return status_error(CODE_NOT_FOUND, REASON_SAGA_UNKNOWN, "there is no saga %lld",
                        (long long)id);
}

static Saga *to_pb(const struct saga_record *record, struct arena *arena)
{
    Saga *ret = arena_new_of(arena, Saga);
    const struct status *outcome = &record->outcome;

    saga_init(ret);
    ret->saga_id = record->id;
    ret->kind = (char *)(uintptr_t)record->kind;
    ret->phase = (SagaPhase)record->phase; /* the numbers are the same */
    ret->held_by = (char *)(uintptr_t)record->held_by;
    ret->next_try_at = record->active ? pb_timestamp(record->until_us, arena) : NULL;
    ret->deadline_at = pb_timestamp(record->deadline_us, arena);
    ret->created_at = pb_timestamp(record->created_us, arena);
    ret->updated_at = pb_timestamp(record->updated_us, arena);
    ret->stuck_at = pb_timestamp(record->stuck_us, arena);
    ret->trouble = (char *)(uintptr_t)record->trouble;
    if (!status_ok(outcome))
        ret->outcome = arena_printf(arena, "%s %s: %s", code_name(outcome->code), outcome->reason,
                                    outcome->detail);
    return ret;
}

struct status saga_list_sagas(struct request *rq, const ListSagasRequest *in,
                              ListSagasResponse *ret)
{
    ListSagasRequest list = *in;
    list.page_size = 0;
    list.page_token = NULL;
    const uint64_t digest = page_list_digest(&list.base, rq->arena);
    const size_t page_size = in->page_size ? (size_t)in->page_size : PAGE_SIZE_DEFAULT;
    struct saga_filter filter = {
        .kind = in->kind, .stuck = in->stuck, .ended = in->ended, .most = page_size + 1};
    struct saga_record *rows;
    size_t count;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &filter.after_id, 1)));
    TRY(saga_admin_list(config_of(rq)->db, &filter, rq->arena, &rows, &count));
    ret->n_sagas = count > page_size ? page_size : count;
    ret->sagas = arena_array_of(rq->arena, Saga *, ret->n_sagas);
    for (size_t i = 0; i < ret->n_sagas; i++)
        ret->sagas[i] = to_pb(&rows[i], rq->arena);
    if (count > page_size)
        ret->next_page_token = page_token_make(digest, &rows[page_size - 1].id, 1, rq->arena);
    return STATUS_OK;
}

static void name_steps(const struct saga_kind *kind, struct arena *arena, GetSagaResponse *ret)
{
    if (!kind)
        return;
    ret->n_steps = kind->step_count;
    ret->steps = arena_array_of(arena, char *, kind->step_count);
    for (size_t i = 0; i < kind->step_count; i++)
        ret->steps[i] = (char *)(uintptr_t)kind->steps[i].name;
}

static struct status show_actions(struct db_tx *tx, int64_t id, struct arena *arena,
                                  GetSagaResponse *ret)
{
    struct saga_action_record *rows;

    TRY(saga_admin_actions(tx, id, ACTIONS_MOST, arena, &rows, &ret->n_actions));
    ret->actions = arena_array_of(arena, SagaAction *, ret->n_actions);
    for (size_t i = 0; i < ret->n_actions; i++) {
        ret->actions[i] = arena_new_of(arena, SagaAction);
        saga_action_init(ret->actions[i]);
        ret->actions[i]->action = (char *)(uintptr_t)rows[i].action;
        ret->actions[i]->by = (char *)(uintptr_t)rows[i].by;
        ret->actions[i]->why = (char *)(uintptr_t)rows[i].why;
        ret->actions[i]->at = pb_timestamp(rows[i].at_us, arena);
    }
    return STATUS_OK;
}

struct status saga_get_saga(struct request *rq, const GetSagaRequest *in, GetSagaResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct saga_record record;
    bool found;

    TRY(db_read_begin(&tx, config_of(rq)->db));
    TRY(saga_admin_find(&tx, in->saga_id, rq->arena, &record, &found));
    if (!found)
        return unknown(in->saga_id);
    ret->saga = to_pb(&record, rq->arena);
    name_steps(saga_runner_kind(rq->service, record.kind), rq->arena, ret);
    return show_actions(&tx, in->saga_id, rq->arena, ret);
}

/* Locked, and not at its end. */
static struct status lock(struct request *rq, struct db_tx *tx, int64_t id, struct saga_record *ret,
                          struct pb_bytes *ret_state)
{
    bool found;

    TRY(saga_admin_lock(tx, id, rq->arena, ret, ret_state, &found));
    if (!found)
        return unknown(id);
    if (!ret->active)
        return status_error(CODE_FAILED_PRECONDITION, REASON_SAGA_ENDED, "saga %lld has ended",
                            (long long)id);
    return STATUS_OK;
}

/* Who did it and why, for those who ask later; and as it is now. */
static struct status conclude(struct request *rq, struct db_tx *tx, int64_t id, const char *what,
                              const char *why, Saga **ret)
{
    const struct saga_action_record action = {.action = what, .by = rq->caller.key, .why = why};
    struct saga_record record;
    bool found;

    TRY(saga_admin_note(tx, id, &action));
    TRY(saga_admin_find(tx, id, rq->arena, &record, &found));
    *ret = to_pb(&record, rq->arena);
    return STATUS_OK;
}

/* After the commit: before it nothing has happened, and it may happen twice. */
static void tell(const struct request *rq, int64_t id, const char *what, const char *why)
{
    log_info("an operator looked after a saga", LOG_I64("saga", id), LOG_STR("action", what),
             LOG_STR("by", rq->caller.key), LOG_STR("why", why));
}

struct status saga_retry_saga(struct request *rq, const RetrySagaRequest *in,
                              RetrySagaResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct saga_record record;
    struct pb_bytes state;
    bool replayed;

    TRY(db_tx_begin(&tx, config_of(rq)->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock(rq, &tx, in->saga_id, &record, &state));
    TRY(saga_admin_hurry(&tx, in->saga_id));
    TRY(conclude(rq, &tx, in->saga_id, "retry", in->why, &ret->saga));
    TRY(idempotency_store(&tx, rq, &ret->base));
    TRY(db_tx_commit(&tx));
    tell(rq, in->saga_id, "retry", in->why);
    saga_nudge(rq->service);
    return STATUS_OK;
}

/*
 * As the saga itself would have ended. Where nobody can read its state, its row is all that ends, and
 * the wait of its request's duplicates.
 */
static struct status end_as_it_is(struct request *rq, struct db_tx *tx,
                                  const struct saga_record *record, const struct pb_bytes *bytes)
{
    const struct saga_kind *kind = saga_runner_kind(rq->service, record->kind);

    if (!kind)
        return status_error(CODE_FAILED_PRECONDITION, REASON_SAGA_KIND_UNKNOWN,
                            "this process knows no saga called %s", record->kind);
    TRY(saga_admin_give_up(tx, record->id));
    struct saga saga = {
        .id = record->id,
        .app = config_of(rq)->app,
        .arena = rq->arena,
        .state = pb_unpack(kind->state, bytes->at, bytes->size, rq->arena),
    };
    if (!saga.state)
        return saga_admin_free_request(tx, record->id);
    if (status_ok(&record->outcome) || !kind->undone)
        return STATUS_OK;
    return kind->undone(&saga, tx, &record->outcome);
}

struct status saga_abandon_saga(struct request *rq, const AbandonSagaRequest *in,
                                AbandonSagaResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct saga_record record;
    struct pb_bytes state;
    bool replayed;

    TRY(db_tx_begin(&tx, config_of(rq)->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock(rq, &tx, in->saga_id, &record, &state));
    if (record.phase == SAGA_FORWARD) {
        const struct status why = status_error(CODE_ABORTED, REASON_SAGA_ABANDONED, "%s", in->why);
        TRY(saga_admin_turn_back(&tx, in->saga_id, &why));
    } else {
        TRY(end_as_it_is(rq, &tx, &record, &state));
    }
    TRY(conclude(rq, &tx, in->saga_id, "abandon", in->why, &ret->saga));
    TRY(idempotency_store(&tx, rq, &ret->base));
    TRY(db_tx_commit(&tx));
    tell(rq, in->saga_id, "abandon", in->why);
    saga_runner_drop(rq->service, in->saga_id);
    saga_nudge(rq->service);
    return STATUS_OK;
}
