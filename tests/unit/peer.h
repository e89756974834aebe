#pragma once

/*
 * peer: the other end of a connection, as a task: a server that answers what a test wants, or a
 * client that sends what no library would. Calls wait in the loop; a false result means that the
 * connection ended, or the test does.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"
#include "tests/servers/server_test.h"

struct peer {
    int fd;
    struct str input; /* received, and not yet taken */
};

UNUSED static void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    str_release(&peer->input);
}

UNUSED static struct sockaddr_in peer_address(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)port),
    };
}

MUST_USE UNUSED static struct peer peer_connect(int port)
{
    const struct sockaddr_in to = peer_address(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* To ourselves: the kernel connects at once. */
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    return (struct peer){.fd = fd};
}

UNUSED static bool peer_send_bytes(struct peer *peer, const void *bytes, size_t size)
{
    const char *at = bytes;
    short events;

    while (size) {
        const ssize_t sent = send(peer->fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0) {
            const struct status st = task_wait_fd(peer->fd, EV_WRITE, &events);
            if (!status_ok(&st))
                return false;
            continue;
        }
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

UNUSED static bool peer_send(struct peer *peer, const char *text)
{
    return peer_send_bytes(peer, text, strlen(text));
}

/* Something more into `input`. */
UNUSED static bool peer_receive(struct peer *peer)
{
    char bytes[16 * 1024];
    short events;

    for (;;) {
        const ssize_t size = recv(peer->fd, bytes, sizeof bytes, 0);
        if (size > 0) {
            str_append_bytes(&peer->input, bytes, (size_t)size);
            return true;
        }
        if (size == 0 || errno != EAGAIN)
            return false;
        const struct status st = task_wait_fd(peer->fd, EV_READ, &events);
        if (!status_ok(&st))
            return false;
    }
}

/* All until the other side ends. */
UNUSED static const char *peer_receive_all(struct peer *peer)
{
    while (peer_receive(peer)) {
    }
    return str_text(&peer->input);
}

/* Takes `size` bytes from the front of `input`. */
UNUSED static void peer_take(struct peer *peer, size_t size)
{
    struct str rest = {0};

    str_append_bytes(&rest, peer->input.text + size, peer->input.length - size);
    str_release(&peer->input);
    peer->input = rest;
}

/* Listens on a free port and runs `serve` in a task for each who comes. */
struct peer_server {
    void (*serve)(struct peer *peer, void *arg);
    void *arg;
    int port;
    int accepted, open, open_most;

    int fd;
    struct task *listening;
    struct task *serving[64];
};

struct peer_visit {
    struct peer peer;
    struct peer_server *server;
};

UNUSED static void peer_visit(void *arg)
{
    struct peer_visit *visit = arg;
    struct peer_server *server = visit->server;

    if (++server->open > server->open_most)
        server->open_most = server->open;
    server->serve(&visit->peer, server->arg);
    server->open--;
    peer_close(&visit->peer);
    mem_free(visit);
}

UNUSED static void peer_listen(void *arg)
{
    struct peer_server *server = arg;
    short events;

    for (;;) {
        const struct status st = task_wait_fd(server->fd, EV_READ, &events);
        if (!status_ok(&st))
            return;
        const int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        assert_true((size_t)server->accepted < ARRAY_LEN(server->serving));
        struct peer_visit *visit = mem_new(struct peer_visit);
        *visit = (struct peer_visit){.peer.fd = fd, .server = server};
        server->serving[server->accepted++] = task_spawn("peer", peer_visit, visit);
    }
}

UNUSED static void peer_server_start(struct peer_server *server)
{
    struct sockaddr_in at = peer_address(server->port);
    socklen_t size = sizeof at;
    const int on = 1;

    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    server->listening = task_spawn("peers", peer_listen, server);
}

/* Cuts all connections; it may be started again, at the same port. */
UNUSED static void peer_server_stop(struct peer_server *server)
{
    task_stop(server->listening);
    close(server->fd);
    for (int i = 0; i < server->accepted; i++)
        task_stop(server->serving[i]);
    server->accepted = 0;
}
