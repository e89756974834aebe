#include "patterns/page_token.h"

#include "souk/listing/v1/catalog.types.h"
#include "tests/unit/unit.h"

enum { LIST = 77 };

static void what_was_made_is_read(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    const int64_t key[] = {INT64_MIN, -1, 0, INT64_MAX};
    int64_t read[4];

    for (size_t count = 1; count <= 4; count++) {
        memset(read, 0x55, sizeof read);
        assert_ok(page_token_read(page_token_make(LIST, key, count, arena), LIST, read, count));
        assert_memory_equal(read, key, count * sizeof *key);
    }
}

static void a_token_of_another_list_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    const int64_t key[] = {1, 2};
    int64_t read[2] = {8, 9};

    assert_reason(page_token_read(page_token_make(LIST, key, 2, arena), LIST + 1, read, 2),
                  "PAGE_TOKEN_INVALID");
    assert_int_equal(read[0], 8);
}

static void nonsense_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    const int64_t key[] = {1, 2};
    char *token = page_token_make(LIST, key, 2, arena);
    char too_long[501];
    int64_t read[2];

    memset(too_long, 'A', sizeof too_long - 1);
    too_long[500] = '\0';
    const char *const wrong[] = {"",
                                 "!",
                                 "AAAA",
                                 too_long,
                                 arena_printf(arena, "%s=", token),
                                 page_token_make(LIST, key, 1, arena)};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_reason(page_token_read(wrong[i], LIST, read, 2), "PAGE_TOKEN_INVALID");
    token[3] = '*';
    assert_reason(page_token_read(token, LIST, read, 2), "PAGE_TOKEN_INVALID");
}

static void the_digest_is_of_the_filter(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    QueryItemsRequest list;

    query_items_request_init(&list);
    const uint64_t all = page_list_digest(&list.base, arena);
    list.page_token = NULL;
    assert_true(page_list_digest(&list.base, arena) == all);
    list.shop_id = 5;
    assert_true(page_list_digest(&list.base, arena) != all);
}

UNIT_TESTS(what_was_made_is_read, a_token_of_another_list_is_refused, nonsense_is_refused,
           the_digest_is_of_the_filter)
