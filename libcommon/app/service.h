#pragma once

/*
 * service: the life of a process: configuration, what it shares with its like (database, Kafka,
 * tokens, ids), start, readiness, roles, drain, end. A service's main.c describes itself and calls
 * service_main.
 *
 * Roles: `api` serves RPCs, `relay` publishes the outbox, `worker` runs consumers, sagas, sweeps
 * and cron jobs. One process may have any of them.
 *
 * Ready means: the api answers (database reached, migrations run, ids to be had); gRPC health says
 * the same. Kafka, Redis and the search engine do not stop the api; what of them is down shows in
 * /readyz.
 *
 * SIGTERM, SIGINT: NOT_SERVING, a pause for balancers to see it, GOAWAY, calls in flight finish,
 * workers stop, offsets are committed, leases given back, exit 0. A second signal ends at once.
 *
 * SIGHUP: the files of keys (its own too) and of the log level are read again, and hold from then
 * on if all can be used; else all stays as it was, and the log says why. Files are not watched: half
 * of a file that is being written may look whole.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/migrate.h"
#include "io/rpc_server.h"
#include "observe/config.h"
#include "patterns/consumer.h"
#include "patterns/cron.h"
#include "patterns/periodic.h"
#include "patterns/saga.h"

struct cache;
struct db;
struct http;
struct ids;
struct loop;
struct outbox;
struct rpc_client;
struct service;

/* Which of the things below it needs. */
enum service_needs {
    SERVICE_CACHE = 1,  /* Redis */
    SERVICE_HTTP = 2,   /* an HTTP client */
    SERVICE_SAGAS = 4,  /* a saga runner, in api and worker */
    SERVICE_OUTBOX = 8, /* ids, outbox and relay; implies Kafka */
    SERVICE_INBOX = 16, /* consumers; implies Kafka */
};

struct service_description {
    const char *name;           /* "inventory" */
    unsigned id;                /* 1..15: the service bits of its ids, never reused */
    unsigned needs;             /* bits of service_needs */
    struct config_table config; /* its own options; values is where they go; may be empty */

    const struct migration *migrations;
    size_t migration_count;

    /* What it serves; instance is app for all. */
    const struct rpc_service *const *rpc_services;
    size_t rpc_service_count;

    /* Started with the role worker. `arg` of each is set to app. */
    const struct consumer_config *consumers;
    size_t consumer_count;
    const struct periodic_config *periodics;
    size_t periodic_count;
    const struct cron_job *cron_jobs;
    size_t cron_job_count;
    const struct saga_kind *const *sagas;
    size_t saga_count;

    /*
     * Makes the service's own state when everything shared is there (database reached, migrations
     * run); nothing is served before it returned.
     */
    struct status (*start)(struct service *service, void **ret_app);
    /* Nothing runs any more. */
    void (*stop)(void *app);
};

/* The whole of main(). Alone on the command line, --describe prints what the process is made of. */
int service_main(const struct service_description *description, int argc, char **argv);

/* What the process shares; for start() and what it makes. */
struct loop *service_loop(struct service *service);
struct db *service_db(struct service *service);
struct ids *service_ids(struct service *service);
struct outbox *service_outbox(struct service *service);
struct cache *service_cache(struct service *service);
struct http *service_http(struct service *service);
/* The service's own options, loaded: description->config.values. */
const void *service_own_config(const struct service *service);
/* After start() only: the runner hands the app to its steps. */
struct saga_runner *service_sagas(struct service *service);

/* The peer that SOUK_PEER_<NAME> names; a bug when the option is empty. Owned by the service. */
MUST_USE struct status service_peer(struct service *service, const char *name,
                                    struct rpc_client **ret);

/* Runs the named periodic now, if it runs here. */
void service_nudge(struct service *service, const char *periodic_name);
