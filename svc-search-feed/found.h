#pragma once

/*
 * found: what the engine found, read from its answer. Pure.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"
#include "highlight.h"
#include "query.h"

struct hit {
    int64_t item_id;
    int64_t category_id;
    int64_t shop_id;
    const char *title;
    const char *brand;
    const char *media_url;
    bool is_priced;
    struct money price_from;
    bool in_stock;
    bool is_withheld; /* called sold out by its seller, or by the shelf: whatever stock there is */
    double score;     /* 0 unless sorted by it */
    const int64_t *sku_ids;
    size_t sku_count;
    struct query_key key;
    struct text_parts title_parts; /* where the query asks for them */
    struct text_parts brand_parts;
};

struct bucket {
    int64_t value;
    int64_t count;
};

struct facet {
    const char *name;
    struct bucket *buckets;
    size_t count;
};

enum { FOUND_FACETS = 2 };

struct found {
    struct hit *hits;
    size_t count;
    bool has_more; /* pages behind this one */
    int64_t total;
    const char *did_you_mean; /* NULL: nothing better is known */
    struct facet facets[FOUND_FACETS];
};

/* Everything is in the arena. INTERNAL for an answer that is none to `query`. */
MUST_USE struct status found_read(const json_t *answer, const struct query *query,
                                  struct arena *arena, struct found *ret);
