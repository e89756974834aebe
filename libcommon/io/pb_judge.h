#pragma once

/*
 * pb_judge: may a field hold this value? The half of pb_check that knows limits and what to tell
 * people; the other half knows bytes. Only pb_check uses it.
 *
 * Every violation is counted, the first PB_CHECK_VIOLATIONS_MAX are put into words.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "io/pb_check.h"
#include "io/pb_wire.h"

/* Where a message is: `via` of the outer message, which has none when it is the request itself. */
struct pb_place {
    const struct pb_place *outer;
    const struct pb_field_rule *via;
    uint32_t index; /* in via, when that is a list */
};

/* For `index`: the field itself, be it a list or not. */
#define PB_WHOLE_FIELD UINT32_MAX

struct pb_judge {
    struct arena *arena;
    struct pb_violations *ret;
};

/* `number` has the bits of a uint64 where the field is one. */
void pb_judge_number(struct pb_judge *judge, const struct pb_place *place,
                     const struct pb_field_rule *field, uint32_t index, int64_t number);

/* Strings, valid ones, and bytes. */
void pb_judge_text(struct pb_judge *judge, const struct pb_place *place,
                   const struct pb_field_rule *field, uint32_t index, struct pb_span text);

/* A list by its length. */
void pb_judge_count(struct pb_judge *judge, const struct pb_place *place,
                    const struct pb_field_rule *field, uint32_t count);

void pb_judge_missing(struct pb_judge *judge, const struct pb_place *place,
                      const struct pb_field_rule *field);

/* Takes the place of all violations: bytes that are no message have no fields. `field` NULL is the
 * message itself. */
void pb_judge_malformed(struct pb_judge *judge, const struct pb_place *place,
                        const struct pb_field_rule *field, uint32_t index, const char *why);
