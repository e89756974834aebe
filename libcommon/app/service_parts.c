/*
 * What a service is made of: started one after the other, each needing only those before it;
 * stopped in the opposite order.
 */
#include <stdio.h>
#include <string.h>

#include "app/service_internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/auth.h"
#include "io/cache.h"
#include "io/db.h"
#include "io/http.h"
#include "io/mq.h"
#include "io/otlp.h"
#include "io/rpc_client.h"
#include "io/rpc_loop.h"
#include "io/rpc_tls.h"
#include "io/service_token.h"
#include "observe/log.h"
#include "observe/trace.h"
#include "patterns/cron.h"
#include "patterns/housekeeping.h"
#include "patterns/ids.h"
#include "patterns/outbox.h"
#include "patterns/patterns_migrations.h"
#include "patterns/relay.h"
#include "run/task.h"
#include "run/task_group.h"
#include "souk/ops/v1/sagas.rpc.h"

enum {
    DB_WAITING_MAX = 1000,
    HTTP_CONNECTIONS_MAX = 8,
    START_RETRY_US = 500 * 1000,
    START_LIMIT_US = 120 * 1000 * 1000,
};

static bool has(const struct service *service, unsigned need)
{
    return service->description->needs & need;
}

static struct status start_trust(struct service *service)
{
    const struct service_config *config = &service->config;

    TRY(auth_new(config->keys_file, &service->auth));
    return service_own_token(service, config, &service->token);
}

static struct status start_traces(struct service *service)
{
    const struct otlp_config config = {
        .url = service->config.trace_url,
        .service = service->description->name,
        .instance = service->owner,
    };

    if (!*service->config.trace_url)
        return STATUS_OK;
    trace_sample_roots((unsigned)service->config.trace_roots_per_10000);
    return otlp_start(service->loop, &config, &service->otlp);
}

static struct status open_db(struct service *service)
{
    const struct db_config config = {
        .host = service->config.db_host,
        .port = (uint16_t)service->config.db_port,
        .database = service->config.db_name,
        .user = service->config.db_user,
        .password = service->config.db_password_file,
        .ca_file = *service->config.db_ca_file ? service->config.db_ca_file : NULL,
        .connections_max = (size_t)service->config.db_connections,
        .waiting_max = DB_WAITING_MAX,
    };
    return db_open(service->loop, &config, &service->db);
}

/* A database that is not up yet is waited for: in a cluster everything starts at once. */
static struct status wait_for_db(struct service *service)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(START_LIMIT_US);

    for (bool said = false;; said = true) {
        const struct status st = db_ping(service->db);
        if (status_ok(&st))
            return st;
        if (!said)
            log_warn("waiting for the database", LOG_STATUS(st));
        TRY(task_sleep_us(START_RETRY_US));
    }
}

static struct status run_migrations(struct service *service)
{
    const struct service_description *description = service->description;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(START_LIMIT_US);

    TRY(migrate(service->db, "libcommon", patterns_migrations, patterns_migration_count));
    return migrate(service->db, description->name, description->migrations,
                   description->migration_count);
}

static struct mq_config mq_config(const struct service *service)
{
    return (struct mq_config){
        .brokers = service->config.kafka_brokers,
        .client_id = service->owner,
        .tls = {.ca = service->config.kafka_ca_file,
                .certificate = service->config.kafka_cert_file,
                .key = service->config.kafka_key_file},
    };
}

static struct status start_outbox(struct service *service)
{
    const struct mq_config config = mq_config(service);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(START_LIMIT_US);

    if (!has(service, SERVICE_OUTBOX))
        return STATUS_OK;
    TRY(ids_start(service->db, service->description->id, service->owner, &service->ids));
    char *source = mem_printf("souk/%s", service->description->name);
    service->outbox = outbox_new(service->ids, source);
    if (!(service->roles & ROLE_RELAY))
        return STATUS_OK;
    TRY(mq_producer_new(service->loop, &config, &service->producer));
    service->relay = relay_start(&(struct relay_config){.db = service->db,
                                                        .producer = service->producer,
                                                        .outbox = service->outbox,
                                                        .owner = service->owner});
    return STATUS_OK;
}

static struct status start_clients(struct service *service)
{
    if (has(service, SERVICE_CACHE))
        TRY(cache_new(service->loop, service->config.redis_address, &service->cache));
    if (has(service, SERVICE_HTTP))
        TRY(http_new(service->loop, HTTP_CONNECTIONS_MAX, &service->http));
    return STATUS_OK;
}

static void start_sagas(struct service *service)
{
    const struct service_description *description = service->description;
    const struct saga_runner_config config = {
        .db = service->db,
        .owner = service->owner,
        .lease_ms = service->config.lease_ms,
        .kinds = description->sagas,
        .kind_count = description->saga_count,
        .app = service->app,
    };

    if (has(service, SERVICE_SAGAS) && service->roles & (ROLE_API | ROLE_WORKER))
        service->sagas = saga_runner_start(&config);
}

static struct status start_workers(struct service *service)
{
    const struct service_description *description = service->description;
    const struct mq_config config = mq_config(service);

    if (!(service->roles & ROLE_WORKER))
        return STATUS_OK;
    BUG_ON(description->consumer_count > SERVICE_PARTS_MAX ||
           description->periodic_count > SERVICE_PARTS_MAX);
    for (size_t i = 0; i < description->consumer_count; i++) {
        struct consumer_config *consumer = &service->consumer_configs[i];
        *consumer = description->consumers[i];
        consumer->db = service->db;
        consumer->arg = service->app;
        TRY(consumer_start(service->loop, &config, consumer, &service->consumers[i]));
    }
    const struct cron_table jobs[] = {
        {housekeeping_jobs, housekeeping_job_count, service->db},
        {description->cron_jobs, description->cron_job_count, service->app},
    };
    service->cron = cron_start(service->db, service->owner, jobs, ARRAY_LEN(jobs));
    for (size_t i = 0; i < description->periodic_count; i++) {
        struct periodic_config periodic = description->periodics[i];
        periodic.arg = service->app;
        service->periodics[i] = periodic_start(&periodic);
    }
    return STATUS_OK;
}

/* Health says what /readyz says: who can make no ids is of no use to a balancer. */
static void show_serving(void *arg)
{
    const struct service *service = arg;
    const struct status ids = service->ids ? ids_check(service->ids) : STATUS_OK;

    if (service->rpc && !service->stopping)
        rpc_server_set_serving(service->rpc, status_ok(&ids));
}

static struct status start_api(struct service *service)
{
    const struct service_description *description = service->description;
    struct rpc_served served[RPC_SERVICES_MAX];
    struct rpc_server_config config = {
        .address = service->config.rpc_address,
        .options = &service->rpc_config,
        .auth = service->auth,
        .served = served,
        .served_count = description->rpc_service_count,
    };

    if (!(service->roles & ROLE_API))
        return STATUS_OK;
    BUG_ON(description->rpc_service_count >= RPC_SERVICES_MAX);
    for (size_t i = 0; i < description->rpc_service_count; i++)
        served[i] =
            (struct rpc_served){.service = description->rpc_services[i], .instance = service->app};
    if (service->sagas)
        served[config.served_count++] =
            (struct rpc_served){.service = &saga_rpc_service, .instance = service->sagas};
    TRY(rpc_server_new(service->loop, &config, &service->rpc));
    if (service->ids)
        ids_watch(service->ids, show_serving, service);
    show_serving(service);
    return STATUS_OK;
}

struct status service_parts_start(struct service *service)
{
    TRY(rpc_tls_check(&service->rpc_config));
    TRY(rpc_loop_start(service->loop, service->rpc_config.rpc_thread));
    TRY(start_traces(service));
    TRY(start_trust(service));
    TRY(open_db(service));
    TRY(wait_for_db(service));
    TRY(run_migrations(service));
    TRY(start_outbox(service));
    TRY(start_clients(service));
    TRY(service->description->start(service, &service->app));
    start_sagas(service);
    TRY(start_workers(service));
    return start_api(service);
}

static void stop_api(struct service *service)
{
    if (!service->rpc)
        return;
    rpc_server_set_serving(service->rpc, false);
    status_ignore(task_sleep_us(service->config.drain_pause_ms * CLOCK_US_PER_MS),
                  "a second signal may cut it short");
    rpc_server_drain(service->rpc, service->config.drain_grace_ms * CLOCK_US_PER_MS);
    rpc_server_free(service->rpc);
    service->rpc = NULL;
}

/* Readiness is asked for until the end: it does not see what is on its way out. */
static void stop_consumer(void *at)
{
    struct consumer **slot = at;
    struct consumer *consumer = *slot;

    *slot = NULL;
    consumer_stop(consumer);
}

/* Together: each may take seconds, and who waits for the process gives it so many for all. */
static void stop_consumers(struct service *service)
{
    struct task_group group;

    task_group_begin(&group);
    for (size_t i = 0; i < SERVICE_PARTS_MAX; i++)
        if (service->consumers[i] &&
            !task_group_go(&group, "consumer stop", stop_consumer, &service->consumers[i]))
            stop_consumer(&service->consumers[i]);
    status_ignore(task_group_join(&group), "they have ended all the same");
}

static void stop_cron(struct service *service)
{
    struct cron *cron = service->cron;

    service->cron = NULL;
    cron_stop(cron);
}

/* Runs of jobs are handed over first: another process can have them while this one still ends. */
static void stop_workers(struct service *service)
{
    stop_cron(service);
    stop_consumers(service);
    for (size_t i = 0; i < SERVICE_PARTS_MAX; i++)
        periodic_stop(service->periodics[i]);
}

static void stop_ids(struct service *service)
{
    struct ids *ids = service->ids;

    service->ids = NULL;
    ids_stop(ids);
}

/* Nor does a reload that is asked for now. */
static void end_trust(struct service *service)
{
    service_token_free(service->token);
    auth_free(service->auth);
    service->auth = NULL;
}

void service_parts_stop(struct service *service)
{
    stop_api(service);
    stop_workers(service);
    saga_runner_stop(service->sagas);
    if (service->app)
        service->description->stop(service->app);
    for (size_t i = 0; i < service->peer_count; i++)
        rpc_client_free(service->peers[i].client);
    http_free(service->http);
    cache_free(service->cache);
    relay_stop(service->relay);
    mq_producer_stop(service->producer);
    if (service->outbox)
        mem_free((void *)(uintptr_t)outbox_source(service->outbox));
    outbox_free(service->outbox);
    stop_ids(service);
    db_close(service->db);
    end_trust(service);
    otlp_stop(service->otlp);
    rpc_loop_stop();
}
