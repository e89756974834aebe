#include "app/service.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config.h"
#include "pricing.h"
#include "quote_token.h"
#include "souk/pricing/v1/pricing.rpc.h"
#include "svc-pricing/pricing_migrations.h"

static const struct config_option options[] = {PRICING_CONFIG(CONFIG_ENTRY)};

static struct status start(struct service *service, void **ret_app)
{
    const struct pricing_config *config = service_own_config(service);

    struct pricing *pricing = mem_new(struct pricing);
    *pricing = (struct pricing){
        .db = service_db(service),
        .ids = service_ids(service),
        .outbox = service_outbox(service),
        .quote_secret = config->quote_secret_file,
        .quote_life_us = config->quote_ttl_s * CLOCK_US_PER_S,
    };
    *ret_app = pricing;
    return STATUS_OK;
}

static const struct rpc_service *const rpc_services[] = {&pricing_rpc_service};

int main(int argc, char **argv)
{
    struct pricing_config config = {0};
    const struct service_description description = {
        .name = "pricing",
        .id = 4,
        .needs = SERVICE_OUTBOX,
        .config = {.options = options, .option_count = ARRAY_LEN(options), .values = &config},
        .migrations = pricing_migrations,
        .migration_count = pricing_migration_count,
        .rpc_services = rpc_services,
        .rpc_service_count = ARRAY_LEN(rpc_services),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
