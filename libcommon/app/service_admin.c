#include <stdlib.h>

#include "app/service_internal.h"
#include "app/version.h"
#include "io/cache.h"
#include "io/http_admin.h"
#include "observe/metrics.h"
#include "patterns/cron.h"
#include "patterns/ids.h"

static int show_metrics(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    *ret_type = "text/plain; version=0.0.4";
    metrics_write(body);
    return 200;
}

static int show_alive(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    (void)ret_type;
    str_append(body, "alive\n");
    return 200;
}

/* The first line decides, the rest is for people. */
static int show_ready(void *arg, struct str *body, const char **ret_type)
{
    const struct service *service = arg;
    const struct status ids = service->ids ? ids_check(service->ids) : STATUS_OK;
    const bool ready = service->ready && !service->stopping && status_ok(&ids);
    (void)ret_type;

    if (service->ready && !service->stopping && !ready)
        str_printf(body, "no ids: %s\n", ids.detail);
    else
        str_append(body, ready ? "ready\n" : service->stopping ? "stopping\n" : "starting\n");
    for (size_t i = 0; i < service->description->consumer_count; i++)
        if (service->consumers[i])
            str_printf(body, "consumer %s: %s\n", service->description->consumers[i].name,
                       consumer_is_joined(service->consumers[i]) ? "joined" : "not joined");
    return ready ? 200 : 503;
}

static int show_version(void *arg, struct str *body, const char **ret_type)
{
    const struct service *service = arg;

    *ret_type = "application/json";
    str_printf(body, "{\"service\":\"%s\",\"version\":\"%s\"}\n", service->description->name,
               SOUK_VERSION);
    return 200;
}

static int show_config(void *arg, struct str *body, const char **ret_type)
{
    struct config_table tables[SERVICE_CONFIG_TABLES_MAX];
    const size_t table_count = service_config_tables(arg, tables);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    (void)ret_type;

    config_print(tables, table_count, out);
    fclose(out);
    str_append_bytes(body, text, size);
    free(text);
    return 200;
}

/* Nothing where this process has no role worker. */
static int show_cron(void *arg, struct str *body, const char **ret_type)
{
    const struct service *service = arg;

    *ret_type = "application/json";
    cron_show(service->cron, body);
    return 200;
}

struct status service_admin_start(struct service *service)
{
    TRY(http_admin_new(service->loop, service->config.admin_address, &service->admin));
    http_admin_on(service->admin, "/metrics", show_metrics, service);
    http_admin_on(service->admin, "/livez", show_alive, service);
    http_admin_on(service->admin, "/readyz", show_ready, service);
    http_admin_on(service->admin, "/version", show_version, service);
    http_admin_on(service->admin, "/config", show_config, service);
    http_admin_on(service->admin, "/cron", show_cron, service);
    return STATUS_OK;
}
