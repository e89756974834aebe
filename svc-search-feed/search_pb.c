#include "search_pb.h"

#include "io/pb_time.h"
#include "patterns/page_token.h"
#include "price_pb.h"

enum { PAGE_SIZE_DEFAULT = 50 };

static enum query_sort sort_from_pb(const SearchRequest *in, const char *text)
{
    switch (in->sort) {
    case SEARCH_SORT_RELEVANCE: return QUERY_RELEVANCE;
    case SEARCH_SORT_NEWEST: return QUERY_NEWEST;
    case SEARCH_SORT_PRICE_ASC: return QUERY_PRICE_ASC;
    case SEARCH_SORT_PRICE_DESC: return QUERY_PRICE_DESC;
    default: return *text ? QUERY_RELEVANCE : QUERY_NEWEST;
    }
}

static uint64_t digest_of(const SearchRequest *in, struct arena *arena)
{
    SearchRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

static struct status read_token(const SearchRequest *in, uint64_t digest, struct query *query)
{
    int64_t numbers[QUERY_KEY_SIZE];

    if (!*in->page_token)
        return STATUS_OK;
    TRY(page_token_read(in->page_token, digest, numbers, QUERY_KEY_SIZE));
    if (!query_key_from_numbers(numbers, query->sort, &query->after))
        return status_error(CODE_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", "no page token of ours");
    query->is_continued = true;
    return STATUS_OK;
}

struct status query_from_pb(const SearchRequest *in, struct arena *arena, struct query *ret,
                            uint64_t *ret_digest)
{
    const uint64_t digest = digest_of(in, arena);
    const char *text = query_is_blank(in->query) ? "" : in->query;
    struct query query = {
        .text = text,
        .category_ids = in->category_ids,
        .category_count = in->n_category_ids,
        .price_min = in->price_min,
        .price_max = in->price_max,
        .currency = in->currency,
        .in_stock_only = in->in_stock_only,
        .highlight = in->highlight,
        .sort = sort_from_pb(in, text),
        .page_size = in->page_size ? (size_t)in->page_size : PAGE_SIZE_DEFAULT,
    };

    TRY(query_check(&query));
    TRY(read_token(in, digest, &query));
    *ret = query;
    *ret_digest = digest;
    return STATUS_OK;
}

static ReindexStatus status_to_pb(const struct reindex *reindex)
{
    if (reindex->given_up)
        return REINDEX_STATUS_GIVEN_UP;
    return reindex->is_running ? REINDEX_STATUS_RUNNING : REINDEX_STATUS_DONE;
}

Reindexing *reindex_to_pb(const struct reindex *reindex, struct arena *arena)
{
    Reindexing *message = arena_new_of(arena, Reindexing);

    reindexing_init(message);
    message->reindex_id = reindex->reindex_id;
    message->status = status_to_pb(reindex);
    message->index = (char *)(uintptr_t)reindex->index;
    message->items = reindex->items;
    message->start_time = pb_timestamp(reindex->started_us, arena);
    message->end_time = pb_timestamp(reindex->ended_us, arena);
    return message;
}

static TextPart **parts_to_pb(const struct text_parts *parts, struct arena *arena,
                              size_t *ret_count)
{
    TextPart **messages = arena_array_of(arena, TextPart *, parts->count);

    for (size_t i = 0; i < parts->count; i++) {
        messages[i] = arena_new_of(arena, TextPart);
        text_part_init(messages[i]);
        messages[i]->text = (char *)(uintptr_t)parts->list[i].text;
        messages[i]->is_match = parts->list[i].is_match;
    }
    *ret_count = parts->count;
    return messages;
}

static SearchHit *hit_to_pb(const struct hit *hit, struct arena *arena)
{
    SearchHit *message = arena_new_of(arena, SearchHit);

    search_hit_init(message);
    message->item_id = hit->item_id;
    message->category_id = hit->category_id;
    message->title = (char *)(uintptr_t)hit->title;
    message->brand = (char *)(uintptr_t)hit->brand;
    message->shop_id = hit->shop_id;
    message->media_url = (char *)(uintptr_t)hit->media_url;
    if (hit->is_priced)
        message->price_from = money_to_pb(&hit->price_from, arena);
    message->in_stock = hit->in_stock;
    message->score = hit->score;
    message->title_parts = parts_to_pb(&hit->title_parts, arena, &message->n_title_parts);
    message->brand_parts = parts_to_pb(&hit->brand_parts, arena, &message->n_brand_parts);
    return message;
}

static Facet *facet_to_pb(const struct facet *facet, struct arena *arena)
{
    Facet *message = arena_new_of(arena, Facet);

    facet_init(message);
    message->name = (char *)(uintptr_t)facet->name;
    message->buckets = arena_array_of(arena, FacetBucket *, facet->count);
    message->n_buckets = facet->count;
    for (size_t i = 0; i < facet->count; i++) {
        FacetBucket *bucket = arena_new_of(arena, FacetBucket);
        facet_bucket_init(bucket);
        bucket->value = facet->buckets[i].value;
        bucket->count = facet->buckets[i].count;
        message->buckets[i] = bucket;
    }
    return message;
}

static char *next_token(const struct found *found, const struct query *query, uint64_t digest,
                        struct arena *arena)
{
    int64_t numbers[QUERY_KEY_SIZE];

    query_key_to_numbers(&found->hits[found->count - 1].key, query->sort, numbers);
    return page_token_make(digest, numbers, QUERY_KEY_SIZE, arena);
}

void found_to_pb(const struct found *found, const struct query *query, uint64_t digest,
                 struct arena *arena, SearchResponse *ret)
{
    ret->hits = arena_array_of(arena, SearchHit *, found->count);
    ret->n_hits = found->count;
    for (size_t i = 0; i < found->count; i++)
        ret->hits[i] = hit_to_pb(&found->hits[i], arena);
    ret->total = found->total;
    if (found->did_you_mean)
        ret->did_you_mean = (char *)(uintptr_t)found->did_you_mean;
    ret->facets = arena_array_of(arena, Facet *, FOUND_FACETS);
    ret->n_facets = FOUND_FACETS;
    for (size_t i = 0; i < FOUND_FACETS; i++)
        ret->facets[i] = facet_to_pb(&found->facets[i], arena);
    ret->rank_version = (char *)(uintptr_t)QUERY_RANK_VERSION;
    if (found->has_more)
        ret->next_page_token = next_token(found, query, digest, arena);
}
