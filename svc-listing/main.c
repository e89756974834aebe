#include "app/service.h"
#include "audit_consumer.h"
#include "base/mem.h"
#include "catalog.h"
#include "publish_consumer.h"
#include "publish_saga.h"
#include "souk/listing/v1/catalog.rpc.h"
#include "souk/listing/v1/events.types.h"
#include "souk/listing/v1/listing.rpc.h"
#include "stock_consumer.h"
#include "svc-listing/listing_migrations.h"
#include "watchdog_worker.h"

static struct status start(struct service *service, void **ret_app)
{
    struct catalog *catalog = mem_new(struct catalog);

    *ret_app = catalog;
    *catalog = (struct catalog){
        .service = service,
        .db = service_db(service),
        .ids = service_ids(service),
        .outbox = service_outbox(service),
    };
    TRY(service_peer(service, "pricing", &catalog->pricing));
    return service_peer(service, "inventory", &catalog->inventory);
}

static const struct rpc_service *const rpc_services[] = {
    &listing_rpc_service,
    &catalog_rpc_service,
    &category_rpc_service,
};

static const struct event_route audit_routes[] = {
    {&listing_audit_pending_event, audit_consumer_on_pending},
};

static const struct event_route publish_routes[] = {
    {&listing_publish_ready_event, publish_consumer_on_ready},
};

static const struct periodic_config periodics[] = {
    {.name = WATCHDOG_WORKER,
     .period_ms = WATCHDOG_PERIOD_MS,
     .limit_ms = WATCHDOG_LIMIT_MS,
     .run = watchdog_worker_run},
};

static const struct saga_kind *const sagas[] = {&publish_saga};

int main(int argc, char **argv)
{
    const struct consumer_config consumers[] = {
        {.name = AUDIT_CONSUMER, .routes = audit_routes, .route_count = ARRAY_LEN(audit_routes)},
        {.name = PUBLISH_CONSUMER,
         .routes = publish_routes,
         .route_count = ARRAY_LEN(publish_routes),
         .after_commit = publish_consumer_after_commit},
        {.name = STOCK_CONSUMER,
         .routes = stock_routes,
         .route_count = stock_route_count,
         .batch_handler = stock_consumer_take},
    };
    const struct service_description description = {
        .name = "listing",
        .id = 1,
        .needs = SERVICE_OUTBOX | SERVICE_INBOX | SERVICE_SAGAS,
        .migrations = listing_migrations,
        .migration_count = listing_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .consumers = consumers,
        .consumer_count = ARRAY_LEN(consumers),
        .periodics = periodics,
        .periodic_count = ARRAY_LEN(periodics),
        .sagas = sagas,
        .saga_count = ARRAY_LEN(sagas),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
