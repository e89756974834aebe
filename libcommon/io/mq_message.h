#pragma once

/*
 * mq_message: a message as librdkafka has it, and as we do. Internal to mq.
 */

#include <librdkafka/rdkafka.h>

#include "io/mq.h"

/* `ret` points into `from`. */
void mq_message_read(const rd_kafka_message_t *from, struct mq_message *ret);

/* What MQ_MESSAGE_MAX bounds. */
size_t mq_message_size(const struct mq_message *message);

/* A copy: rd_kafka_headers_destroy, or given to librdkafka with the message. */
rd_kafka_headers_t *mq_message_headers(const struct mq_message *message);
