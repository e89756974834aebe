#include "io/cache_link.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "observe/log.h"
#include "run/loop.h"

enum {
    RECONNECT_FIRST_MS = 100,
    RECONNECT_MOST_MS = 1000,
    CONNECT_LIMIT_MS = 1000, /* the kernel would ask for two minutes, at ever longer intervals */
};

struct cache_link {
    struct loop *loop;
    char host[INET6_ADDRSTRLEN];
    int port;
    redisAsyncContext *redis; /* NULL: none */
    struct event *readable;
    struct event *writable;
    struct loop_timer *timer; /* of the pause without a connection, and while it is made */
    struct backoff backoff;
    bool is_up;
    bool is_away; /* and that was said */
    bool is_ending;
};

/* hiredis's hooks into the loop. */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    const struct cache_link *link = arg;
    (void)fd;
    (void)what;
    redisAsyncHandleRead(link->redis);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    const struct cache_link *link = arg;
    (void)fd;
    (void)what;
    redisAsyncHandleWrite(link->redis);
}

static void add_read(void *arg)
{
    event_add(((struct cache_link *)arg)->readable, NULL);
}

static void delete_read(void *arg)
{
    event_del(((struct cache_link *)arg)->readable);
}

static void add_write(void *arg)
{
    event_add(((struct cache_link *)arg)->writable, NULL);
}

static void delete_write(void *arg)
{
    event_del(((struct cache_link *)arg)->writable);
}

static void clean_up(void *arg)
{
    struct cache_link *link = arg;

    event_free(link->readable);
    event_free(link->writable);
}

static void watch(struct cache_link *link)
{
    redisAsyncContext *redis = link->redis;

    link->readable =
        event_new(loop_base(link->loop), redis->c.fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(loop_base(link->loop), redis->c.fd, EV_WRITE, on_writable, link);
    redis->ev.addRead = add_read;
    redis->ev.delRead = delete_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = delete_write;
    redis->ev.cleanup = clean_up;
    redis->ev.data = link;
    event_add(link->writable, NULL); /* when it is connected */
}

/* Up and down. */

static void is_down(struct cache_link *link, const char *why)
{
    link->redis = NULL;
    link->is_up = false;
    if (link->is_ending)
        return;
    if (!link->is_away)
        log_warn("redis is away", LOG_STR("host", link->host), LOG_I64("port", link->port),
                 LOG_STR("detail", why));
    link->is_away = true;
    loop_timer_start(link->timer, backoff_next_us(&link->backoff, random_u64()));
}

/*
 * Who accepts a connection need not be Redis (a tunnel), nor awake. Any reply will do: an error says
 * that it is there, too.
 */
static void on_first_reply(redisAsyncContext *redis, void *reply, void *arg)
{
    struct cache_link *link = arg;
    (void)redis;

    if (!reply)
        return;
    if (link->is_away)
        log_info("redis is back", LOG_STR("host", link->host), LOG_I64("port", link->port));
    loop_timer_stop(link->timer);
    link->is_up = true;
    link->is_away = false;
    backoff_reset(&link->backoff);
}

static void on_connect(const redisAsyncContext *redis, int outcome)
{
    struct cache_link *link = redis->data;

    if (outcome != REDIS_OK)
        is_down(link, redis->c.errstr);
    else
        redisAsyncCommand(link->redis, on_first_reply, link, "PING");
}

static void on_disconnect(const redisAsyncContext *redis, int outcome)
{
    struct cache_link *link = redis->data;
    (void)outcome;
    if (link->redis) /* else it was dropped */
        is_down(link, *redis->c.errstr ? redis->c.errstr : "closed");
}

static void connect_to_redis(struct cache_link *link)
{
    redisAsyncContext *redis = redisAsyncConnect(link->host, link->port);

    BUG_ON(!redis); /* out of memory */
    if (redis->err) {
        is_down(link, redis->errstr);
        redisAsyncFree(redis);
        return;
    }
    link->redis = redis;
    redis->data = link;
    watch(link);
    redisAsyncSetConnectCallback(redis, on_connect);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
    loop_timer_start(link->timer, CONNECT_LIMIT_MS * CLOCK_US_PER_MS);
}

static void on_timer(void *arg)
{
    struct cache_link *link = arg;

    if (link->redis)
        cache_link_drop(link, "no answer");
    else
        connect_to_redis(link);
}

static struct status parse_address(const char *address, char *ret_host, int *ret_port)
{
    struct sockaddr_storage where = {0};
    const struct sockaddr_in *v4 = (const void *)&where;
    const struct sockaddr_in6 *v6 = (const void *)&where;
    const bool is_parsed =
        evutil_parse_sockaddr_port(address, (struct sockaddr *)&where, &(int){sizeof where}) == 0;
    const bool is_v4 = where.ss_family == AF_INET;

    *ret_port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
    if (!is_parsed || !*ret_port)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG",
                            "\"%s\" is not an address and a port", address);
    evutil_inet_ntop(where.ss_family, is_v4 ? (const void *)&v4->sin_addr : &v6->sin6_addr,
                     ret_host, INET6_ADDRSTRLEN);
    return STATUS_OK;
}

struct status cache_link_new(struct loop *loop, const char *address, struct cache_link **ret)
{
    char host[INET6_ADDRSTRLEN];
    int port;

    TRY(parse_address(address, host, &port));
    struct cache_link *link = mem_new(struct cache_link);
    link->loop = loop;
    memcpy(link->host, host, sizeof host);
    link->port = port;
    link->backoff =
        backoff_between(RECONNECT_FIRST_MS * CLOCK_US_PER_MS, RECONNECT_MOST_MS * CLOCK_US_PER_MS);
    link->timer = loop_timer_new(loop, on_timer, link);
    connect_to_redis(link);
    *ret = link;
    return STATUS_OK;
}

void cache_link_free(struct cache_link *link)
{
    link->is_ending = true;
    if (link->redis)
        redisAsyncFree(link->redis);
    loop_timer_free(link->timer);
    mem_free(link);
}

bool cache_link_is_up(const struct cache_link *link)
{
    return link->is_up;
}

void cache_link_send(struct cache_link *link, const char *command, size_t size, redisCallbackFn *fn,
                     void *arg)
{
    if (redisAsyncFormattedCommand(link->redis, fn, arg, command, size) != REDIS_OK)
        fn(link->redis, NULL, arg); /* it is about to close */
}

void cache_link_drop(struct cache_link *link, const char *why)
{
    redisAsyncContext *redis = link->redis;

    is_down(link, why);
    redisAsyncFree(redis);
}
