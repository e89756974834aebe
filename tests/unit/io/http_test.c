#include "io/http.h"
#include "io/http_admin.h"
#include "observe/trace.h"
#include "tests/unit/peer.h"

#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

enum { ARENA = 1024 * 1024 };

#define ANSWER_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* A server whose answer the test chooses. */

struct script {
    const char *answer; /* NULL: none */
    int troubles;       /* so many requests get it, if `later` is what comes then */
    const char *later;
    int64_t delay_us;
    bool closes;
    size_t filler; /* bytes after the answer */
    int requests;
    char last[2048]; /* request, without its body */
    char body[256];
    size_t body_size;
};

static bool take_request(struct peer *peer, struct script *script)
{
    const char *end, *length;

    while (!(end = strstr(str_text(&peer->input), "\r\n\r\n")))
        if (!peer_receive(peer))
            return false;
    const size_t head = (size_t)(end + 4 - peer->input.text);
    snprintf(script->last, sizeof script->last, "%.*s", (int)head, peer->input.text);
    length = strcasestr(script->last, "\r\ncontent-length:");
    script->body_size = length ? (size_t)atol(length + strlen("\r\ncontent-length:")) : 0;
    while (peer->input.length < head + script->body_size)
        if (!peer_receive(peer))
            return false;
    if (script->body_size <= sizeof script->body)
        memcpy(script->body, peer->input.text + head, script->body_size);
    peer_take(peer, head + script->body_size);
    script->requests++;
    return true;
}

static void serve_script(struct peer *peer, void *arg)
{
    struct script *script = arg;

    while (take_request(peer, script)) {
        if (!script->answer) {
            peer_receive(peer); /* until the client goes */
            return;
        }
        const struct status st = task_sleep_us(script->delay_us);
        void *filler = mem_zalloc(script->filler + 1);
        const bool is_later = script->later && script->requests > script->troubles;
        const bool is_sent = status_ok(&st) &&
                             peer_send(peer, is_later ? script->later : script->answer) &&
                             peer_send_bytes(peer, filler, script->filler);
        mem_free(filler);
        if (!is_sent || script->closes)
            return;
    }
}

/*
 * A name server that does not answer until it is told to, or for 5 s. In place of libc's, for
 * libcurl too; addresses are not looked up.
 */

static struct {
    sem_t may_answer;
    atomic_bool is_asked, has_answered;
} names;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    atomic_store(&names.is_asked, true);
    sem_timedwait(&names.may_answer, &until);
    atomic_store(&names.has_answered, true);
    return EAI_AGAIN;
}

struct kit {
    struct script script;
    struct peer_server server;
    struct http *http;
    struct arena *arena;
    struct http_response response;
};

static struct kit *kit_begin(struct loop *loop, struct script script)
{
    struct kit *kit = mem_new(struct kit);

    kit->script = script;
    kit->server = (struct peer_server){.serve = serve_script, .arg = &kit->script};
    peer_server_start(&kit->server);
    assert_ok(http_new(loop, 4, &kit->http));
    kit->arena = arena_new(ARENA);
    return kit;
}

static void kit_end(struct kit *kit)
{
    http_free(kit->http);
    peer_server_stop(&kit->server);
    arena_free(kit->arena);
    mem_free(kit);
}

static struct status get_from(struct kit *kit, int port)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/path?q=1", port);
    const struct http_request request = {.method = "GET", .url = url};

    return http_call(kit->http, &request, kit->arena, &kit->response);
}

static struct status get(struct kit *kit)
{
    return get_from(kit, kit->server.port);
}

static struct status get_within(struct kit *kit, int64_t limit_ms)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(limit_ms * CLOCK_US_PER_MS);
    return get(kit);
}

static void brings_status_and_body(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK});

    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 200);
    assert_int_equal(kit->response.body_size, 2);
    assert_string_equal(kit->response.body, "ok");
    assert_non_null(strstr(kit->script.last, "GET /path?q=1 HTTP/1.1\r\n"));

    kit->script.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnowhere";
    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 404);
    assert_string_equal(kit->response.body, "nowhere");

    kit->script.answer = "HTTP/1.1 204 No Content\r\n\r\n";
    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 204);
    assert_string_equal(kit->response.body, "");
    kit_end(kit);
}

static void follows_no_redirect(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){
                                          .answer = "HTTP/1.1 302 Found\r\nLocation: /other\r\n"
                                                    "Content-Length: 0\r\n\r\n",
                                      });
    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 302);
    assert_int_equal(kit->script.requests, 1);
    kit_end(kit);
}

static void sends_body_headers_and_trace(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK});
    char url[64], parent[TRACEPARENT_LENGTH + 1], line[96];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", kit->server.port);
    struct http_request request = {
        .method = "POST",
        .url = url,
        .headers = {"Content-Type: application/json", "X-Other: yes"},
        .body = "a\0b",
        .body_size = 3,
    };

    trace_enter(trace_current(), NULL);
    trace_parent(trace_current(), parent);
    assert_ok(http_call(kit->http, &request, kit->arena, &kit->response));
    assert_non_null(strstr(kit->script.last, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(kit->script.last, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(kit->script.last, "X-Other: yes\r\n"));
    snprintf(line, sizeof line, "traceparent: %s\r\n", parent);
    assert_non_null(strstr(kit->script.last, line));
    assert_null(strstr(kit->script.last, "Expect"));
    assert_int_equal(kit->script.body_size, 3);
    assert_memory_equal(kit->script.body, "a\0b", 3);

    request = (struct http_request){.method = "POST", .url = url};
    assert_ok(http_call(kit->http, &request, kit->arena, &kit->response));
    assert_non_null(strstr(kit->script.last, "Content-Length: 0\r\n"));
    assert_null(strstr(kit->script.last, "Content-Type"));
    kit_end(kit);
}

static void sends_a_large_body_without_asking_first(struct loop *loop)
{
    enum { SIZE = 3 * 1024 * 1024 };
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK});
    char url[64];
    void *body = mem_zalloc(SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", kit->server.port);
    const struct http_request request = {
        .method = "PUT", .url = url, .body = body, .body_size = SIZE};

    assert_ok(http_call(kit->http, &request, kit->arena, &kit->response));
    assert_int_equal(kit->script.body_size, SIZE);
    assert_null(strstr(kit->script.last, "Expect"));
    mem_free(body);
    kit_end(kit);
}

static void keeps_its_connection(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK});

    for (int i = 0; i < 10; i++)
        assert_ok(get(kit));
    assert_int_equal(kit->server.accepted, 1);
    kit_end(kit);
}

static void takes_another_connection_when_the_kept_one_is_gone(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK, .closes = true});

    for (int i = 0; i < 5; i++)
        assert_ok(get(kit));
    assert_int_equal(kit->server.accepted, 5);
    kit_end(kit);
}

static void says_when_there_is_no_server(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});
    struct peer_server gone = {.serve = serve_script};

    peer_server_start(&gone);
    peer_server_stop(&gone);
    assert_reason(get_from(kit, gone.port), "DEPENDENCY_UNAVAILABLE");
    kit_end(kit);
}

static void says_when_the_connection_breaks(struct loop *loop)
{
    struct kit *kit = kit_begin(
        loop, (struct script){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
                              .closes = true});

    assert_reason(get(kit), "DEPENDENCY_UNAVAILABLE");
    kit->script.answer = "what is this\r\n\r\n";
    assert_reason(get(kit), "DEPENDENCY_UNAVAILABLE");
    kit_end(kit);
}

/* Servers in trouble. */

#define BUSY(code, headers) "HTTP/1.1 " code " Busy\r\n" headers "Content-Length: 4\r\n\r\nbusy"

static struct status send_to(struct kit *kit, const char *method, bool is_repeatable)
{
    const struct http_request request = {
        .method = method,
        .url = arena_printf(kit->arena, "http://127.0.0.1:%d/", kit->server.port),
        .body = "x",
        .body_size = 1,
        .is_repeatable = is_repeatable,
    };
    return http_call(kit->http, &request, kit->arena, &kit->response);
}

static void tries_again_what_may_be_repeated(struct loop *loop)
{
    struct kit *kit = kit_begin(
        loop, (struct script){.answer = BUSY("503", ""), .troubles = 2, .later = ANSWER_OK});

    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 200);
    assert_string_equal(kit->response.body, "ok");
    assert_int_equal(kit->script.requests, 3);

    kit->script.troubles = 5;
    assert_ok(send_to(kit, "PUT", false));
    assert_int_equal(kit->response.status, 200);
    assert_int_equal(kit->script.requests, 3 + 3);
    kit->script.troubles = 7;
    assert_ok(send_to(kit, "POST", true));
    assert_int_equal(kit->response.status, 200);
    kit_end(kit);
}

static void says_what_the_last_answer_was(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = BUSY("429", "")});

    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 429);
    assert_string_equal(kit->response.body, "busy");
    assert_int_equal(kit->script.requests, HTTP_TRIES_MAX);
    kit_end(kit);
}

static void sends_once_what_may_not_be_repeated(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = BUSY("503", "")});

    assert_ok(send_to(kit, "POST", false));
    assert_int_equal(kit->response.status, 503);
    assert_int_equal(kit->script.requests, 1);
    kit->script.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart";
    kit->script.closes = true;
    assert_reason(send_to(kit, "POST", false), "DEPENDENCY_UNAVAILABLE");
    assert_int_equal(kit->script.requests, 2);
    kit_end(kit);
}

static void other_failures_are_answers(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = BUSY("500", "")});

    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 500);
    assert_int_equal(kit->script.requests, 1);
    kit_end(kit);
}

static void waits_as_long_as_the_server_asks(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = BUSY("429", "Retry-After: 1\r\n"),
                                                      .troubles = 1,
                                                      .later = ANSWER_OK});
    const int64_t start_us = clock_mono_us();

    assert_ok(get(kit));
    assert_int_equal(kit->response.status, 200);
    assert_true(clock_mono_us() - start_us >= CLOCK_US_PER_S);
    kit_end(kit);
}

static void does_not_wait_beyond_its_deadline(struct loop *loop)
{
    struct kit *kit =
        kit_begin(loop, (struct script){.answer = BUSY("503", "Retry-After: 3600\r\n")});

    assert_ok(get_within(kit, 5000));
    assert_int_equal(kit->response.status, 503);
    assert_int_equal(kit->script.requests, 1);
    kit_end(kit);
}

static void a_server_in_trouble_is_not_asked_three_times_as_often(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = BUSY("503", "")});
    enum { CALLS = 40 };

    for (int i = 0; i < CALLS; i++)
        assert_ok(get(kit));
    const int most = CALLS + HTTP_BUDGET_RETRIES + CALLS / HTTP_BUDGET_RETRY_COST;
    assert_in_range(kit->script.requests, CALLS + HTTP_BUDGET_RETRIES, most);
    kit_end(kit);
}

static void refuses_what_cannot_be_called(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});
    const char *const urls[] = {"", "http://", "ftp://127.0.0.1/", "file:///etc/hostname"};

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        const struct http_request request = {.method = "GET", .url = urls[i]};
        assert_reason(http_call(kit->http, &request, kit->arena, &kit->response), "INTERNAL");
    }
    kit_end(kit);
}

static void ends_at_the_deadline(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});

    const int64_t start_us = clock_mono_us();
    assert_reason(get_within(kit, 50), "DEADLINE_EXCEEDED");
    assert_true(clock_mono_us() - start_us < HTTP_TIMEOUT_MS * CLOCK_US_PER_MS);
    assert_reason(get_within(kit, -1), "DEADLINE_EXCEEDED");
    server_test_wait(60000, kit->server.open == 0); /* nothing is left of it */
    kit->script.answer = ANSWER_OK;
    assert_ok(get(kit));
    kit_end(kit);
}

static void does_not_wait_for_the_name_server(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});
    const struct http_request request = {.method = "GET", .url = "http://search.test/"};

    sem_init(&names.may_answer, 0, 0);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(50 * 1000);
        assert_reason(http_call(kit->http, &request, kit->arena, &kit->response),
                      "DEADLINE_EXCEEDED");
    }
    server_test_wait(60000, names.is_asked); /* by a thread of curl's */
    assert_false(names.has_answered);
    sem_post(&names.may_answer);
    server_test_wait(60000, names.has_answered);
    kit_end(kit);
}

static void get_task(void *arg)
{
    struct kit *kit = arg;
    const struct status st = get(kit);
    assert_int_equal(st.code, CODE_CANCELLED);
}

static void ends_when_cancelled(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});
    struct task *task = task_spawn("get", get_task, kit);

    server_test_wait(60000, kit->script.requests == 1);
    task_cancel(task);
    assert_ok(task_join(task));
    server_test_wait(60000, kit->server.open == 0);
    kit_end(kit);
}

static void bounds_the_response(struct loop *loop)
{
    struct kit *kit = kit_begin(
        loop, (struct script){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n",
                              .filler = ARENA});
    assert_reason(get(kit), "RESPONSE_TOO_LARGE");

    kit->script.answer = "HTTP/1.1 200 OK\r\n\r\n"; /* ends when the connection does */
    kit->script.closes = true;
    assert_reason(get(kit), "RESPONSE_TOO_LARGE");

    kit->script.filler = ARENA - 1;
    assert_ok(get(kit));
    assert_int_equal(kit->response.body_size, ARENA - 1);
    assert_reason(get(kit), "RESPONSE_TOO_LARGE"); /* now the arena is full */
    kit_end(kit);
}

struct many {
    struct kit *kit;
    int done, late;
};

static void get_one_of_many(void *arg)
{
    struct many *many = arg;
    struct arena *arena = arena_new(4096);
    struct http_response response;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", many->kit->server.port);
    const struct http_request request = {.method = "GET", .url = url};
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2 * CLOCK_US_PER_S);

    const struct status st = http_call(many->kit->http, &request, arena, &response);
    arena_free(arena);
    if (status_ok(&st))
        many->done++;
}

static void lets_a_bounded_number_through_at_once(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){.answer = ANSWER_OK, .delay_us = 5000});
    struct many many = {.kit = kit};

    for (int i = 0; i < 20; i++)
        assert_true(task_go("get", get_one_of_many, &many));
    server_test_wait(60000, many.done == 20);
    assert_int_equal(kit->server.open_most, 4);
    assert_int_equal(kit->server.accepted, 4);

    kit->script.answer = NULL; /* four hang; who waits in line has a deadline too */
    for (int i = 0; i < 4; i++)
        assert_true(task_go("get", get_one_of_many, &many));
    server_test_wait(60000, kit->script.requests == 24);
    assert_reason(get_within(kit, 30), "DEADLINE_EXCEEDED");
    assert_int_equal(kit->script.requests, 24);
    server_test_wait(60000, task_count() <= 2 + 4); /* this test, who listens, four connections */
    kit_end(kit);
}

static int say_hello(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    *ret_type = "application/json";
    str_append(body, "{}");
    return 200;
}

static void reads_from_the_admin_server(struct loop *loop)
{
    struct kit *kit = kit_begin(loop, (struct script){0});
    struct http_admin *admin;

    assert_ok(http_admin_new(loop, "127.0.0.1:0", &admin));
    http_admin_on(admin, "/path", say_hello, NULL);
    for (int i = 0; i < 3; i++) {
        assert_ok(get_from(kit, http_admin_port(admin)));
        assert_int_equal(kit->response.status, 200);
        assert_string_equal(kit->response.body, "{}");
    }
    http_admin_free(admin);
    kit_end(kit);
}

SERVER_TESTS(brings_status_and_body, follows_no_redirect, sends_body_headers_and_trace,
             sends_a_large_body_without_asking_first, keeps_its_connection,
             takes_another_connection_when_the_kept_one_is_gone, says_when_there_is_no_server,
             says_when_the_connection_breaks, tries_again_what_may_be_repeated,
             says_what_the_last_answer_was, sends_once_what_may_not_be_repeated,
             other_failures_are_answers, waits_as_long_as_the_server_asks,
             does_not_wait_beyond_its_deadline,
             a_server_in_trouble_is_not_asked_three_times_as_often, refuses_what_cannot_be_called,
             ends_at_the_deadline, does_not_wait_for_the_name_server, ends_when_cancelled,
             bounds_the_response, lets_a_bounded_number_through_at_once,
             reads_from_the_admin_server)
