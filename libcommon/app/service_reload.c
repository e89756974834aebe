/*
 * What may change while the process runs: whose tokens are believed, with which key its own are
 * signed, and how much is logged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/service_internal.h"
#include "io/auth.h"
#include "io/service_token.h"
#include "observe/metrics.h"

static const struct config_option options[] = {SERVICE_CONFIG(CONFIG_ENTRY)};

bool service_log_level(const struct service_config *config, const char *level_file,
                       enum log_level *ret)
{
    return log_level_parse(level_file ? level_file : config->log_level, ret);
}

struct status service_own_token(const struct service *service, const struct service_config *files,
                                struct service_token **ret)
{
    const char *key_id = files->service_key_id_file;

    *ret = NULL;
    if (!files->service_key_file)
        return STATUS_OK;
    return service_token_new(service->description->name,
                             key_id ? key_id : service->config.service_key_id,
                             files->service_key_file, ret);
}

/* All of it or nothing: what follows the last refusal cannot fail. */
static struct status apply(struct service *service, const struct service_config *fresh)
{
    AUTO(service_token_freep) struct service_token *token = NULL;
    enum log_level level;

    if (!service_log_level(&service->config, fresh->log_level_file, &level))
        return status_error(CODE_INVALID_ARGUMENT, "CONFIG_INVALID",
                            "SOUK_LOG_LEVEL_FILE: must be debug, info, warn or error");
    TRY(service_own_token(service, fresh, &token));
    TRY(auth_replace_keys(service->auth, fresh->keys_file));
    if (token)
        service_token_swap(service->token, token);
    log_set_level(level);
    return STATUS_OK;
}

static struct status read_and_apply(struct service *service)
{
    struct service_config fresh = {0};
    const struct config_table table = {
        .options = options, .option_count = ARRAY_LEN(options), .values = &fresh};
    char *said = NULL;
    size_t size = 0;
    FILE *err = open_memstream(&said, &size);
    const bool could_be_read = config_read_files(&table, service->argc, service->argv, err);
    struct status st;

    fclose(err);
    if (could_be_read) {
        st = apply(service, &fresh);
    } else {
        said[strcspn(said, "\n")] = '\0';
        st = status_error(CODE_INVALID_ARGUMENT, "CONFIG_INVALID", "%s", said);
    }
    free(said);
    config_release(&table, 1);
    return st;
}

void service_reload(void *arg)
{
    struct service *service = arg;
    struct metric_family *reloads = metric_family(METRIC_COUNTER, "souk_config_reloads_total",
                                                  "outcome",
                                                  "Times that keys and log level were read again");

    if (!service->auth) /* it is just starting, and reads them anyway, or at its end */
        return;
    const struct status st = read_and_apply(service);
    metric_add(metric_series(reloads, status_ok(&st) ? "ok" : "failed"), 1);
    if (status_ok(&st))
        log_info("configuration read again");
    else
        log_error("configuration not read again, the old one holds", LOG_STATUS(st));
}
