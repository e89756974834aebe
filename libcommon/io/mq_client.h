#pragma once

/*
 * mq_client: what producer and consumer have in common. How an instance of librdkafka is set up,
 * rings the loop, logs, says that the brokers are away, and goes. Internal to mq.
 */

#include <librdkafka/rdkafka.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/mq.h"

struct loop_wakeup;

struct mq_setting {
    const char *name;
    const char *value;
};

/* A copy that owns its texts, and its end. */
MUST_USE struct mq_config mq_config_copy(const struct mq_config *config);
void mq_config_clear(struct mq_config *config);

/* INVALID_ARGUMENT INVALID_CONFIG where librdkafka refuses what `config` says. */
MUST_USE struct status mq_client_new(rd_kafka_type_t type, const struct mq_config *config,
                                     const struct mq_setting *settings, size_t setting_count,
                                     int events, rd_kafka_t **ret);

/*
 * Rings `wakeup` now, for what is there already, and whenever something comes into the queue after
 * it was seen empty. NULL: no more.
 */
void mq_queue_ring(rd_kafka_queue_t *queue, struct loop_wakeup *wakeup);

/*
 * Fetches at once where a queue was too full a moment ago. By itself librdkafka 2.0.2 looks again
 * only after a second, which would hold a busy partition at one queue a second. Its one public call
 * that wakes the threads of all brokers is the one for new SASL credentials; without SASL they mean
 * nothing, with it they would have to be the real ones.
 */
void mq_client_fetch_again(rd_kafka_t *rk);

/* Are the brokers there? Said once when it changes. */
struct mq_presence {
    const char *client;
    bool is_away;
    rd_kafka_resp_err_t last_error;
    int64_t last_error_us;
};

void mq_presence_error(struct mq_presence *presence, rd_kafka_event_t *event);
/* Something came from a broker. */
void mq_presence_seen(struct mq_presence *presence);

/*
 * Destroys instances in threads of their own: librdkafka waits there until its own threads have
 * ended, and the loop must not.
 */
struct mq_burials {
    struct mq_burial *first;
};

/* No queue, topic or message of the instance may be held. `ring`, if any, rings when it is over. */
void mq_bury(struct mq_burials *burials, rd_kafka_t *rk, struct loop_wakeup *ring);
/*
 * Waits until they are over, ten seconds at the most, whatever interrupts the task. True: they are.
 * Whoever hears `ring` wakes the task.
 */
MUST_USE SUSPENDS bool mq_burials_await(const struct mq_burials *burials);
/* Blocks until they are. */
void mq_burials_end(struct mq_burials *burials);
