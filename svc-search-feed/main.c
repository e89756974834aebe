#include "app/service.h"
#include "base/clock.h"
#include "base/mem.h"
#include "documents_consumer.h"
#include "index_schema.h"
#include "index_worker.h"
#include "observe/metrics.h"
#include "reindex_worker.h"
#include "search.h"
#include "search_config.h"
#include "souk/search/v1/search.rpc.h"
#include "svc-search-feed/search_feed_migrations.h"

static const struct config_option options[] = {SEARCH_CONFIG(CONFIG_ENTRY)};

/* Without a peer hits are shown as they are indexed. */
static struct rpc_client *peer(struct service *service, const char *name)
{
    struct rpc_client *client = NULL;

    status_ignore(service_peer(service, name, &client), "one that is not named is done without");
    return client;
}

static struct engine engine_of(struct service *service, const struct search_config *config)
{
    return (struct engine){
        .http = service_http(service),
        .url = config->search_url,
        .alias = mem_printf("%s-items", config->search_index_prefix),
        .next_alias = mem_printf("%s-items-next", config->search_index_prefix),
        .old_alias = mem_printf("%s-items-old", config->search_index_prefix),
        .index = mem_printf("%s-items-" INDEX_VERSION, config->search_index_prefix),
        .schema = index_schema_digest(),
        .shards = config->search_shards,
        .replicas = config->search_replicas,
    };
}

static struct status start(struct service *service, void **ret_app)
{
    const struct search_config *config = service_own_config(service);
    struct search *search = mem_new(struct search);

    *search = (struct search){
        .service = service,
        .db = service_db(service),
        .engine = engine_of(service, config),
        .search_timeout_us = config->search_timeout_ms * CLOCK_US_PER_MS,
        .hydrate_timeout_us = config->hydrate_timeout_ms * CLOCK_US_PER_MS,
        .pricing = peer(service, "pricing"),
        .inventory = peer(service, "inventory"),
        .partial = metric_series(metric_family(METRIC_COUNTER, "souk_search_partial_total", "",
                                               "Searches without fresh prices or stock")),
        .indexing.documents = metric_family(METRIC_COUNTER, "souk_search_documents_total",
                                            "outcome", "Documents sent to the search engine"),
        .indexing.delay = metric_series(
            metric_family(METRIC_GAUGE, "souk_search_index_delay_seconds", "",
                          "How long the document that waits longest has been waiting")),
        .indexing.schema_differs = metric_series(
            metric_family(METRIC_GAUGE, "souk_search_schema_differs", "",
                          "1 while the index has another schema than this process wants")),
    };
    *ret_app = search;
    return STATUS_OK;
}

static void stop(void *app)
{
    struct search *search = app;

    mem_free((void *)(uintptr_t)search->engine.alias);
    mem_free((void *)(uintptr_t)search->engine.next_alias);
    mem_free((void *)(uintptr_t)search->engine.old_alias);
    mem_free((void *)(uintptr_t)search->engine.index);
    mem_free((void *)(uintptr_t)search->engine.schema);
    mem_free(search->indexing.due_for);
    mem_free(search);
}

static void nudge(void *app)
{
    struct search *search = app;

    service_nudge(search->service, INDEX_WORKER);
}

static const struct rpc_service *const rpc_services[] = {&search_rpc_service};

static const struct periodic_config periodics[] = {
    {.name = INDEX_WORKER,
     .period_ms = INDEX_PERIOD_MS,
     .limit_ms = INDEX_LIMIT_MS,
     .run = index_worker_run},
    {.name = REINDEX_WORKER,
     .period_ms = REINDEX_PERIOD_MS,
     .limit_ms = REINDEX_LIMIT_MS,
     .run = reindex_worker_run},
};

int main(int argc, char **argv)
{
    struct search_config config;
    const struct consumer_config consumers[] = {
        {.name = DOCUMENTS_CONSUMER,
         .routes = documents_routes,
         .route_count = documents_route_count,
         .batch_handler = documents_take,
         .after_commit = nudge},
    };
    const struct service_description description = {
        .name = "search",
        .id = 6,
        .needs = SERVICE_HTTP | SERVICE_INBOX,
        .config = {.options = options, .option_count = ARRAY_LEN(options), .values = &config},
        .migrations = search_feed_migrations,
        .migration_count = search_feed_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .consumers = consumers,
        .consumer_count = ARRAY_LEN(consumers),
        .periodics = periodics,
        .periodic_count = ARRAY_LEN(periodics),
        .start = start,
        .stop = stop,
    };
    return service_main(&description, argc, argv);
}
