#include "app/service.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cart_app.h"
#include "config.h"
#include "souk/cart/v1/cart.rpc.h"
#include "svc-cart/cart_migrations.h"

static const struct config_option options[] = {CART_CONFIG(CONFIG_ENTRY)};

static struct status start(struct service *service, void **ret_app)
{
    const struct cart_config *config = service_own_config(service);
    struct cart_app app = {
        .db = service_db(service),
        .enrich_timeout_us = config->enrich_timeout_ms * CLOCK_US_PER_MS,
    };

    TRY(service_peer(service, "listing", &app.listing));
    TRY(service_peer(service, "pricing", &app.pricing));
    TRY(service_peer(service, "inventory", &app.inventory));
    *ret_app = mem_dup(&app, sizeof app);
    return STATUS_OK;
}

static const struct rpc_service *const rpc_services[] = {&cart_rpc_service};

int main(int argc, char **argv)
{
    struct cart_config config = {0};
    const struct service_description description = {
        .name = "cart",
        .id = 5,
        .config = {.options = options, .option_count = ARRAY_LEN(options), .values = &config},
        .migrations = cart_migrations,
        .migration_count = cart_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
