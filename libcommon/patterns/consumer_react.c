#include <string.h>

#include "base/clock.h"
#include "io/db.h"
#include "io/pb.h"
#include "patterns/consumer_internal.h"
#include "patterns/dead_letter.h"
#include "patterns/inbox.h"
#include "patterns/parked_runner.h"
#include "run/task.h"

enum {
    EVENT_ARENA_MAX = 32 * 1024 * 1024,
    BATCH_ARENA_MAX = 4 * EVENT_ARENA_MAX,
    EVENT_LIMIT_US = 20 * 1000 * 1000,
};

const struct event_route *consumer_route(const struct consumer *consumer,
                                         const struct mq_message *message)
{
    const char *type = mq_header(message, "ce_type");

    if (!type || dead_letter_order(message, consumer->config->name) == DEAD_LETTER_FOREIGN)
        return NULL;
    for (size_t i = 0; i < consumer->config->route_count; i++)
        if (strcmp(consumer->config->routes[i].type->type, type) == 0)
            return &consumer->config->routes[i];
    return NULL;
}

static struct status read_event(const struct mq_message *message, const struct event_route *route,
                                struct arena *arena, struct consumer_event *ret)
{
    *ret = (struct consumer_event){
        .type = route->type,
        .id = mq_header(message, "ce_id"),
        .source = mq_header(message, "ce_source"),
        .arena = arena,
    };
    if (message->value)
        ret->message = pb_unpack(route->type->message, message->value, message->value_size, arena);
    if (!ret->message)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "the value is no %s",
                            route->type->message->name);
    if (!ret->id || !ret->source)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "ce_id or ce_source is missing");
    if (strlen(ret->id) > INBOX_ID_MAX || strlen(ret->source) > INBOX_ID_MAX)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "ce_id or ce_source is too long");
    return STATUS_OK;
}

static void tell_commit(const struct consumer *consumer)
{
    if (consumer->config->after_commit)
        consumer->config->after_commit(consumer->config->arg);
}

/* One event in a transaction of its own. */

static struct status claim_and_handle(const struct consumer *consumer, struct db_tx *tx,
                                      const struct event_route *route,
                                      const struct consumer_event *event, bool *ret_new)
{
    const struct consumer_config *config = consumer->config;

    TRY(inbox_claim(tx, config->name, event->source, event->id, ret_new));
    if (!*ret_new)
        return STATUS_OK;
    return config->batch_handler ? config->batch_handler(config->arg, tx, event, 1)
                                 : route->handler(config->arg, tx, event);
}

static struct status note_handled(const struct consumer *consumer, const struct mq_message *message,
                                  bool is_new)
{
    consumer_count(consumer, message, is_new ? "handled" : "repeated");
    if (is_new)
        tell_commit(consumer);
    return STATUS_OK;
}

/*
 * What is behind a parked event waits unread. Not so what was handled before: it might wait longer
 * than the inbox knows it.
 */
static struct status park_behind(const struct consumer *consumer, struct db_tx *tx,
                                 const struct mq_message *message, struct arena *arena,
                                 const char **ret_outcome)
{
    const char *name = consumer->config->name, *source, *id;
    uint64_t first = 0;
    bool is_known;

    *ret_outcome = NULL;
    if (!consumer_is_projection(consumer))
        TRY(parked_lock_key(tx, name, message, &first));
    if (!first)
        return STATUS_OK;
    dead_letter_identity(message, arena, &source, &id);
    TRY(inbox_has(tx, name, source, id, &is_known));
    *ret_outcome = is_known ? "repeated" : "parked";
    return is_known ? STATUS_OK : parked_add(tx, name, message, 0, NULL, arena);
}

struct status consumer_react(const struct consumer *consumer, const struct event_route *route,
                             const struct mq_message *message)
{
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct consumer_event event;
    const char *outcome;
    bool is_new;

    TRY(db_tx_begin(&tx, consumer->config->db));
    TRY(park_behind(consumer, &tx, message, arena, &outcome));
    if (outcome) {
        TRY(db_tx_commit(&tx));
        consumer_count(consumer, message, outcome);
        return STATUS_OK;
    }
    TRY(read_event(message, route, arena, &event));
    TRY(claim_and_handle(consumer, &tx, route, &event, &is_new));
    TRY(db_tx_commit(&tx));
    return note_handled(consumer, message, is_new);
}

/* The row of a key's queue is locked by the key, as whoever adds to it does. */
static struct status lock_parked(const struct consumer *consumer, struct db_tx *tx,
                                 const struct parked *parked, bool *ret_ours)
{
    uint64_t id;

    if (consumer_is_projection(consumer))
        TRY(parked_lock(tx, parked->id, &id));
    else
        TRY(parked_lock_key(tx, consumer->config->name, &parked->message, &id));
    *ret_ours = id == parked->id;
    return STATUS_OK;
}

/* The next of its key is due at once; a projection's have not waited for it. */
static struct status free_key(const struct consumer *consumer, struct db_tx *tx,
                              const struct mq_message *message)
{
    if (consumer_is_projection(consumer))
        return STATUS_OK;
    return parked_make_next_due(tx, consumer->config->name, message);
}

struct status consumer_react_to_parked(const struct consumer *consumer, const struct parked *parked)
{
    const struct event_route *route = consumer_route(consumer, &parked->message);
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct consumer_event event;
    bool is_ours, is_new = false;

    TRY(db_tx_begin(&tx, consumer->config->db));
    TRY(lock_parked(consumer, &tx, parked, &is_ours));
    if (!is_ours)
        return STATUS_OK; /* somebody was faster */
    if (route) {          /* else a release that does not know it any more */
        TRY(read_event(&parked->message, route, arena, &event));
        TRY(claim_and_handle(consumer, &tx, route, &event, &is_new));
    }
    TRY(parked_release(&tx, parked));
    TRY(free_key(consumer, &tx, &parked->message));
    TRY(db_tx_commit(&tx));
    return note_handled(consumer, &parked->message, is_new);
}

static struct status revive(const struct consumer *consumer, const struct mq_message *message,
                            bool *ret_revived)
{
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, consumer->config->db));
    TRY(parked_revive(&tx, consumer->config->name, message, arena, ret_revived));
    return db_tx_commit(&tx);
}

/*
 * A reaction's letter has a row from before it was written until it is done with, handled or
 * discarded. So one without a row is done with, however long ago: the inbox forgets. A projection
 * has forgotten its row, and handles the event as any other: the higher version wins.
 */
struct status consumer_redrive(const struct consumer *consumer, const struct event_route *route,
                               const struct mq_message *message)
{
    bool is_revived;

    TRY(revive(consumer, message, &is_revived));
    if (!is_revived && consumer_is_projection(consumer))
        return consumer_react(consumer, route, message);
    consumer_count(consumer, message, is_revived ? "redriven" : "repeated");
    if (is_revived)
        parked_runner_nudge(consumer->runner);
    return STATUS_OK;
}

/* The inbox has it from now on, so that no repetition brings it back. */
struct status consumer_discard(const struct consumer *consumer, const struct mq_message *message)
{
    AUTO(arena_freep) struct arena *arena = arena_new(EVENT_ARENA_MAX);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const char *source, *id;
    uint64_t first;
    bool is_new, is_found;

    dead_letter_identity(message, arena, &source, &id);
    TRY(db_tx_begin(&tx, consumer->config->db));
    if (!consumer_is_projection(consumer))
        TRY(parked_lock_key(&tx, consumer->config->name, message, &first));
    TRY(inbox_claim(&tx, consumer->config->name, source, id, &is_new));
    TRY(parked_discard(&tx, consumer->config->name, message, arena, &is_found));
    if (is_found)
        TRY(free_key(consumer, &tx, message));
    TRY(db_tx_commit(&tx));
    consumer_count(consumer, message, "discarded");
    parked_runner_nudge(consumer->runner);
    return STATUS_OK;
}

/* Several in one transaction. */

struct batch {
    struct arena *arena;
    struct consumer_event events[MQ_BATCH_MAX];
    const struct mq_message *messages[MQ_BATCH_MAX]; /* that they came in */
    bool is_new[MQ_BATCH_MAX];
    size_t count;
};

/* A batch that is too odd is taken apart: its events have the arena to themselves then. */
static struct status read_batch(const struct consumer *consumer, const struct mq_message *messages,
                                size_t count, struct batch *batch)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_route *route = consumer_route(consumer, &messages[i]);
        struct consumer_event *event = &batch->events[batch->count];
        if (!route)
            continue;
        if (dead_letter_order(&messages[i], consumer->config->name) != DEAD_LETTER_NO)
            return status_error(CODE_INTERNAL, "INTERNAL", "a dead letter in a batch");
        if (arena_left(batch->arena) < EVENT_ARENA_MAX)
            return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "too large a batch");
        TRY(read_event(&messages[i], route, batch->arena, event));
        if (strcmp(event->source, batch->events[0].source) != 0)
            return status_error(CODE_INTERNAL, "INTERNAL", "two sources in a batch");
        batch->messages[batch->count++] = &messages[i];
    }
    return STATUS_OK;
}

static struct status handle_batch(const struct consumer *consumer, struct batch *batch,
                                  size_t *ret_new)
{
    const struct consumer_config *config = consumer->config;
    struct consumer_event *fresh =
        arena_array_of(batch->arena, struct consumer_event, batch->count);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(EVENT_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, config->db));
    TRY(inbox_claim_many(&tx, config->name, batch->events, batch->count, batch->arena,
                         batch->is_new));
    *ret_new = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->is_new[i])
            fresh[(*ret_new)++] = batch->events[i];
    if (*ret_new)
        TRY(config->batch_handler(config->arg, &tx, fresh, *ret_new));
    return db_tx_commit(&tx);
}

struct status consumer_react_to_all(const struct consumer *consumer,
                                    const struct mq_message *messages, size_t count)
{
    AUTO(arena_freep) struct arena *arena = arena_new(BATCH_ARENA_MAX);
    struct batch *batch = arena_new_of(arena, struct batch);
    size_t new_count;

    batch->arena = arena;
    TRY(read_batch(consumer, messages, count, batch));
    if (!batch->count)
        return STATUS_OK;
    TRY(handle_batch(consumer, batch, &new_count));
    for (size_t i = 0; i < batch->count; i++)
        consumer_count(consumer, batch->messages[i], batch->is_new[i] ? "handled" : "repeated");
    if (new_count)
        tell_commit(consumer);
    return STATUS_OK;
}
