#include "engine.h"

#include <string.h>

#include "base/json_depth.h"
#include "io/http.h"
#include "run/task.h"

/* Strings of answers hold whatever items hold. */
enum { DECODE_FLAGS = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES };

enum { ASK_TIMEOUT_US = 20 * 1000 * 1000 };

static struct status call(const struct engine *engine, const struct engine_request *request,
                          struct arena *arena, struct http_response *ret)
{
    const struct http_request http = {
        .method = request->method,
        .url = arena_printf(arena, "%s%s", engine->url, request->path),
        .headers = {"content-type: application/json"},
        .body = request->body,
        .body_size = request->body_size,
    };
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(request->timeout_us);

    return http_call(engine->http, &http, arena, ret);
}

static struct status read_answer(const struct http_response *response, struct engine_answer *ret)
{
    json_error_t error;

    if (response->status == 429 || response->status >= 500)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the search engine answers %d", response->status);
    if (json_is_deeper(response->body, response->body_size, ENGINE_ANSWER_DEPTH_MAX))
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the search engine's answer is nested too deep");
    json_t *body = json_loadb(response->body, response->body_size, DECODE_FLAGS, &error);
    if (!body)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the search engine's answer is no JSON: %s", error.text);
    *ret = (struct engine_answer){.status = response->status, .body = body};
    return STATUS_OK;
}

struct status engine_call(const struct engine *engine, const struct engine_request *request,
                          struct arena *arena, struct engine_answer *ret)
{
    struct http_response response;
    const struct status st = call(engine, request, arena, &response);

    if (st.code == CODE_DEADLINE_EXCEEDED) {
        TRY(task_check()); /* the caller's own deadline */
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the search engine did not answer in %lld ms",
                            (long long)request->timeout_us / 1000);
    }
    TRY(st);
    return read_answer(&response, ret);
}

struct status engine_ask(const struct engine *engine, const char *method, const char *path,
                         const json_t *body, struct arena *arena, struct engine_answer *ret)
{
    struct engine_request request = {.method = method, .path = path, .timeout_us = ASK_TIMEOUT_US};

    if (body)
        request.body = engine_json(body, arena, &request.body_size);
    return engine_call(engine, &request, arena, ret);
}

void engine_answer_end(struct engine_answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

bool engine_answer_is(const struct engine_answer *answer, const char *error_type)
{
    const json_t *error = json_object_get(answer->body, "error");
    const char *type = json_string_value(json_object_get(error, "type"));

    return type && strcmp(type, error_type) == 0;
}

struct status engine_refusal(const struct engine_answer *answer)
{
    const json_t *error = json_object_get(answer->body, "error");
    const char *type = json_string_value(json_object_get(error, "type"));
    const char *reason = json_string_value(json_object_get(error, "reason"));

    return status_error(CODE_INTERNAL, "INTERNAL", "engine: %d %s: %s", answer->status,
                        type ? type : "", reason ? reason : "");
}

char *engine_json(const json_t *json, struct arena *arena, size_t *ret_size)
{
    const size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);

    if (!size)
        BUG("JSON of ours that cannot be written");
    char *text = arena_alloc(arena, size + 1);
    json_dumpb(json, text, size, JSON_COMPACT);
    text[size] = '\0';
    *ret_size = size;
    return text;
}
