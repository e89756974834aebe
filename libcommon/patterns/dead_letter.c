#include "patterns/dead_letter.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "patterns/inbox.h"

#define PREFIX "dlq_"

enum { TOPIC_SHOWN = 30 };

/* name NUL value NUL name NUL ... */
struct dead_letter_headers dead_letter_pack(const struct mq_message *message, struct arena *arena)
{
    size_t size = 0;

    for (size_t i = 0; i < message->header_count; i++)
        size += strlen(message->headers[i].name) + strlen(message->headers[i].value) + 2;
    char *at = arena_alloc(arena, size + 1), *end = at;
    for (size_t i = 0; i < message->header_count; i++) {
        if (str_starts_with(message->headers[i].name, PREFIX))
            continue;
        end = stpcpy(end, message->headers[i].name) + 1;
        end = stpcpy(end, message->headers[i].value) + 1;
    }
    return (struct dead_letter_headers){.at = at, .size = (size_t)(end - at)};
}

void dead_letter_unpack(struct dead_letter_headers headers, struct arena *arena,
                        struct mq_message *to)
{
    const char *at = arena_dup(arena, headers.at, headers.size);
    const char *end = at + headers.size;

    to->header_count = 0;
    while (at < end && to->header_count < MQ_HEADERS_MAX) {
        struct mq_header *header = &to->headers[to->header_count++];
        header->name = at;
        header->value = header->name + strlen(header->name) + 1;
        at = header->value + strlen(header->value) + 1;
    }
}

void dead_letter_write(const struct mq_message *from, const char *consumer,
                       const struct dead_letter_reason *reason, struct arena *arena,
                       struct mq_message *ret)
{
    const char *source, *id;

    dead_letter_identity(from, arena, &source, &id);
    const struct mq_header own[] = {
        {PREFIX "consumer", consumer},
        {PREFIX "topic", from->topic},
        {PREFIX "partition", arena_printf(arena, "%" PRId32, from->partition)},
        {PREFIX "offset", arena_printf(arena, "%" PRId64, from->offset)},
        {PREFIX "source", source},
        {PREFIX "id", id},
        {PREFIX "cause", reason->cause},
        {PREFIX "detail", reason->detail},
        {PREFIX "tries", arena_printf(arena, "%u", reason->tries)},
    };

    *ret = *from;
    ret->topic = arena_printf(arena, "%s.dlq", from->topic);
    if (ret->header_count > MQ_HEADERS_MAX - ARRAY_LEN(own))
        ret->header_count = MQ_HEADERS_MAX - ARRAY_LEN(own);
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        ret->headers[ret->header_count++] = own[i];
}

static const char *fitting(const struct mq_message *message, const char *name)
{
    const char *value = mq_header(message, name);
    return value && *value && strlen(value) <= INBOX_ID_MAX ? value : NULL;
}

static bool read_identity(const struct mq_message *message, const char *source_name,
                          const char *id_name, const char **ret_source, const char **ret_id)
{
    *ret_source = fitting(message, source_name);
    *ret_id = fitting(message, id_name);
    return *ret_source && *ret_id;
}

void dead_letter_identity(const struct mq_message *message, struct arena *arena,
                          const char **ret_source, const char **ret_id)
{
    if (read_identity(message, PREFIX "source", PREFIX "id", ret_source, ret_id) ||
        read_identity(message, "ce_source", "ce_id", ret_source, ret_id))
        return;
    *ret_source = "kafka";
    *ret_id = arena_printf(arena, "%" PRId64 "/%" PRId32 "/%.*s", message->offset,
                           message->partition, TOPIC_SHOWN, message->topic);
}

enum dead_letter_order dead_letter_order(const struct mq_message *message, const char *consumer)
{
    const char *of = mq_header(message, PREFIX "consumer");
    const char *order = mq_header(message, PREFIX "order");

    if (!of)
        return DEAD_LETTER_NO;
    if (strcmp(of, consumer) != 0 || !order)
        return DEAD_LETTER_FOREIGN;
    return strcmp(order, "discard") == 0 ? DEAD_LETTER_DISCARD : DEAD_LETTER_REDRIVE;
}
