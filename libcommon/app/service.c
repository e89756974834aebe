#include "app/service.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/service_internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "io/http_admin.h"
#include "io/rpc_client.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/loop_watch.h"
#include "run/task.h"

static const struct config_option common_options[] = {SERVICE_CONFIG(CONFIG_ENTRY)};
static const struct config_option rpc_options[] = {RPC_CONFIG(CONFIG_ENTRY)};

size_t service_config_tables(struct service *service,
                             struct config_table ret[SERVICE_CONFIG_TABLES_MAX])
{
    const struct config_table own = service->description->config;

    ret[0] = (struct config_table){common_options, ARRAY_LEN(common_options), &service->config};
    ret[1] = (struct config_table){rpc_options, ARRAY_LEN(rpc_options), &service->rpc_config};
    ret[2] = own;
    return own.options ? 3 : 2;
}

static bool read_roles(const char *text, unsigned *ret)
{
    static const struct {
        const char *name;
        unsigned role;
    } roles[] = {{"api", ROLE_API}, {"relay", ROLE_RELAY}, {"worker", ROLE_WORKER}};

    *ret = 0;
    while (*text) {
        const size_t length = strcspn(text, ",");
        size_t i = 0;
        while (i < ARRAY_LEN(roles) &&
               (strlen(roles[i].name) != length || strncmp(roles[i].name, text, length) != 0))
            i++;
        if (i == ARRAY_LEN(roles))
            return false;
        *ret |= roles[i].role;
        text += length + (text[length] == ',');
    }
    return *ret;
}

static bool apply_config(struct service *service)
{
    enum log_level level;

    if (!service_log_level(&service->config, service->config.log_level_file, &level)) {
        fprintf(stderr,
                "SOUK_LOG_LEVEL, SOUK_LOG_LEVEL_FILE: must be debug, info, warn or error\n");
        return false;
    }
    if (!read_roles(service->config.roles, &service->roles)) {
        fprintf(stderr, "SOUK_ROLES: must be any of api, relay, worker, separated by commas\n");
        return false;
    }
    log_init(service->description->name, level);
    return true;
}

static void make_owner(struct service *service)
{
    char host[64] = "";

    gethostname(host, sizeof host - 1);
    snprintf(service->owner, sizeof service->owner, "%s:%d:%08x", host, (int)getpid(),
             (unsigned)random_u64());
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void on_stop_signal(void *arg)
{
    struct service *service = arg;

    if (service->stopping) {
        log_warn("second stop signal, ending at once");
        _exit(1);
    }
    service->stopping = true;
    wait_queue_wake_all(&service->stop_asked);
    if (!service->ready)
        task_cancel(service->life);
}

/* Whatever made us stop must not cut the stopping short. */
static void end(struct service *service)
{
    enum { END_LIMIT_US = 600 * 1000 * 1000 };
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(END_LIMIT_US);

    service_parts_stop(service);
    http_admin_free(service->admin);
    log_info("stopped");
    loop_stop(service->loop);
}

static void live(void *arg)
{
    struct service *service = arg;
    const int64_t began_us = clock_mono_us();

    service->life = task_self();
    struct status st = service_parts_start(service);

    if (status_ok(&st)) {
        service->ready = true;
        log_info("ready", LOG_STR("roles", service->config.roles),
                 LOG_I64("took_ms", (clock_mono_us() - began_us) / CLOCK_US_PER_MS),
                 LOG_I64("rpc_port", service->rpc ? rpc_server_port(service->rpc) : 0),
                 LOG_I64("admin_port", http_admin_port(service->admin)));
        while (!service->stopping)
            status_ignore(wait_queue_wait(&service->stop_asked, "stop signal"), "the loop looks");
        log_info("stopping");
    } else if (!service->stopping) {
        log_error("cannot start", LOG_STATUS(st));
        service->exit_code = 1;
    }
    end(service);
}

static int run(struct service *service)
{
    signal(SIGHUP, SIG_IGN); /* without a loop to take it, it ends nobody either */
    struct status st = loop_new(&service->loop);

    if (status_ok(&st))
        st = loop_watch_start(service->loop, service->config.stall_limit_ms, &service->watch);
    if (status_ok(&st))
        st = service_admin_start(service);
    if (!status_ok(&st)) {
        log_error("cannot start", LOG_STATUS(st));
        return 1;
    }
    loop_on_signal(service->loop, SIGTERM, on_stop_signal, service);
    loop_on_signal(service->loop, SIGINT, on_stop_signal, service);
    loop_on_signal(service->loop, SIGHUP, service_reload, service);
    if (!task_go("service", live, service))
        BUG("no first task");
    loop_run(service->loop);
    loop_watch_stop(service->watch);
    loop_free(service->loop);
    return service->exit_code;
}

int service_main(const struct service_description *description, int argc, char **argv)
{
    struct service service = {.description = description, .argc = argc, .argv = argv};
    struct config_table tables[SERVICE_CONFIG_TABLES_MAX];
    const size_t table_count = service_config_tables(&service, tables);

    if (argc == 2 && strcmp(argv[1], "--describe") == 0) {
        service_describe(description, tables, table_count, stdout);
        return 0;
    }
    switch (config_load(tables, table_count, argc, argv, stdout, stderr)) {
    case CONFIG_READY: break;
    case CONFIG_ANSWERED: config_release(tables, table_count); return 0;
    case CONFIG_REFUSED: config_release(tables, table_count); return 2;
    }
    if (!apply_config(&service))
        return 2;
    mallopt(M_ARENA_MAX, 2); /* the threads of libraries are few and quiet */
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    make_owner(&service);
    const int exit_code = run(&service);
    config_release(tables, table_count);
    return exit_code;
}

struct loop *service_loop(struct service *service)
{
    return service->loop;
}

struct db *service_db(struct service *service)
{
    return service->db;
}

struct ids *service_ids(struct service *service)
{
    return service->ids;
}

struct outbox *service_outbox(struct service *service)
{
    return service->outbox;
}

struct cache *service_cache(struct service *service)
{
    return service->cache;
}

struct http *service_http(struct service *service)
{
    return service->http;
}

const void *service_own_config(const struct service *service)
{
    return service->description->config.values;
}

struct saga_runner *service_sagas(struct service *service)
{
    return service->sagas;
}

static const char *target_of(const struct service *service, const char *name)
{
    const struct service_config *config = &service->config;
    const struct {
        const char *name;
        const char *target;
    } peers[] = {
        {"listing", config->peer_listing}, {"inventory", config->peer_inventory},
        {"pricing", config->peer_pricing}, {"cart", config->peer_cart},
        {"order", config->peer_order},
    };

    for (size_t i = 0; i < ARRAY_LEN(peers); i++)
        if (strcmp(peers[i].name, name) == 0)
            return peers[i].target;
    BUG("no peer is called %s", name);
}

struct status service_peer(struct service *service, const char *name, struct rpc_client **ret)
{
    const char *target = target_of(service, name);

    if (!*target)
        return status_error(CODE_INVALID_ARGUMENT, "CONFIG_MISSING", "SOUK_PEER_%s must be given",
                            name);
    BUG_ON(service->peer_count == SERVICE_PEERS_MAX);
    struct rpc_client *client = rpc_client_new(&(struct rpc_client_config){
        .name = name, .target = target, .options = &service->rpc_config, .token = service->token});
    service->peers[service->peer_count++] =
        (struct service_peer_entry){.name = name, .client = client};
    *ret = client;
    return STATUS_OK;
}

void service_nudge(struct service *service, const char *periodic_name)
{
    for (size_t i = 0; i < service->description->periodic_count; i++)
        if (service->periodics[i] &&
            strcmp(service->description->periodics[i].name, periodic_name) == 0)
            periodic_nudge(service->periodics[i]);
}
