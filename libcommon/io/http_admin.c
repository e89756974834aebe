#include "io/http_admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "observe/log.h"
#include "run/loop.h"

/*
 * Not evhttp: that of libevent 2.1 bounds neither how many connections there are nor how long one
 * takes that sends a byte now and then.
 */

struct route {
    struct route *next;
    const char *path;
    http_admin_handler handler;
    void *arg;
};

struct connection {
    struct connection *next, **link;
    struct http_admin *admin;
    struct bufferevent *stream;
    struct loop_timer *limit;
    bool is_deserted; /* the client sends no more */
};

struct http_admin {
    struct loop *loop;
    struct evconnlistener *listener;
    struct loop_timer *retry; /* after an accept that failed */
    struct route *routes;
    struct connection *connections;
    size_t connection_count;
    int port;
};

struct answer {
    int status;
    const char *type;
    const char *extra; /* a header line, or "" */
    struct str body;
};

/* Connections. */

static void connection_end(struct connection *connection)
{
    struct http_admin *admin = connection->admin;

    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    admin->connection_count--;
    bufferevent_free(connection->stream);
    loop_timer_free(connection->limit);
    mem_free(connection);
    evconnlistener_enable(admin->listener);
}

static void on_limit(void *arg)
{
    connection_end(arg);
}

static size_t unsent(struct bufferevent *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream));
}

/* The client may close its half and still wait for the answer. */
static void on_end(struct bufferevent *stream, short what, void *arg)
{
    struct connection *connection = arg;

    connection->is_deserted = true;
    if (!(what & BEV_EVENT_EOF) || !unsent(stream))
        connection_end(connection);
}

/*
 * The answer is sent. What the client has still to say is read and dropped until it closes: closing
 * first would reset the connection and take the answer with it.
 */
static void on_written(struct bufferevent *stream, void *arg)
{
    struct connection *connection = arg;

    if (connection->is_deserted)
        connection_end(connection);
    else
        shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void drop_input(struct bufferevent *stream, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(stream);
    (void)arg;
    evbuffer_drain(input, evbuffer_get_length(input));
}

/* Answers. */

static const char *phrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Status";
    }
}

static void send_answer(struct connection *connection, struct answer *answer, bool has_body)
{
    struct evbuffer *output = bufferevent_get_output(connection->stream);

    evbuffer_add_printf(output,
                        "HTTP/1.1 %d %s\r\n"
                        "Content-Type: %s\r\n"
                        "Content-Length: %zu\r\n"
                        "%s"
                        "Connection: close\r\n\r\n",
                        answer->status, phrase(answer->status), answer->type, answer->body.length,
                        answer->extra);
    if (has_body)
        evbuffer_add(output, str_text(&answer->body), answer->body.length);
    str_release(&answer->body);
    bufferevent_setcb(connection->stream, drop_input, on_written, on_end, connection);
    drop_input(connection->stream, NULL);
}

static void refuse(struct connection *connection, int status, const char *extra)
{
    struct answer answer = {.status = status, .type = "text/plain", .extra = extra};

    str_printf(&answer.body, "%s\n", phrase(status));
    send_answer(connection, &answer, true);
}

static const struct route *find_route(const struct http_admin *admin, const char *path)
{
    const size_t length = strcspn(path, "?");
    const struct route *route = admin->routes;

    while (route && (strlen(route->path) != length || memcmp(route->path, path, length) != 0))
        route = route->next;
    return route;
}

static void serve(struct connection *connection, const char *method, const char *path)
{
    const bool is_head = strcmp(method, "HEAD") == 0;
    const struct route *route = find_route(connection->admin, path);
    struct answer answer = {.type = "text/plain", .extra = ""};

    if (!route) {
        refuse(connection, 404, "");
        return;
    }
    if (!is_head && strcmp(method, "GET") != 0) {
        refuse(connection, 405, "Allow: GET, HEAD\r\n");
        return;
    }
    answer.status = route->handler(route->arg, &answer.body, &answer.type);
    send_answer(connection, &answer, !is_head);
}

/* "GET /path HTTP/1.1"; headers do not matter here. */
static void serve_head(struct connection *connection, char *head)
{
    char *line = strsep(&head, "\r\n");
    const char *method = strsep(&line, " ");
    const char *path = strsep(&line, " ");

    if (path && *path == '/' && line && strncmp(line, "HTTP/1.", strlen("HTTP/1.")) == 0)
        serve(connection, method, path);
    else
        refuse(connection, 400, "");
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    struct connection *connection = arg;
    struct evbuffer *input = bufferevent_get_input(stream);
    const struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);

    if (end.pos < 0) {
        if (evbuffer_get_length(input) >= HTTP_ADMIN_REQUEST_MAX)
            refuse(connection, 431, "");
        return;
    }
    char *head = mem_zalloc((size_t)end.pos + 1);
    evbuffer_copyout(input, head, (size_t)end.pos);
    serve_head(connection, head);
    mem_free(head);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                      int peer_size, void *arg)
{
    struct http_admin *admin = arg;
    struct connection *connection = mem_new(struct connection);
    (void)peer;
    (void)peer_size;

    connection->admin = admin;
    connection->stream = bufferevent_socket_new(loop_base(admin->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    connection->limit = loop_timer_new(admin->loop, on_limit, connection);
    connection->next = admin->connections;
    connection->link = &admin->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    admin->connections = connection;
    if (++admin->connection_count >= HTTP_ADMIN_CONNECTIONS_MAX)
        evconnlistener_disable(listener);

    loop_timer_start(connection->limit, HTTP_ADMIN_TIMEOUT_MS * CLOCK_US_PER_MS);
    bufferevent_setwatermark(connection->stream, EV_READ, 0, HTTP_ADMIN_REQUEST_MAX);
    bufferevent_setcb(connection->stream, on_readable, NULL, on_end, connection);
    bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

/* Out of file descriptors, say. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    const struct http_admin *admin = arg;

    log_warn("admin port cannot accept", LOG_I64("port", admin->port),
             LOG_STR("detail", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())));
    evconnlistener_disable(listener);
    loop_timer_start(admin->retry, CLOCK_US_PER_S);
}

static void on_retry(void *arg)
{
    const struct http_admin *admin = arg;
    evconnlistener_enable(admin->listener);
}

/* Life. */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int port_of(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static int bound_port(const struct evconnlistener *listener)
{
    union address address = {0};
    socklen_t size = sizeof address;

    getsockname(evconnlistener_get_fd((struct evconnlistener *)listener), &address.any, &size);
    return port_of(&address);
}

/* libevent reads an address without a port, but not port 0. */
static struct status parse_address(const char *address, union address *ret, int *ret_size)
{
    char copy[64];
    const int length = snprintf(copy, sizeof copy, "%s", address);
    const bool any_port = length > 2 && length < (int)sizeof copy &&
                          strcmp(copy + length - 2, ":0") == 0;

    if (any_port)
        copy[length - 2] = '\0';
    *ret_size = sizeof *ret;
    if (evutil_parse_sockaddr_port(copy, &ret->any, ret_size) == 0 && any_port == !port_of(ret))
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG",
                        "\"%s\" is not an address and a port", address);
}

static struct status listen_error(const char *address)
{
    return status_error(CODE_UNAVAILABLE,
                        errno == EADDRINUSE ? "ADDRESS_IN_USE" : "ADDRESS_NOT_USABLE",
                        "cannot listen on %s: %s", address, strerror(errno));
}

struct status http_admin_new(struct loop *loop, const char *address, struct http_admin **ret)
{
    union address where = {0};
    int size;

    TRY(parse_address(address, &where, &size));
    struct http_admin *admin = mem_new(struct http_admin);
    admin->loop = loop;
    admin->listener =
        evconnlistener_new_bind(loop_base(loop), on_accept, admin,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                SOMAXCONN, &where.any, size);
    if (!admin->listener) {
        const struct status st = listen_error(address);
        mem_free(admin);
        return st;
    }
    evconnlistener_set_error_cb(admin->listener, on_accept_error);
    admin->port = bound_port(admin->listener);
    admin->retry = loop_timer_new(loop, on_retry, admin);
    *ret = admin;
    return STATUS_OK;
}

void http_admin_free(struct http_admin *admin)
{
    if (!admin)
        return;
    while (admin->connections)
        connection_end(admin->connections);
    evconnlistener_free(admin->listener);
    loop_timer_free(admin->retry);
    while (admin->routes) {
        struct route *route = admin->routes;
        admin->routes = route->next;
        mem_free(route);
    }
    mem_free(admin);
}

void http_admin_on(struct http_admin *admin, const char *path, http_admin_handler handler,
                   void *arg)
{
    struct route *route = mem_new(struct route);

    *route = (struct route){.next = admin->routes, .path = path, .handler = handler, .arg = arg};
    admin->routes = route;
}

int http_admin_port(const struct http_admin *admin)
{
    return admin->port;
}
