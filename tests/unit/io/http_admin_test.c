#include "io/http_admin.h"

#include "tests/unit/peer.h"

static int say_hello(void *arg, struct str *body, const char **ret_type)
{
    *(int *)arg += 1;
    *ret_type = "text/html";
    str_append(body, "hello");
    return 200;
}

static int say_not_ready(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    (void)ret_type;
    str_append(body, "no");
    return 503;
}

static int say_much(void *arg, struct str *body, const char **ret_type)
{
    char line[101] = "";
    (void)arg;
    (void)ret_type;
    memset(line, 'x', 100);
    for (int i = 0; i < 100 * 1000; i++)
        str_append(body, line);
    return 200;
}

static int hellos;

static struct http_admin *admin_begin(struct loop *loop)
{
    struct http_admin *admin = NULL;

    assert_ok(http_admin_new(loop, "127.0.0.1:0", &admin));
    http_admin_on(admin, "/hello", say_hello, &hellos);
    http_admin_on(admin, "/ready", say_not_ready, NULL);
    http_admin_on(admin, "/much", say_much, NULL);
    hellos = 0;
    return admin;
}

/* The whole answer to `request`; the client sends until it has its answer. */
static char *ask(const struct http_admin *admin, const char *request)
{
    struct peer peer = peer_connect(http_admin_port(admin));

    assert_true(peer_send(&peer, request));
    peer_receive_all(&peer);
    char *answer = mem_strdup(str_text(&peer.input));
    peer_close(&peer);
    return answer;
}

static void assert_answer(const struct http_admin *admin, const char *request, const char *line,
                          const char *rest)
{
    char *answer = ask(admin, request);

    assert_int_equal(strncmp(answer, line, strlen(line)), 0);
    assert_non_null(strstr(answer, rest));
    mem_free(answer);
}

static void answers_what_it_knows(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);

    assert_answer(admin, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                  "Content-Type: text/html\r\nContent-Length: 5\r\n"
                  "Connection: close\r\n\r\nhello");
    assert_answer(admin, "GET /hello?a=b HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello");
    assert_answer(admin, "GET /ready HTTP/1.1\r\n\r\n", "HTTP/1.1 503 ", "text/plain");
    assert_int_equal(hellos, 2);
    http_admin_free(admin);
}

static void answers_head_without_a_body(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);

    char *answer = ask(admin, "HEAD /hello HTTP/1.1\r\n\r\n");
    assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    mem_free(answer);
    http_admin_free(admin);
}

static void refuses_what_it_does_not_know(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);

    assert_answer(admin, "GET /other HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "");
    assert_answer(admin, "GET /hell HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "");
    assert_answer(admin, "GET /hello/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "");
    assert_answer(admin, "POST /hello HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                  "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD\r\n");
    assert_answer(admin, "DELETE /hello HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n");
    assert_int_equal(hellos, 0);
    http_admin_free(admin);
}

static void refuses_what_is_no_request(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    static const char *const bad[] = {
        "\r\n\r\n",
        "x\r\n\r\n",
        "GET\r\n\r\n",
        "GET /hello\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET http://x/hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/2.0\r\n\r\n",
        "\x16\x03\x01\x02 a TLS client\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_answer(admin, bad[i], "HTTP/1.1 400 Bad Request\r\n", "");
    assert_int_equal(hellos, 0);
    http_admin_free(admin);
}

static void refuses_a_head_that_does_not_end(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    char *request = mem_zalloc(100 * 1000 + 1);

    memset(request, 'a', 100 * 1000);
    assert_answer(admin, request, "HTTP/1.1 431 ", "");
    mem_free(request);
    http_admin_free(admin);
}

static void takes_a_request_in_pieces(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    struct peer peer = peer_connect(http_admin_port(admin));
    const char *request = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

    for (const char *at = request; *at; at++) {
        assert_true(peer_send_bytes(&peer, at, 1));
        assert_ok(task_yield());
    }
    assert_non_null(strstr(peer_receive_all(&peer), "\r\n\r\nhello"));
    peer_close(&peer);
    http_admin_free(admin);
}

static void answers_a_client_that_closed_its_half(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    struct peer peer = peer_connect(http_admin_port(admin));

    assert_true(peer_send(&peer, "GET /much HTTP/1.1\r\n\r\n"));
    shutdown(peer.fd, SHUT_WR);
    peer_receive_all(&peer);
    assert_true(peer.input.length > 10 * 1000 * 1000);
    peer_close(&peer);
    http_admin_free(admin);
}

static void serves_a_bounded_number_at_once(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    struct peer idle[HTTP_ADMIN_CONNECTIONS_MAX];

    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        idle[i] = peer_connect(http_admin_port(admin));
    struct peer next = peer_connect(http_admin_port(admin)); /* in the kernel's line */
    assert_true(peer_send(&next, "GET /hello HTTP/1.1\r\n\r\n"));
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(50 * 1000);
        assert_false(peer_receive(&next));
    }
    assert_int_equal(hellos, 0);

    peer_close(&idle[0]);
    assert_non_null(strstr(peer_receive_all(&next), "hello"));
    peer_close(&next);
    for (size_t i = 1; i < ARRAY_LEN(idle); i++)
        peer_close(&idle[i]);
    http_admin_free(admin);
}

static void ends_with_clients_in_it(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop);
    struct peer silent = peer_connect(http_admin_port(admin));
    struct peer slow = peer_connect(http_admin_port(admin));

    assert_true(peer_send(&slow, "GET /much HTTP/1.1\r\n\r\n"));
    assert_true(peer_receive(&slow));
    http_admin_free(admin);
    assert_string_equal(peer_receive_all(&silent), "");
    peer_close(&silent);
    peer_close(&slow);
}

static void says_why_it_cannot_listen(struct loop *loop)
{
    struct http_admin *admin = admin_begin(loop), *other;
    char taken[32];
    static const char *const bad[] = {"",           "9100",        "localhost:9100",  "127.0.0.1",
                                      "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1",
                                      "[::1]"};

    snprintf(taken, sizeof taken, "127.0.0.1:%d", http_admin_port(admin));
    assert_reason(http_admin_new(loop, taken, &other), "ADDRESS_IN_USE");
    assert_reason(http_admin_new(loop, "192.0.2.1:9100", &other), "ADDRESS_NOT_USABLE");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_reason(http_admin_new(loop, bad[i], &other), "INVALID_CONFIG");
    http_admin_free(admin);
}

SERVER_TESTS(answers_what_it_knows, answers_head_without_a_body, refuses_what_it_does_not_know,
             refuses_what_is_no_request, refuses_a_head_that_does_not_end,
             takes_a_request_in_pieces, answers_a_client_that_closed_its_half,
             serves_a_bounded_number_at_once, ends_with_clients_in_it, says_why_it_cannot_listen)
