/*
 * SearchService: what each method does is said in souk/search/v1/search.rpc.h.
 */
#include "found.h"
#include "hydrate.h"
#include "io/request.h"
#include "observe/metrics.h"
#include "query.h"
#include "search.h"
#include "search_pb.h"
#include "souk/search/v1/search.rpc.h"

/* What is not read need not be written. */
#define ANSWER_PARTS \
    "hits.total,hits.hits._source,hits.hits.sort,aggregations.*.buckets,error.type,error.reason"

/*
 * `preference` keeps the pages of one list on one copy of the index: scores differ a little from
 * copy to copy.
 */
static const char *path_for(const struct search *search, uint64_t digest, struct arena *arena)
{
    return arena_printf(arena,
                        "/%s/_search?allow_partial_search_results=false&preference=%016llx"
                        "&filter_path=" ANSWER_PARTS,
                        search->engine.alias, (unsigned long long)digest);
}

static struct status ask_engine(const struct search *search, const struct query *query,
                                uint64_t digest, struct arena *arena, struct engine_answer *ret)
{
    json_auto_t *body = query_body(query);
    size_t size;
    const char *text = engine_json(body, arena, &size);
    const struct engine_request request = {
        .method = "POST",
        .path = path_for(search, digest, arena),
        .body = text,
        .body_size = size,
        .timeout_us = search->search_timeout_us,
    };

    return engine_call(&search->engine, &request, arena, ret);
}

static struct status find(const struct search *search, const struct query *query, uint64_t digest,
                          struct arena *arena, struct found *ret)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};

    TRY(ask_engine(search, query, digest, arena, &answer));
    if (answer.status == 404)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "there is no index yet");
    if (answer.status != 200)
        return engine_refusal(&answer);
    return found_read(answer.body, query, arena, ret);
}

struct status search_search(struct request *rq, const SearchRequest *in, SearchResponse *ret)
{
    const struct search *search = rq->service;
    struct query query;
    struct found found = {0};
    uint64_t digest;

    TRY(query_from_pb(in, rq->arena, &query, &digest));
    TRY(find(search, &query, digest, rq->arena, &found));
    ret->partial = !hydrate(search, found.hits, found.count, rq->arena);
    if (ret->partial)
        metric_add(search->partial, 1);
    found_to_pb(&found, &query, digest, rq->arena, ret);
    return STATUS_OK;
}
