/* http against a search engine, and what http_admin only shows in seconds. */

#include "io/http.h"
#include "io/http_admin.h"
#include "tests/unit/peer.h"

enum { ARENA = 4 * 1024 * 1024 };

struct kit {
    struct http *http;
    struct arena *arena;
    struct http_response response;
    char index[64];
};

static void kit_begin(struct kit *kit, struct loop *loop)
{
    *kit = (struct kit){.arena = arena_new(ARENA)};
    assert_ok(http_new(loop, 8, &kit->http));
    snprintf(kit->index, sizeof kit->index, "test-%lld", (long long)clock_unix_us());
}

static struct status call(struct kit *kit, const char *method, const char *path, const char *body)
{
    const struct http_request request = {
        .method = method,
        .url = arena_printf(kit->arena, "%s/%s%s", server_test_env("SOUK_TEST_SEARCH_URL"),
                            kit->index, path),
        .headers = {"content-type: application/json"},
        .body = body,
        .body_size = body ? strlen(body) : 0,
    };
    return http_call(kit->http, &request, kit->arena, &kit->response);
}

static void kit_end(struct kit *kit)
{
    assert_ok(call(kit, "DELETE", "", NULL));
    http_free(kit->http);
    arena_free(kit->arena);
}

static void indexes_and_finds(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    assert_ok(call(&kit, "PUT", "", "{\"settings\":{\"number_of_replicas\":0}}"));
    assert_int_equal(kit.response.status, 200);
    assert_ok(call(&kit, "POST", "/_bulk?refresh=true",
                   "{\"index\":{\"_id\":\"1\"}}\n{\"title\":\"red shoe\"}\n"
                   "{\"index\":{\"_id\":\"2\"}}\n{\"title\":\"blue shoe\"}\n"));
    assert_int_equal(kit.response.status, 200);
    assert_non_null(strstr(kit.response.body, "\"errors\":false"));
    assert_ok(call(&kit, "GET", "/_search", "{\"query\":{\"match\":{\"title\":\"blue\"}}}"));
    assert_int_equal(kit.response.status, 200);
    assert_non_null(strstr(kit.response.body, "\"_id\":\"2\""));
    assert_null(strstr(kit.response.body, "\"_id\":\"1\""));
    assert_ok(call(&kit, "HEAD", "/_doc/1", NULL));
    assert_int_equal(kit.response.status, 200);
    assert_int_equal(kit.response.body_size, 0);
    kit_end(&kit);
}

static void brings_the_body_of_a_refusal(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    assert_ok(call(&kit, "GET", "/_search", NULL));
    assert_int_equal(kit.response.status, 404);
    assert_non_null(strstr(kit.response.body, "index_not_found_exception"));
    kit_end(&kit);
}

struct searchers {
    struct kit *kit;
    int done, failed;
};

static void search_often(void *arg)
{
    struct searchers *searchers = arg;
    struct kit own = *searchers->kit;

    own.arena = arena_new(ARENA);
    for (int i = 0; i < 20; i++) {
        const struct status st = call(&own, "GET", "/_search", NULL);
        if (!status_ok(&st) || own.response.status != 200)
            searchers->failed++;
        arena_reset(own.arena);
    }
    arena_free(own.arena);
    searchers->done++;
}

static void serves_many_tasks_over_few_connections(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);
    struct searchers searchers = {.kit = &kit};

    assert_ok(call(&kit, "PUT", "", "{\"settings\":{\"number_of_replicas\":0}}"));
    for (int i = 0; i < 64; i++)
        assert_true(task_go("search", search_often, &searchers));
    server_test_wait(60000, searchers.done == 64);
    assert_int_equal(searchers.failed, 0);
    kit_end(&kit);
}

static void does_not_let_a_slow_client_stay(struct loop *loop)
{
    struct http_admin *admin;
    assert_ok(http_admin_new(loop, "127.0.0.1:0", &admin));
    struct peer peer = peer_connect(http_admin_port(admin));
    const int64_t start_us = clock_mono_us();

    while (peer_send(&peer, "x"))
        assert_ok(task_sleep_us(100 * 1000));
    assert_true(clock_mono_us() - start_us >= 4 * CLOCK_US_PER_S); /* it had its time */
    peer_close(&peer);
    http_admin_free(admin);
}

SERVER_TESTS(indexes_and_finds, brings_the_body_of_a_refusal,
             serves_many_tasks_over_few_connections, does_not_let_a_slow_client_stay)
