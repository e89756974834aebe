#include "base/rate_table.h"

void rate_table_init(struct rate_table *table, struct token_rate rate)
{
    *table = (struct rate_table){.rate = rate};
}

/* The key's own, or the one that is missed least. */
static struct rate_entry *entry_of(struct rate_table *table, uint64_t key)
{
    struct rate_entry *set = table->sets[key % RATE_TABLE_SETS];
    struct rate_entry *fullest = &set[0];

    for (int way = 0; way < RATE_TABLE_WAYS; way++) {
        if (set[way].key == key)
            return &set[way];
        if (set[way].bucket.full_at_ns < fullest->bucket.full_at_ns)
            fullest = &set[way];
    }
    *fullest = (struct rate_entry){.key = key};
    return fullest;
}

bool rate_table_take(struct rate_table *table, uint64_t key, int64_t now_us, int64_t *ret_wait_us)
{
    return token_bucket_take(&entry_of(table, key)->bucket, &table->rate, now_us, ret_wait_us);
}
