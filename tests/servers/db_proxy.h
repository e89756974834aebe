#pragma once

/*
 * db_proxy: stands between db and the server, and does what networks do: forwards, or is silent. The
 * server sees other ports than db has, so nothing that came this way is ever killed.
 */

#include "tests/servers/db_kit.h"
#include "tests/unit/peer.h"

struct db_proxy {
    struct peer_server server;
    int silent; /* the connection of this number (from 1) is accepted and not greeted */
    int count;
    void (*change)(char *bytes, size_t size); /* what the server says, before it is passed on */
};

struct db_pump {
    const struct db_proxy *proxy;
    struct peer *from, *to;
};

UNUSED static void db_proxy_pump(void *arg)
{
    const struct db_pump *pump = arg;

    while (peer_receive(pump->from)) {
        struct str *input = &pump->from->input;
        if (pump->proxy->change)
            pump->proxy->change(input->text, input->length);
        if (!peer_send_bytes(pump->to, input->text, input->length))
            break;
        peer_take(pump->from, input->length);
    }
    shutdown(pump->to->fd, SHUT_RDWR);
}

UNUSED static void db_proxy_serve(struct peer *peer, void *arg)
{
    struct db_proxy *proxy = arg;

    if (++proxy->count == proxy->silent) {
        peer_receive_all(peer);
        return;
    }
    struct peer server = peer_connect(atoi(server_test_env("SOUK_TEST_DB_PORT")));
    const struct db_pump back = {.proxy = proxy, .from = &server, .to = peer};
    struct task *task = task_spawn("answers", db_proxy_pump, (void *)&back);
    while (peer_receive(peer) && peer_send_bytes(&server, peer->input.text, peer->input.length))
        peer_take(peer, peer->input.length);
    task_stop(task);
    peer_close(&server);
}

/* A db that knows the proxy only. */
UNUSED static struct db *db_proxy_start(struct db_proxy *proxy, struct loop *loop,
                                        size_t connections_max)
{
    struct db_config config = kit_config(connections_max, KIT_WAITING_MAX);
    struct db *db;

    proxy->server = (struct peer_server){.serve = db_proxy_serve, .arg = proxy};
    peer_server_start(&proxy->server);
    config.port = (uint16_t)proxy->server.port;
    assert_ok(db_open(loop, &config, &db));
    return db;
}

UNUSED static void db_proxy_stop(struct db_proxy *proxy, struct db *db)
{
    db_close(db);
    peer_server_stop(&proxy->server);
}
