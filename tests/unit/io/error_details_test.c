#include "io/error_details.h"

#include <unistr.h>

#include "tests/unit/unit.h"

static void metadata_is_found_by_its_key(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct error_details details = {0};

    error_details_add(&details, arena, "sku", "%d", 42);
    error_details_add(&details, arena, "free", "%s", "0");
    assert_string_equal(error_details_find(&details, "sku"), "42");
    assert_string_equal(error_details_find(&details, "free"), "0");
    assert_null(error_details_find(&details, "wanted"));
}

static void beyond_the_most_metadata_nothing_is_added(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct error_details details = {0};

    for (int i = 0; i < ERROR_METADATA_MAX + 3; i++)
        error_details_add(&details, arena, "key", "%d", i);
    assert_int_equal(details.metadata_count, ERROR_METADATA_MAX);
    assert_string_equal(details.metadata[ERROR_METADATA_MAX - 1].value, "7");
}

static void a_long_value_is_cut_between_characters(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct error_details details = {0};
    char text[600];

    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "价", 4);
    for (int before = 0; before < 3; before++)
        error_details_add(&details, arena, "key", "%.*s%s", before, "ab", text);
    for (size_t i = 0; i < details.metadata_count; i++) {
        const char *value = details.metadata[i].value;
        assert_null(u8_check((const uint8_t *)value, strlen(value)));
        assert_true(strlen(value) > 250);
    }
}

static void fields_are_kept_in_their_order(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct error_details details = {0};
    char field[] = "lines[0].quantity";

    error_details_field(&details, arena, field, "is too much");
    field[6] = '1';
    error_details_field(&details, arena, field, "is missing");
    assert_int_equal(details.violation_count, 2);
    assert_string_equal(details.violations[0].field, "lines[0].quantity");
    assert_string_equal(details.violations[0].description, "is too much");
    assert_string_equal(details.violations[1].field, "lines[1].quantity");
}

UNIT_TESTS(metadata_is_found_by_its_key, beyond_the_most_metadata_nothing_is_added,
           a_long_value_is_cut_between_characters, fields_are_kept_in_their_order)
