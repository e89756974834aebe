#include "app/service.h"
#include "base/mem.h"
#include "config.h"
#include "order_app.h"
#include "souk/order/v1/fulfilment.rpc.h"
#include "souk/order/v1/order.rpc.h"
#include "souk/order/v1/payment.rpc.h"
#include "svc-order/order_migrations.h"
#include "timeout_worker.h"

static const struct config_option options[] = {ORDER_CONFIG(CONFIG_ENTRY)};

static struct status start(struct service *service, void **ret_app)
{
    struct order_app *app = mem_new(struct order_app);

    *ret_app = app;
    app->config = service_own_config(service);
    app->service = service;
    app->db = service_db(service);
    app->ids = service_ids(service);
    app->outbox = service_outbox(service);
    TRY(service_peer(service, "listing", &app->listing));
    TRY(service_peer(service, "pricing", &app->pricing));
    TRY(service_peer(service, "inventory", &app->inventory));
    return service_peer(service, "cart", &app->cart);
}

static const struct rpc_service *const rpc_services[] = {&order_rpc_service, &payment_rpc_service,
                                                         &fulfilment_rpc_service};

static const struct saga_kind *const sagas[] = {&place_order_saga, &settle_order_saga,
                                                &release_order_saga};

static const struct periodic_config periodics[] = {
    {.name = "order.timeout",
     .period_ms = TIMEOUT_PERIOD_MS,
     .limit_ms = 10000,
     .run = timeout_worker_cancel_unpaid},
    {.name = "order.receipt",
     .period_ms = TIMEOUT_PERIOD_MS,
     .limit_ms = 10000,
     .run = timeout_worker_complete_shipped},
};

int main(int argc, char **argv)
{
    struct order_config config = {0};
    const struct service_description description = {
        .name = "order",
        .id = 3,
        .needs = SERVICE_OUTBOX | SERVICE_SAGAS,
        .config = {.options = options, .option_count = ARRAY_LEN(options), .values = &config},
        .migrations = order_migrations,
        .migration_count = order_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .periodics = periodics,
        .periodic_count = ARRAY_LEN(periodics),
        .sagas = sagas,
        .saga_count = ARRAY_LEN(sagas),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
