/*
 * SearchService: what each method does is said in souk/search/v1/search.rpc.h.
 */
#include "app/service.h"
#include "found.h"
#include "hydrate.h"
#include "io/db.h"
#include "io/request.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/idempotency.h"
#include "query.h"
#include "reindex_repo.h"
#include "reindex_worker.h"
#include "reindexing.h"
#include "run/task.h"
#include "search.h"
#include "search_pb.h"
#include "souk/search/v1/search.rpc.h"
#include "suggest.h"

/* What is not read need not be written. */
#define ANSWER_PARTS                                                                          \
    "hits.total,hits.hits._source,hits.hits.sort,hits.hits.highlight,aggregations.*.buckets," \
    "suggest,error.type,error.reason"

/*
 * `preference` keeps the pages of one list on one copy of the index: each copy shows what is new in a
 * moment of its own.
 */
static const char *path_for(const struct search *search, uint64_t digest, struct arena *arena)
{
    return arena_printf(arena,
                        "/%s/_search?allow_partial_search_results=false&preference=%016llx"
                        "&filter_path=" ANSWER_PARTS,
                        search->engine.alias, (unsigned long long)digest);
}

static struct status ask_engine(const struct search *search, const json_t *body, uint64_t digest,
                                struct arena *arena, struct engine_answer *ret)
{
    size_t size;
    const char *text = engine_json(body, arena, &size);
    const struct engine_request request = {
        .method = "POST",
        .path = path_for(search, digest, arena),
        .body = text,
        .body_size = size,
        .timeout_us = search->search_timeout_us,
    };

    TRY(engine_call(&search->engine, &request, arena, ret));
    if (ret->status == 404)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "there is no index yet");
    return ret->status == 200 ? STATUS_OK : engine_refusal(ret);
}

static struct status find(const struct search *search, const struct query *query, uint64_t digest,
                          struct arena *arena, struct found *ret)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *body = query_body(query);

    TRY(ask_engine(search, body, digest, arena, &answer));
    return found_read(answer.body, query, arena, ret);
}

static struct status finds_something(const struct search *search, const struct query *query,
                                     uint64_t digest, struct arena *arena, bool *ret)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *body = query_count_body(query);
    struct found found;

    TRY(ask_engine(search, body, digest, arena, &answer));
    TRY(found_read(answer.body, query, arena, &found));
    *ret = found.total > 0;
    return STATUS_OK;
}

/* What is near to each word need not be anywhere together, so it is looked for first. */
static struct status correct(const struct search *search, const struct query *query,
                             uint64_t digest, struct arena *arena, const char **ret)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *body = suggest_body(query->text);
    struct query meant = *query;
    bool finds = false;

    TRY(ask_engine(search, body, digest, arena, &answer));
    meant.text = suggest_read(answer.body, query->text, arena);
    if (meant.text)
        TRY(finds_something(search, &meant, digest, arena, &finds));
    if (finds)
        *ret = meant.text;
    return STATUS_OK;
}

/* NULL: nothing better is known. A search that found nothing is answered without it, too. */
static struct status did_you_mean(const struct search *search, const struct query *query,
                                  uint64_t digest, struct arena *arena, const char **ret)
{
    *ret = NULL;
    if (!*query->text || query->is_continued)
        return STATUS_OK;
    const struct status st = correct(search, query, digest, arena, ret);
    if (status_ok(&st))
        return STATUS_OK;
    log_warn("no correction of a search", LOG_STATUS(st));
    return task_check();
}

static struct status refuse_running(struct request *rq, const struct reindex *running)
{
    error_details_add(&rq->details, rq->arena, "reindex_id", "%lld",
                      (long long)running->reindex_id);
    return status_error(CODE_FAILED_PRECONDITION, REASON_REINDEX_RUNNING,
                        "the index is being made anew already");
}

struct status search_reindex(struct request *rq, const ReindexRequest *in, ReindexResponse *ret)
{
    const struct search *search = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reindex reindex;
    bool replayed, begun;

    TRY(db_tx_begin(&tx, search->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(reindexing_begin(&tx, &search->engine, rq->arena, &reindex, &begun));
    if (!begun)
        return refuse_running(rq, &reindex);
    ret->reindexing = reindex_to_pb(&reindex, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    TRY(db_tx_commit(&tx));
    service_nudge(search->service, REINDEX_WORKER);
    return STATUS_OK;
}

struct status search_get_reindex(struct request *rq, const GetReindexRequest *in,
                                 GetReindexResponse *ret)
{
    const struct search *search = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reindex reindex;
    bool found;

    TRY(db_read_begin(&tx, search->db));
    TRY(reindex_repo_find(&tx, in->reindex_id, rq->arena, &reindex, &found));
    if (!found)
        return status_error(CODE_NOT_FOUND, REASON_REINDEX_UNKNOWN, "there is no reindexing %lld",
                            (long long)in->reindex_id);
    ret->reindexing = reindex_to_pb(&reindex, rq->arena);
    return STATUS_OK;
}

struct status search_search(struct request *rq, const SearchRequest *in, SearchResponse *ret)
{
    const struct search *search = rq->service;
    struct query query;
    struct found found = {0};
    uint64_t digest;

    const struct status st = query_from_pb(in, rq->arena, &query, &digest);
    TRY(request_blame(rq, status_is(&st, "PAGE_TOKEN_INVALID") ? "page_token" : "price_max", st));
    TRY(find(search, &query, digest, rq->arena, &found));
    if (!found.count)
        TRY(did_you_mean(search, &query, digest, rq->arena, &found.did_you_mean));
    ret->partial = !hydrate(search, found.hits, found.count, rq->arena);
    if (ret->partial)
        metric_add(search->partial, 1);
    found_to_pb(&found, &query, digest, rq->arena, ret);
    return STATUS_OK;
}
