#pragma once

/*
 * What the files of service share.
 */

#include "app/service.h"
#include "app/service_config.h"
#include "io/rpc_config.h"
#include "observe/log.h"
#include "run/sync.h"

struct auth;
struct cron;
struct http_admin;
struct mq_producer;
struct relay;
struct service_token;

enum { ROLE_API = 1, ROLE_RELAY = 2, ROLE_WORKER = 4 };
enum { SERVICE_PEERS_MAX = 8, SERVICE_PARTS_MAX = 16, SERVICE_CONFIG_TABLES_MAX = 3 };

struct service_peer_entry {
    const char *name;
    struct rpc_client *client;
};

struct service {
    const struct service_description *description;
    struct service_config config;
    struct rpc_config rpc_config;
    int argc; /* files that the options name are read again */
    char **argv;
    unsigned roles;
    char owner[128]; /* host:pid:random: this start of this process */

    struct loop *loop;
    struct loop_watch *watch;
    struct http_admin *admin;
    struct otlp *otlp;
    struct auth *auth;
    struct service_token *token;
    struct db *db;
    struct ids *ids;
    struct outbox *outbox;
    struct cache *cache;
    struct http *http;
    struct mq_producer *producer;
    struct relay *relay;
    struct cron *cron;
    struct saga_runner *sagas;
    struct rpc_server *rpc;
    struct service_peer_entry peers[SERVICE_PEERS_MAX];
    size_t peer_count;
    struct consumer_config consumer_configs[SERVICE_PARTS_MAX];
    struct consumer *consumers[SERVICE_PARTS_MAX];
    struct periodic *periodics[SERVICE_PARTS_MAX];
    void *app;

    struct task *life;
    struct wait_queue stop_asked;
    bool stopping;
    bool ready;
    int exit_code;
};

/* Every table of options that the process has; returns how many. */
size_t service_config_tables(struct service *service,
                             struct config_table ret[SERVICE_CONFIG_TABLES_MAX]);

/* service_parts.c: what is made at start and released at the end. */
MUST_USE SUSPENDS struct status service_parts_start(struct service *service);
SUSPENDS void service_parts_stop(struct service *service);

/* service_describe.c: what --describe prints, as JSON; tools/make-docs reads it. */
void service_describe(const struct service_description *description,
                      const struct config_table *tables, size_t table_count, FILE *out);

/* service_admin.c */
MUST_USE struct status service_admin_start(struct service *service);

/* service_reload.c: reads keys and log level again. The argument is the service. */
void service_reload(void *service);
/* By the key of `files`, read now; `ret` is NULL where the service has none. */
MUST_USE struct status service_own_token(const struct service *service,
                                         const struct service_config *files,
                                         struct service_token **ret);
/* What the level's file says counts, where there is one (else NULL). */
MUST_USE bool service_log_level(const struct service_config *config, const char *level_file,
                                enum log_level *ret);
