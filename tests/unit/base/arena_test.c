#include "base/arena.h"
#include "tests/unit/unit.h"

static void memory_is_aligned_and_keeps_apart(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    unsigned char *blocks[500];

    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        blocks[i] = arena_alloc(arena, i + 1);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i & 255), i + 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        for (size_t b = 0; b <= i; b++)
            assert_int_equal(blocks[i][b], i & 255);
}

static void zeroed_memory_is_zero_also_where_it_was_used_before(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    static const unsigned char zeros[3000];

    memset(arena_alloc(arena, sizeof zeros), 0xff, sizeof zeros);
    arena_reset(arena);
    assert_memory_equal(arena_zalloc(arena, sizeof zeros), zeros, sizeof zeros);
}

static void copies_are_terminated_and_their_own(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    char text[] = "Hangzhou";

    char *whole = arena_strdup(arena, text), *part = arena_strndup(arena, text, 4);
    memset(text, 'x', strlen(text));
    assert_string_equal(whole, "Hangzhou");
    assert_string_equal(part, "Hang");
    assert_string_equal(arena_printf(arena, "%d of %s", 7, part), "7 of Hang");
    assert_non_null(arena_dup(arena, NULL, 0));
}

static void a_block_larger_than_any_before_fits(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(4 << 20);
    char *small = arena_strdup(arena, "before");

    memset(arena_alloc(arena, 3 << 20), 1, 3 << 20);
    assert_string_equal(small, "before");
    assert_string_equal(arena_strdup(arena, "after"), "after");
}

static void it_counts_what_was_asked_for(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(100);

    assert_int_equal(arena_left(arena), 100);
    assert_string_equal(arena_strdup(arena, "12345"), "12345");
    assert_int_equal(arena_used(arena), 6);
    assert_int_equal(arena_left(arena), 94);
    assert_non_null(arena_alloc(arena, 94));
    assert_int_equal(arena_left(arena), 0);
    assert_non_null(arena_alloc(arena, 0));
    arena_reset(arena);
    assert_int_equal(arena_left(arena), 100);
}

static void asks_for_one_byte_more(void)
{
    struct arena *arena = arena_new(100);

    memset(arena_alloc(arena, 60), 0, 60);
    memset(arena_alloc(arena, 41), 0, 41);
}

static void a_byte_beyond_the_limit_is_a_bug(void **state)
{
    assert_true(unit_aborts(asks_for_one_byte_more));
}

static void asks_for_an_array_that_wraps(void)
{
    struct arena *arena = arena_new(1 << 20);
    volatile size_t count = SIZE_MAX / 8 + 2;

    memset(arena_array_of(arena, int64_t, count), 0, 8);
}

static void an_array_whose_size_wraps_is_a_bug(void **state)
{
    assert_true(unit_aborts(asks_for_an_array_that_wraps));
}

static void freeing_nothing_is_fine(void **state)
{
    struct arena *none = NULL;

    arena_free(NULL);
    arena_freep(&none);
    assert_null(none);
}

static void a_rewound_arena_is_as_it_was(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(4 << 20);
    const struct arena_mark empty = arena_mark(arena);
    char *kept = arena_strdup(arena, "kept");
    const struct arena_mark mark = arena_mark(arena);

    for (int i = 0; i < 100; i++) {
        arena_rewind(arena, mark);
        memset(arena_alloc(arena, 3000), i, 3000);
        memset(arena_alloc(arena, 3 << 20), i, 3 << 20);
        assert_string_equal(kept, "kept");
    }
    arena_rewind(arena, mark);
    assert_int_equal(arena_used(arena), 5);
    arena_rewind(arena, empty);
    assert_int_equal(arena_used(arena), 0);
    assert_string_equal(arena_strdup(arena, "again"), "again");
}

UNIT_TESTS(memory_is_aligned_and_keeps_apart, zeroed_memory_is_zero_also_where_it_was_used_before,
           copies_are_terminated_and_their_own, a_block_larger_than_any_before_fits,
           it_counts_what_was_asked_for, a_byte_beyond_the_limit_is_a_bug,
           an_array_whose_size_wraps_is_a_bug, a_rewound_arena_is_as_it_was,
           freeing_nothing_is_fine)
