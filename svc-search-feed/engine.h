#pragma once

/*
 * engine: the search engine (OpenSearch, or Elasticsearch: only the API that both share) over HTTP.
 * Aliases name the indexes that are searched and written; what is behind them is the workers' to
 * say.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct http;

enum { ENGINE_ANSWER_DEPTH_MAX = 64 }; /* objects and arrays in each other; ours have ten or so */

struct engine {
    struct http *http;
    const char *url;        /* "http://127.0.0.1:9200" */
    const char *alias;      /* "souk-items": what is searched */
    const char *next_alias; /* "souk-items-next": what will be, while it is made (reindex_worker) */
    const char *old_alias;  /* "souk-items-old": what was, until it is removed */
    const char *index;  /* "souk-items-v2": the first one; later ones add when they were begun */
    const char *schema; /* how this process wants an index to be: a digest (index_schema) */
    int64_t shards;
    int64_t replicas;
};

struct engine_request {
    const char *method;
    const char *path; /* behind the url: "/_aliases" */
    const char *body; /* JSON, or lines of JSON; NULL: none */
    size_t body_size;
    int64_t timeout_us;
};

struct engine_answer {
    int status;
    json_t *body; /* the owner's: engine_answer_end */
};

/*
 * OK for every answer that is about the request: any status below 500 but 429. UNAVAILABLE
 * DEPENDENCY_UNAVAILABLE: not there, too slow, too busy, or in trouble itself.
 */
MUST_USE SUSPENDS struct status engine_call(const struct engine *engine,
                                            const struct engine_request *request,
                                            struct arena *arena, struct engine_answer *ret);
/* The same with `body` as JSON, NULL for none, and the patience of those for whom nobody waits. */
MUST_USE SUSPENDS struct status engine_ask(const struct engine *engine, const char *method,
                                           const char *path, const json_t *body,
                                           struct arena *arena, struct engine_answer *ret);
/* A zeroed answer is fine. */
void engine_answer_end(struct engine_answer *answer);

/* Does the engine name this as the type of the error? */
MUST_USE bool engine_answer_is(const struct engine_answer *answer, const char *error_type);

/* INTERNAL with what the engine says is wrong, for an answer that nobody expects. */
MUST_USE struct status engine_refusal(const struct engine_answer *answer);

/* JSON in the arena, terminated. */
MUST_USE char *engine_json(const json_t *json, struct arena *arena, size_t *ret_size);
