#pragma once

/*
 * query: what somebody looks for, and how that reads in the engine's language.
 *
 * Chinese and English texts are tried both ways (index_schema.h): all words of the query have to be
 * found, in whichever of title, brand, attributes and description, and titles that have them side
 * by side go first. Of what fits about equally well, what can be had goes first. Pages go on behind
 * the key of the last hit.
 *
 * Pure. Source: 000 (search path: recall and coarse rank in one request).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

/* Which ranking made the order: a change of it is a new word. */
#define QUERY_RANK_VERSION "text-2"

enum query_sort { QUERY_RELEVANCE, QUERY_NEWEST, QUERY_PRICE_ASC, QUERY_PRICE_DESC };

enum { QUERY_TOTAL_MAX = 10000, QUERY_KEY_SIZE = 2 };

/* What the hits of a page are sorted by: a score, a time or a price, then the item's id. */
struct query_key {
    double score;  /* by relevance */
    int64_t value; /* by anything else */
    int64_t item_id;
};

struct query {
    const char *text; /* "": everything (query_is_blank) */
    const int64_t *category_ids;
    size_t category_count;
    int64_t price_min;
    int64_t price_max;    /* 0: no limit */
    const char *currency; /* "": any */
    bool in_stock_only;
    bool highlight;
    enum query_sort sort;
    size_t page_size;
    bool is_continued; /* behind `after` */
    struct query_key after;
};

/* Nothing but blanks, those of Chinese keyboards included: nobody looks for them. */
MUST_USE bool query_is_blank(const char *text);

/* INVALID_ARGUMENT PRICE_RANGE_INVALID. */
MUST_USE struct status query_check(const struct query *query);

/* Asks for one hit more than the page has: is there a next page? The caller's. */
MUST_USE json_t *query_body(const struct query *query);

/* Does it find anything? The caller's. */
MUST_USE json_t *query_count_body(const struct query *query);

/* What is looked for of the text: its beginning, in bytes. */
size_t query_sought_size(const char *text);

/* Around what was found, in the engine's highlights: U+E000, U+E001. It trims control characters. */
#define QUERY_MARK_OPEN  "\xee\x80\x80"
#define QUERY_MARK_CLOSE "\xee\x80\x81"

/* Between a key and what a page token carries. False for numbers that are no key. */
void query_key_to_numbers(const struct query_key *key, enum query_sort sort,
                          int64_t ret[QUERY_KEY_SIZE]);
MUST_USE bool query_key_from_numbers(const int64_t numbers[QUERY_KEY_SIZE], enum query_sort sort,
                                     struct query_key *ret);
