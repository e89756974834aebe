#pragma once

/*
 * dead_letter: an event that a consumer gave up, as it stands in `<topic>.dlq`: key, value and
 * headers as they came, and beside them
 *
 *     dlq_consumer, dlq_topic, dlq_partition, dlq_offset    whose it is, where it came from
 *     dlq_source, dlq_id                                    its name in the consumer's inbox
 *     dlq_cause, dlq_detail, dlq_tries                      why, and after how many tries
 *
 * Put back on its topic with `dlq_order: redrive` (tools/stack redrive) it is tried again, with `discard`
 * it is done with; the other consumers of the topic pass it over. Private to consumer. Pure.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "io/mq.h"

/* The headers of a message in one piece; those of dead letters are left out. */
struct dead_letter_headers {
    const void *at;
    size_t size;
};

MUST_USE struct dead_letter_headers dead_letter_pack(const struct mq_message *message,
                                                     struct arena *arena);
void dead_letter_unpack(struct dead_letter_headers headers, struct arena *arena,
                        struct mq_message *to);

struct dead_letter_reason {
    const char *cause;
    const char *detail;
    unsigned tries;
};

void dead_letter_write(const struct mq_message *from, const char *consumer,
                       const struct dead_letter_reason *reason, struct arena *arena,
                       struct mq_message *ret);

/*
 * What names an event in inbox and parking place: ce_source and ce_id, or where it stood when it
 * has none that fit.
 */
void dead_letter_identity(const struct mq_message *message, struct arena *arena,
                          const char **ret_source, const char **ret_id);

enum dead_letter_order {
    DEAD_LETTER_NO,      /* an event like others */
    DEAD_LETTER_FOREIGN, /* another consumer's */
    DEAD_LETTER_REDRIVE,
    DEAD_LETTER_DISCARD,
};

MUST_USE enum dead_letter_order dead_letter_order(const struct mq_message *message,
                                                  const char *consumer);
