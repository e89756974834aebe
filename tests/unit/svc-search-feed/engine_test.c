#include "svc-search-feed/engine.h"

#include "io/http.h"
#include "tests/unit/peer.h"

enum { ARENA = 1024 * 1024, JANSSON_MOST = 2048 };

static void answer_once(struct peer *peer, void *arg)
{
    while (!strstr(str_text(&peer->input), "\r\n\r\n"))
        if (!peer_receive(peer))
            return;
    peer_send(peer, arg);
}

/* Asks an engine that answers with arrays in arrays. */
static struct status ask(struct loop *loop, size_t depth, struct engine_answer *ret)
{
    struct arena *arena = arena_new(ARENA);
    AUTO(str_release) struct str text = {0};
    struct peer_server server = {.serve = answer_once};
    struct http *http;
    const struct engine_request request = {
        .method = "GET", .path = "/", .timeout_us = 10 * CLOCK_US_PER_S};

    str_printf(&text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", 2 * depth);
    for (size_t i = 0; i < depth; i++)
        str_append(&text, "[");
    for (size_t i = 0; i < depth; i++)
        str_append(&text, "]");
    server.arg = (void *)(uintptr_t)str_text(&text);
    peer_server_start(&server);
    assert_ok(http_new(loop, 1, &http));
    const struct engine engine = {.http = http,
                                  .url = arena_printf(arena, "http://127.0.0.1:%d", server.port)};
    const struct status st = engine_call(&engine, &request, arena, ret);
    http_free(http);
    peer_server_stop(&server);
    arena_free(arena);
    return st;
}

/* Whoever answers in its place must not end the process: a task's stack is small. */
static void an_answer_that_is_nested_deep_is_refused(struct loop *loop)
{
    struct engine_answer answer = {0};
    const struct status st = ask(loop, JANSSON_MOST, &answer);

    assert_int_equal(st.code, CODE_UNAVAILABLE);
    assert_reason(ask(loop, ENGINE_ANSWER_DEPTH_MAX + 1, &answer), "DEPENDENCY_UNAVAILABLE");
    assert_null(answer.body);
}

static void an_answer_as_deep_as_any_is_read(struct loop *loop)
{
    struct engine_answer answer = {0};

    assert_ok(ask(loop, ENGINE_ANSWER_DEPTH_MAX, &answer));
    assert_true(json_is_array(answer.body));
    engine_answer_end(&answer);
}

SERVER_TESTS(an_answer_that_is_nested_deep_is_refused, an_answer_as_deep_as_any_is_read)
