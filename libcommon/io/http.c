#include "io/http_internal.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "observe/span.h"
#include "run/loop.h"
#include "run/sync.h"
#include "run/task.h"

/*
 * libcurl brings GnuTLS along, for LDAP and RTMP that we do not speak (our TLS is OpenSSL's). It
 * would set itself up in every process, half a megabyte; it asks here first, see
 * GNUTLS_SKIP_GLOBAL_INIT in its gnutls.h.
 */
int _gnutls_global_init_skip(void); /* NOLINT: the name is GnuTLS's */

int _gnutls_global_init_skip(void) /* NOLINT */
{
    return 1;
}

/* Lives on the stack of the task that calls, which takes its handle out before it returns. */
struct transfer {
    CURL *easy;
    struct task *task;
    struct curl_slist *headers;
    struct str body;
    size_t body_max;
    bool is_too_large;
    bool is_done;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

/* The loop serves libcurl: sockets and one timer. */

static void take_results(struct http *http)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer->is_done = true;
        transfer->result = message->data.result;
        task_wake(transfer->task);
    }
}

static void on_socket_event(evutil_socket_t fd, short events, void *arg)
{
    struct http *http = arg;
    const int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
                     (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(http->multi, fd, what, &running);
    take_results(http);
}

static void on_timer(void *arg)
{
    struct http *http = arg;
    int running;

    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_results(http);
}

/* libcurl wants to hear of this socket, otherwise, or no more; `watch` is its event. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
    struct http *http = arg;
    struct event *event = watch;
    const short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                                 (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
    (void)easy;

    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        event = event_new(loop_base(http->loop), fd, events, on_socket_event, http);
        event_add(event, NULL);
    }
    curl_multi_assign(http->multi, fd, event);
    return 0;
}

static int set_timer(CURLM *multi, long after_ms, void *arg)
{
    struct http *http = arg;
    (void)multi;

    if (after_ms < 0)
        loop_timer_stop(http->timer);
    else
        loop_timer_start(http->timer, after_ms * CLOCK_US_PER_MS);
    return 0;
}

struct status http_new(struct loop *loop, size_t connections_max, struct http **ret)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return status_error(CODE_INTERNAL, "INTERNAL", "libcurl does not start");

    struct http *http = mem_new(struct http);
    http->loop = loop;
    http->timer = loop_timer_new(loop, on_timer, http);
    semaphore_init(&http->connections, connections_max);
    http_retry_init(http);
    http->multi = curl_multi_init();
    BUG_ON(!http->multi); /* out of memory */
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
    *ret = http;
    return STATUS_OK;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    curl_multi_cleanup(http->multi);
    loop_timer_free(http->timer);
    mem_free(http);
    curl_global_cleanup();
}

/* One call. */

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;

    if (size * count > transfer->body_max - transfer->body.length) {
        transfer->is_too_large = true;
        return 0; /* ends the transfer */
    }
    str_append_bytes(&transfer->body, bytes, size * count);
    return size * count;
}

static void add_header(struct transfer *transfer, const char *header)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, header);

    BUG_ON(!longer); /* out of memory */
    transfer->headers = longer;
}

static bool has_header(const struct http_request *request, const char *name)
{
    const size_t length = strlen(name);

    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i]; i++)
        if (strncasecmp(request->headers[i], name, length) == 0 &&
            request->headers[i][length] == ':')
            return true;
    return false;
}

static void set_headers(struct transfer *transfer, const struct http_request *request)
{
    char parent[TRACEPARENT_LENGTH + 1];
    char line[sizeof "traceparent: " + TRACEPARENT_LENGTH];

    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i]; i++)
        add_header(transfer, request->headers[i]);
    add_header(transfer, "Expect:"); /* no question before a large body */
    if (!has_header(request, "content-type"))
        add_header(transfer, "Content-Type:"); /* not the one of HTML forms */
    trace_parent(trace_current(), parent);
    if (*parent) {
        snprintf(line, sizeof line, "traceparent: %s", parent);
        add_header(transfer, line);
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_method(CURL *easy, const struct http_request *request)
{
    const bool has_body = request->body || strcmp(request->method, "POST") == 0 ||
                          strcmp(request->method, "PUT") == 0;

    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_up(struct transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or giving up waits for the name server */
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->body_max);
    set_method(easy, request);
    set_headers(transfer, request);
}

static struct status run(struct http *http, struct transfer *transfer)
{
    struct status st = STATUS_OK;
    const CURLMcode added = curl_multi_add_handle(http->multi, transfer->easy);

    if (added != CURLM_OK)
        return status_error(CODE_INTERNAL, "INTERNAL", "http: %s", curl_multi_strerror(added));
    while (!transfer->is_done && status_ok(&st))
        st = task_park("http");
    curl_multi_remove_handle(http->multi, transfer->easy);
    return transfer->is_done ? STATUS_OK : st;
}

/* Was it the request? A server that answers with no HTTP is an unsupported protocol, too. */
static bool is_unsendable(const struct transfer *transfer)
{
    long sent = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    return !sent && (transfer->result == CURLE_URL_MALFORMAT ||
                     transfer->result == CURLE_UNSUPPORTED_PROTOCOL);
}

static struct status failure(const struct transfer *transfer)
{
    const char *why = *transfer->error ? transfer->error : curl_easy_strerror(transfer->result);

    if (transfer->is_too_large || transfer->result == CURLE_FILESIZE_EXCEEDED)
        return status_error(CODE_RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE",
                            "the response has more than %zu bytes", transfer->body_max);
    if (is_unsendable(transfer))
        return status_error(CODE_INTERNAL, "INTERNAL", "http: %s", why);
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "http: %s", why);
}

/* How long the server wants to be left alone. */
static int64_t answer(struct transfer *transfer, struct arena *arena, struct http_response *ret)
{
    long code = 0;
    curl_off_t retry_after_s = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    *ret = (struct http_response){
        .status = (int)code,
        .body = arena_strndup(arena, str_text(&transfer->body), transfer->body.length),
        .body_size = transfer->body.length,
    };
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    return retry_after_s * CLOCK_US_PER_S;
}

struct status http_try(struct http *http, const struct http_request *request, struct arena *arena,
                       struct http_response *ret, int64_t *ret_retry_after_us)
{
    const size_t room = arena_left(arena) ? arena_left(arena) - 1 : 0;
    struct transfer transfer = {
        .easy = curl_easy_init(),
        .task = task_self(),
        .body_max = room < HTTP_RESPONSE_MAX ? room : HTTP_RESPONSE_MAX,
    };

    BUG_ON(!transfer.easy); /* out of memory */
    set_up(&transfer, request);
    struct status st = run(http, &transfer);
    if (status_ok(&st) && transfer.result != CURLE_OK)
        st = failure(&transfer);
    if (status_ok(&st))
        *ret_retry_after_us = answer(&transfer, arena, ret);
    curl_easy_cleanup(transfer.easy);
    curl_slist_free_all(transfer.headers);
    str_release(&transfer.body);
    return st;
}
