#pragma once

/*
 * rate_table: a token bucket for each of many keys, in constant memory (64 KiB). Pure.
 *
 * A key has a few places where it may be. A new one takes the place of the bucket that is full, or
 * will be full soonest: to forget a full bucket loses nothing, and who has spent most is remembered
 * longest. A key that is forgotten begins with a full bucket: what a crowd of keys can do is let
 * somebody have more than his rate, never less.
 *
 * Keys are hashes with a secret seed, or the like: who can choose keys that share a place could
 * make the table forget.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/token_bucket.h"

enum { RATE_TABLE_SETS = 1024, RATE_TABLE_WAYS = 4 };

struct rate_entry {
    uint64_t key;
    struct token_bucket bucket;
};

struct rate_table {
    struct token_rate rate; /* of every key */
    struct rate_entry sets[RATE_TABLE_SETS][RATE_TABLE_WAYS];
};

/* Every bucket is full. */
void rate_table_init(struct rate_table *table, struct token_rate rate);

/* As token_bucket_take, from the key's bucket. */
MUST_USE bool rate_table_take(struct rate_table *table, uint64_t key, int64_t now_us,
                              int64_t *ret_wait_us);
