#include "app/service.h"
#include "base/mem.h"
#include "changed_worker.h"
#include "expiry_worker.h"
#include "inventory.h"
#include "souk/inventory/v1/inventory.rpc.h"
#include "svc-inventory/inventory_migrations.h"

static struct status start(struct service *service, void **ret_app)
{
    struct inventory *inventory = mem_new(struct inventory);

    *inventory = (struct inventory){
        .db = service_db(service),
        .ids = service_ids(service),
        .outbox = service_outbox(service),
    };
    *ret_app = inventory;
    return STATUS_OK;
}

static const struct rpc_service *const rpc_services[] = {&inventory_rpc_service};

static const struct periodic_config periodics[] = {
    {.name = "inventory.changed",
     .period_ms = CHANGED_PERIOD_MS,
     .limit_ms = 5000,
     .run = changed_worker_run},
    {.name = "inventory.expiry",
     .period_ms = EXPIRY_PERIOD_MS,
     .limit_ms = 10000,
     .run = expiry_worker_run},
};

int main(int argc, char **argv)
{
    const struct service_description description = {
        .name = "inventory",
        .id = 2,
        .needs = SERVICE_OUTBOX,
        .migrations = inventory_migrations,
        .migration_count = inventory_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .periodics = periodics,
        .periodic_count = ARRAY_LEN(periodics),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
