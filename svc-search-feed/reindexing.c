#include "reindexing.h"

#include <string.h>

#include "base/clock.h"
#include "io/db.h"
#include "observe/log.h"

/* `*ret_may_begin`: none runs, or none any more. */
static struct status clear_the_way(struct db_tx *tx, const struct engine *engine,
                                   struct arena *arena, struct reindex *running,
                                   bool *ret_may_begin)
{
    bool found;

    *ret_may_begin = true;
    TRY(reindex_repo_find_running(tx, arena, running, &found));
    if (!found)
        return STATUS_OK;
    *ret_may_begin = strcmp(running->schema, engine->schema) != 0;
    if (!*ret_may_begin)
        return STATUS_OK;
    log_warn("reindexing of another release is given up", LOG_STR("index", running->index),
             LOG_STR("schema", running->schema));
    return reindex_repo_give_up(tx, running, GIVEN_UP_UNWANTED);
}

/* Of two at once the key lets one through. */
static struct status insert(struct db_tx *tx, const struct engine *engine, struct arena *arena,
                            bool *ret_begun)
{
    int64_t now_us;

    TRY(db_now(tx, &now_us));
    const char *index =
        arena_printf(arena, "%s-%lld", engine->index, (long long)(now_us / CLOCK_US_PER_MS));
    const struct status st = reindex_repo_insert(tx, index, engine->schema, now_us);
    *ret_begun = status_ok(&st);
    return status_is(&st, "DUPLICATE_KEY") ? STATUS_OK : st;
}

struct status reindexing_begin(struct db_tx *tx, const struct engine *engine, struct arena *arena,
                               struct reindex *ret, bool *ret_begun)
{
    bool may_begin, found;

    *ret_begun = false;
    TRY(clear_the_way(tx, engine, arena, ret, &may_begin));
    if (!may_begin)
        return STATUS_OK;
    TRY(insert(tx, engine, arena, ret_begun));
    TRY(reindex_repo_find_running(tx, arena, ret, &found));
    return found ? STATUS_OK
                 : status_error(CODE_ABORTED, "CONTENTION", "a reindexing came and went");
}

struct status reindexing_begin_again(struct db_tx *tx, const struct engine *engine,
                                     struct arena *arena, bool *ret_begun)
{
    struct reindex last;
    bool found;

    *ret_begun = false;
    TRY(reindex_repo_find_last(tx, arena, &last, &found));
    if (!found || last.given_up != GIVEN_UP_NOT_MADE || strcmp(last.schema, engine->schema) != 0)
        return STATUS_OK;
    return insert(tx, engine, arena, ret_begun);
}
