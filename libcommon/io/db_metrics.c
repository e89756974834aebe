#include "io/db_internal.h"
#include "observe/metrics.h"

static struct metric *gauge(const char *name, const char *help)
{
    return metric_series(metric_family(METRIC_GAUGE, name, "", help));
}

static void series_of(const char *name, const char *label, const char *help,
                      const char *const *values, size_t count, struct metric **ret)
{
    struct metric_family *family = metric_family(METRIC_COUNTER, name, label, help);

    for (size_t i = 0; i < count; i++)
        ret[i] = metric_series(family, values[i]);
}

struct db_metrics db_metrics_new(void)
{
    static const char *const outcomes[DB_OUTCOME_COUNT] = {
        [DB_COMMITTED] = "committed", [DB_ROLLED_BACK] = "rolled_back", [DB_REFUSED] = "refused",
        [DB_EXPIRED] = "expired",     [DB_UNKNOWN] = "unknown",
    };
    static const char *const connects[DB_CONNECT_COUNT] = {
        [DB_CONNECTED] = "connected",
        [DB_CONNECT_FAILED] = "failed",
    };
    static const char *const kills[DB_KILL_COUNT] = {
        [DB_KILLED] = "killed",
        [DB_GONE] = "gone",
        [DB_KILL_FAILED] = "failed",
    };
    struct db_metrics metrics = {
        .open = gauge("souk_db_connections", "Connections to the database, idle ones too."),
        .used = gauge("souk_db_used_connections", "Connections that a task has."),
        .idle = gauge("souk_db_idle_connections", "Connections that nobody uses."),
        .waiting = gauge("souk_db_waiting_tasks", "Tasks in line for a connection."),
        .statements = gauge("souk_db_prepared_statements", "Prepared, on all connections."),
        .acquire_seconds = metric_series(metric_family(METRIC_HISTOGRAM, "souk_db_acquire_seconds",
                                                       "", "Wait for a connection.")),
        .errors = metric_family(METRIC_COUNTER, "souk_db_errors_total", "code",
                                "Failed calls to the database."),
    };

    series_of("souk_db_transactions_total", "outcome",
              "Transactions that write, by how they ended.", outcomes, DB_OUTCOME_COUNT,
              metrics.transactions);
    series_of("souk_db_connects_total", "outcome", "Tries to connect.", connects, DB_CONNECT_COUNT,
              metrics.connects);
    series_of("souk_db_kills_total", "outcome",
              "Connections given up in the middle of a call, by what became of them on the server.",
              kills, DB_KILL_COUNT, metrics.kills);
    return metrics;
}
