#include "io/mq_message.h"

#include <string.h>

const char *mq_header(const struct mq_message *message, const char *name)
{
    for (size_t i = message->header_count; i > 0; i--)
        if (strcmp(message->headers[i - 1].name, name) == 0)
            return message->headers[i - 1].value;
    return NULL;
}

static void read_headers(const rd_kafka_message_t *from, struct mq_message *to)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(from, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    while (to->header_count < MQ_HEADERS_MAX) {
        struct mq_header *header = &to->headers[to->header_count];
        if (rd_kafka_header_get_all(headers, to->header_count, &header->name, &value, &size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
            return;
        header->value = value ? value : ""; /* librdkafka puts a NUL after it */
        to->header_count++;
    }
}

void mq_message_read(const rd_kafka_message_t *from, struct mq_message *ret)
{
    *ret = (struct mq_message){
        .topic = rd_kafka_topic_name(from->rkt),
        .key = from->key,
        .key_size = from->key_len,
        .value = from->payload,
        .value_size = from->len,
        .partition = from->partition,
        .offset = from->offset,
    };
    read_headers(from, ret);
}

size_t mq_message_size(const struct mq_message *message)
{
    size_t size = message->key_size + message->value_size;

    for (size_t i = 0; i < message->header_count; i++)
        size += strlen(message->headers[i].name) + strlen(message->headers[i].value);
    return size;
}

rd_kafka_headers_t *mq_message_headers(const struct mq_message *message)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);

    for (size_t i = 0; i < message->header_count; i++)
        rd_kafka_header_add(headers, message->headers[i].name, -1, message->headers[i].value, -1);
    return headers;
}
