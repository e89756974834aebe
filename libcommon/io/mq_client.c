#include "io/mq_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/mq_stats.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/task.h"

enum { SAME_ERROR_AGAIN_S = 60, END_WAIT_MS = 10 * 1000 };

/*
 * librdkafka brings SASL along, which we do not speak (who we are is said by a certificate). Set
 * up, it would load its plug-ins into every process, with a database library: half a megabyte.
 */
int sasl_client_init(const void *callbacks); /* NOLINT: the name is Cyrus SASL's */

int sasl_client_init(const void *callbacks) /* NOLINT */
{
    (void)callbacks;
    return 0;
}

/* Connections are tried again within a second and given up when ten seconds brought no answer. */
static const struct mq_setting common_settings[] = {
    {"reconnect.backoff.max.ms", "1000"},
    {"socket.timeout.ms", "10000"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"api.version.request.timeout.ms", "3000"}, /* the first question on a connection */
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"topic.metadata.refresh.interval.ms", "10000"}, /* how long a new topic stays unseen */
    {"log.connection.close", "false"},
    {"statistics.interval.ms", MQ_STATS_EVERY_MS},
};

/* Said elsewhere in our words, or known and harmless. */
static bool is_noise(const char *facility)
{
    static const char *const noise[] = {"FAIL", "FATAL", "GETPID", "CONFWARN", "TERMINATE"};

    for (size_t i = 0; i < ARRAY_LEN(noise); i++)
        if (strcmp(facility, noise[i]) == 0)
            return true;
    return false;
}

/* Runs in librdkafka's threads. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum { SYSLOG_WARNING = 4 };

    log_at(level <= SYSLOG_WARNING && !is_noise(facility) ? LOG_WARN : LOG_DEBUG, "librdkafka says",
           LOG_STR("client", rd_kafka_name(rk)), LOG_STR("facility", facility),
           LOG_STR("detail", text));
}

static struct status set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[128];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG", "kafka %s: %s", name, why);
}

static struct status set_all(rd_kafka_conf_t *conf, const struct mq_setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(set(conf, settings[i].name, settings[i].value));
    return STATUS_OK;
}

/* Half of it is somebody's mistake, and would send in the clear what he wanted hidden. */
static struct status check_tls(const struct mq_tls *tls)
{
    if (!tls->certificate == !tls->key && (tls->ca || !tls->key))
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG",
                        "kafka: a certificate needs its key, and both a CA for the brokers");
}

static struct status set_tls(rd_kafka_conf_t *conf, const struct mq_tls *tls)
{
    TRY(check_tls(tls));
    if (!tls->ca)
        return STATUS_OK;
    TRY(set(conf, "security.protocol", "ssl"));
    TRY(set(conf, "ssl.endpoint.identification.algorithm", "https"));
    TRY(set(conf, "ssl.ca.pem", tls->ca));
    if (tls->certificate)
        TRY(set(conf, "ssl.certificate.pem", tls->certificate));
    return tls->key ? set(conf, "ssl.key.pem", tls->key) : STATUS_OK;
}

static struct status configure(rd_kafka_conf_t *conf, const struct mq_config *config,
                               const struct mq_setting *settings, size_t count)
{
    TRY(set(conf, "bootstrap.servers", config->brokers));
    TRY(set(conf, "client.id", config->client_id));
    TRY(set_tls(conf, &config->tls));
    TRY(set_all(conf, common_settings, ARRAY_LEN(common_settings)));
    return set_all(conf, settings, count);
}

static char *copy(const char *text)
{
    return text ? mem_strdup(text) : NULL;
}

struct mq_config mq_config_copy(const struct mq_config *config)
{
    return (struct mq_config){
        .brokers = copy(config->brokers),
        .client_id = copy(config->client_id),
        .tls = {.ca = copy(config->tls.ca),
                .certificate = copy(config->tls.certificate),
                .key = copy(config->tls.key)},
    };
}

void mq_config_clear(struct mq_config *config)
{
    const char *texts[] = {config->brokers, config->client_id, config->tls.ca,
                           config->tls.certificate, config->tls.key};

    if (config->tls.key)
        explicit_bzero((void *)(uintptr_t)config->tls.key, strlen(config->tls.key));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        mem_free((void *)(uintptr_t)texts[i]);
    *config = (struct mq_config){0};
}

static struct status no_client(const char *why)
{
    if (rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_CONFIG", "kafka: %s", why);
    return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no kafka client: %s", why);
}

struct status mq_client_new(rd_kafka_type_t type, const struct mq_config *config,
                            const struct mq_setting *settings, size_t setting_count, int events,
                            rd_kafka_t **ret)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[128];

    const struct status st = configure(conf, config, settings, setting_count);
    if (!status_ok(&st)) {
        rd_kafka_conf_destroy(conf);
        return st;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_events(conf, events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);

    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return no_client(why);
    }
    *ret = rk;
    return STATUS_OK;
}

void mq_queue_ring(rd_kafka_queue_t *queue, struct loop_wakeup *wakeup)
{
    const uint64_t one = 1; /* what an eventfd takes */

    rd_kafka_queue_io_event_enable(queue, wakeup ? loop_wakeup_fd(wakeup) : -1, &one, sizeof one);
    if (wakeup) /* librdkafka does not, for what is in the queue already */
        loop_wakeup_ring(wakeup);
}

void mq_client_fetch_again(rd_kafka_t *rk)
{
    rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(rk, "none", "none"));
}

/* Single connections come and go; the same complaint is not repeated for a minute. */
static enum log_level level_of(struct mq_presence *presence, rd_kafka_resp_err_t error)
{
    const int64_t now_us = clock_mono_us();
    const int64_t again_us = presence->last_error_us + SAME_ERROR_AGAIN_S * CLOCK_US_PER_S;

    if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__RESOLVE ||
        (error == presence->last_error && now_us < again_us))
        return LOG_DEBUG;
    presence->last_error = error;
    presence->last_error_us = now_us;
    return error == RD_KAFKA_RESP_ERR__FATAL ? LOG_ERROR : LOG_WARN;
}

void mq_presence_error(struct mq_presence *presence, rd_kafka_event_t *event)
{
    const rd_kafka_resp_err_t error = rd_kafka_event_error(event);

    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (!presence->is_away)
            log_warn("kafka is away", LOG_STR("client", presence->client),
                     LOG_STR("detail", rd_kafka_event_error_string(event)));
        presence->is_away = true;
        return;
    }
    log_at(level_of(presence, error), "kafka complains", LOG_STR("client", presence->client),
           LOG_STR("error", rd_kafka_err2name(error)),
           LOG_STR("detail", rd_kafka_event_error_string(event)));
}

void mq_presence_seen(struct mq_presence *presence)
{
    if (!presence->is_away)
        return;
    presence->is_away = false;
    log_info("kafka is back", LOG_STR("client", presence->client));
}

struct mq_burial {
    struct mq_burial *next;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_over;
    rd_kafka_t *rk;
    struct loop_wakeup *ring;
};

static void *bury(void *arg)
{
    struct mq_burial *burial = arg;

    rd_kafka_destroy_flags(burial->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    atomic_store(&burial->is_over, true);
    if (burial->ring)
        loop_wakeup_ring(burial->ring);
    return NULL;
}

static void end_first(struct mq_burials *burials)
{
    struct mq_burial *burial = burials->first;

    burials->first = burial->next;
    if (burial->has_thread)
        pthread_join(burial->thread, NULL);
    mem_free(burial);
}

void mq_bury(struct mq_burials *burials, rd_kafka_t *rk, struct loop_wakeup *ring)
{
    struct mq_burial *burial = mem_new(struct mq_burial);
    sigset_t all, before;

    while (burials->first && atomic_load(&burials->first->is_over))
        end_first(burials);
    *burial = (struct mq_burial){.next = burials->first, .rk = rk, .ring = ring};
    burials->first = burial;

    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    burial->has_thread = pthread_create(&burial->thread, NULL, bury, burial) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!burial->has_thread)
        bury(burial);
}

static bool are_over(const struct mq_burials *burials)
{
    for (const struct mq_burial *burial = burials->first; burial; burial = burial->next)
        if (!atomic_load(&burial->is_over))
            return false;
    return true;
}

bool mq_burials_await(const struct mq_burials *burials)
{
    AUTO(task_shield_end)
    struct task_shield shield = task_shield_in_us(END_WAIT_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;

    while (!are_over(burials) && status_ok(&st))
        st = task_park("kafka threads");
    return are_over(burials);
}

void mq_burials_end(struct mq_burials *burials)
{
    while (burials->first)
        end_first(burials);
}
