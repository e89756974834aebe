#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/mq.h"
#include "io/mq_client.h"
#include "io/mq_message.h"
#include "io/mq_stats.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/loop.h"
#include "run/task.h"

struct topic {
    struct topic *next;
    char *name;
    rd_kafka_topic_t *handle;
    size_t unacknowledged;
    struct metric *produced;
    struct metric *failed;
};

/*
 * An instance of librdkafka serves as long as every message it got was acknowledged. With the first
 * one that was not it is thrown away, with all it still holds: so nothing of a key can come through
 * after a gap, and late reports have nobody to find. The next call makes another.
 */
struct mq_producer {
    struct loop *loop;
    struct mq_config config;
    struct mq_presence presence;
    struct mq_burials burials;

    rd_kafka_t *rk; /* NULL: none */
    rd_kafka_queue_t *reports;
    struct loop_wakeup *wakeup;
    struct topic *topics;

    struct task *sender; /* in mq_produce, or mq_producer_stop */
    size_t unacknowledged;
    rd_kafka_resp_err_t error; /* the first */
};

/*
 * The queue is small: a large batch waits for its own acknowledgements. Messages never time out by
 * themselves, because librdkafka would go on with the next one of the key.
 */
static const struct mq_setting settings[] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    /*
     * A partition that knows nothing of this producer takes any sequence number for its first. With
     * several requests on their way the second one is taken where the first was refused (a leader
     * that was just made), and the first, sent again, then counts as a duplicate: acknowledged, lost.
     */
    {"max.in.flight.requests.per.connection", "1"},
    {"enable.gapless.guarantee", "true"},
    {"partitioner", "murmur2_random"}, /* as Kafka's own clients */
    {"linger.ms", "0"},
    {"compression.codec", "lz4"},
    {"queue.buffering.max.messages", "4096"},
    {"queue.buffering.max.kbytes", "16384"},
    {"request.timeout.ms", "10000"},
    {"message.timeout.ms", "300000"},
    {"topic.metadata.propagation.max.ms", "3000"}, /* a topic that was made just now */
};

static struct metric *topic_metric(const char *topic, const char *result)
{
    struct metric_family *family =
        metric_family(METRIC_COUNTER, "souk_mq_produced_total", "topic,result",
                      "Messages that Kafka acknowledged, or that were given up.");
    return metric_series(family, topic, result);
}

static struct topic *topic_add(struct mq_producer *producer, const char *name)
{
    struct topic *topic = mem_new(struct topic);

    topic->name = mem_strdup(name);
    topic->handle = rd_kafka_topic_new(producer->rk, name, NULL);
    BUG_ON(!topic->handle); /* no name for a topic */
    topic->produced = topic_metric(name, "ok");
    topic->failed = topic_metric(name, "failed");
    topic->next = producer->topics;
    producer->topics = topic;
    return topic;
}

static struct topic *topic_of_name(struct mq_producer *producer, const char *name)
{
    struct topic *topic = producer->topics;

    while (topic && strcmp(topic->name, name) != 0)
        topic = topic->next;
    return topic ? topic : topic_add(producer, name);
}

static struct topic *topic_of_handle(struct mq_producer *producer, const rd_kafka_topic_t *handle)
{
    struct topic *topic = producer->topics;

    while (topic && topic->handle != handle)
        topic = topic->next;
    BUG_ON(!topic);
    return topic;
}

static void topics_free(struct mq_producer *producer)
{
    while (producer->topics) {
        struct topic *topic = producer->topics;
        producer->topics = topic->next;
        metric_add(topic->failed, (double)topic->unacknowledged);
        rd_kafka_topic_destroy(topic->handle);
        mem_free(topic->name);
        mem_free(topic);
    }
}

static void take_report(struct mq_producer *producer, const rd_kafka_message_t *report)
{
    struct topic *topic = topic_of_handle(producer, report->rkt);

    if (report->err) {
        if (!producer->error)
            producer->error = report->err;
        return;
    }
    topic->unacknowledged--;
    producer->unacknowledged--;
    metric_add(topic->produced, 1);
    mq_presence_seen(&producer->presence);
}

static void take_event(struct mq_producer *producer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *report;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        while ((report = rd_kafka_event_message_next(event)))
            take_report(producer, report);
        break;
    case RD_KAFKA_EVENT_ERROR: mq_presence_error(&producer->presence, event); break;
    case RD_KAFKA_EVENT_STATS: mq_stats_take("producer", event); break;
    default: break;
    }
    rd_kafka_event_destroy(event);
}

static void on_ring(void *arg)
{
    struct mq_producer *producer = arg;
    rd_kafka_event_t *event;

    while (producer->reports && (event = rd_kafka_queue_poll(producer->reports, 0)))
        take_event(producer, event);
    if (producer->sender)
        task_wake(producer->sender);
}

static struct status instance_start(struct mq_producer *producer)
{
    TRY(mq_client_new(RD_KAFKA_PRODUCER, &producer->config, settings, ARRAY_LEN(settings),
                      RD_KAFKA_EVENT_DR, &producer->rk));
    producer->reports = rd_kafka_queue_get_main(producer->rk);
    mq_queue_ring(producer->reports, producer->wakeup);
    return STATUS_OK;
}

static void instance_end(struct mq_producer *producer)
{
    if (!producer->rk)
        return;
    topics_free(producer);
    mq_queue_ring(producer->reports, NULL);
    rd_kafka_queue_destroy(producer->reports);
    mq_bury(&producer->burials, producer->rk, producer->wakeup);
    producer->reports = NULL;
    producer->rk = NULL;
    producer->unacknowledged = 0;
    producer->error = RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void producer_free(struct mq_producer *producer)
{
    mq_burials_end(&producer->burials);
    loop_wakeup_free(producer->wakeup);
    mq_config_clear(&producer->config);
    mem_free(producer);
}

struct status mq_producer_new(struct loop *loop, const struct mq_config *config,
                              struct mq_producer **ret)
{
    struct mq_producer *producer = mem_new(struct mq_producer);

    producer->loop = loop;
    producer->config = mq_config_copy(config);
    producer->presence.client = producer->config.client_id;
    struct status st = loop_wakeup_new(loop, on_ring, producer, &producer->wakeup);
    if (status_ok(&st))
        st = instance_start(producer);
    if (!status_ok(&st)) {
        producer_free(producer);
        return st;
    }
    *ret = producer;
    return STATUS_OK;
}

void mq_producer_stop(struct mq_producer *producer)
{
    if (!producer)
        return;
    BUG_ON(producer->sender);
    instance_end(producer);
    producer->sender = task_self();
    const bool is_over = mq_burials_await(&producer->burials);
    producer->sender = NULL;
    if (!is_over) {
        log_error("kafka client does not end", LOG_STR("client", producer->config.client_id));
        mem_abandon(producer); /* its threads still ring */
        return;
    }
    producer_free(producer);
}

static rd_kafka_resp_err_t hand_over(struct mq_producer *producer, const struct topic *topic,
                                     const struct mq_message *message)
{
    rd_kafka_headers_t *headers = message->header_count ? mq_message_headers(message) : NULL;
    const rd_kafka_vu_t values[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic->handle},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = (void *)message->key, .size = message->key_size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)message->value, .size = message->value_size}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers}, /* last, for there may be none */
    };

    rd_kafka_error_t *error =
        rd_kafka_produceva(producer->rk, values, ARRAY_LEN(values) - !headers);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers) /* librdkafka owns them only where it took the message */
        rd_kafka_headers_destroy(headers);
    return code;
}

/* Waits until a message is acknowledged, or one failed. */
static struct status await_reports(struct mq_producer *producer)
{
    const size_t before = producer->unacknowledged;

    while (!producer->error && producer->unacknowledged == before)
        TRY(task_park("kafka acknowledgement"));
    return STATUS_OK;
}

static struct status send_one(struct mq_producer *producer, const struct mq_message *message)
{
    struct topic *topic = topic_of_name(producer, message->topic);

    while (!producer->error) {
        const rd_kafka_resp_err_t error = hand_over(producer, topic, message);
        if (!error) {
            topic->unacknowledged++;
            producer->unacknowledged++;
            return STATUS_OK;
        }
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            producer->error = error;
        else
            TRY(await_reports(producer));
    }
    return STATUS_OK;
}

static struct status error_status(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return STATUS_OK;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return status_error(CODE_INVALID_ARGUMENT, "MESSAGE_TOO_LARGE", "kafka: %s",
                            rd_kafka_err2str(error));
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: /* no name for one */
        return status_error(CODE_NOT_FOUND, "UNKNOWN_TOPIC", "kafka: %s", rd_kafka_err2str(error));
    default:
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "kafka: %s",
                            rd_kafka_err2str(error));
    }
}

static struct status send_all(struct mq_producer *producer, const struct mq_message *messages,
                              size_t count)
{
    for (size_t i = 0; i < count && !producer->error; i++)
        TRY(send_one(producer, &messages[i]));
    while (producer->unacknowledged && !producer->error)
        TRY(await_reports(producer));
    return error_status(producer->error);
}

/* Our own limit is Kafka's fault, the task's deadline is not. */
static struct status send_in_time(struct mq_producer *producer, const struct mq_message *messages,
                                  size_t count)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(MQ_PRODUCE_TIMEOUT_MS * CLOCK_US_PER_MS);

    struct status st = send_all(producer, messages, count);
    if (st.code == CODE_DEADLINE_EXCEEDED && limit.outer_us > clock_mono_us())
        st = status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                          "kafka did not acknowledge within %d ms", MQ_PRODUCE_TIMEOUT_MS);
    return st;
}

static struct status check_sizes(const struct mq_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mq_message_size(&messages[i]) > MQ_MESSAGE_MAX)
            return status_error(CODE_INVALID_ARGUMENT, "MESSAGE_TOO_LARGE",
                                "message of %zu bytes for %s, %d are allowed",
                                mq_message_size(&messages[i]), messages[i].topic, MQ_MESSAGE_MAX);
    return STATUS_OK;
}

struct status mq_produce(struct mq_producer *producer, const struct mq_message *messages,
                         size_t count)
{
    BUG_ON(producer->sender);
    TRY(task_check());
    TRY(check_sizes(messages, count));
    if (producer->rk && rd_kafka_fatal_error(producer->rk, NULL, 0))
        instance_end(producer);
    if (!producer->rk)
        TRY(instance_start(producer));

    producer->sender = task_self();
    const struct status st = send_in_time(producer, messages, count);
    producer->sender = NULL;
    if (!status_ok(&st))
        instance_end(producer);
    return st;
}
