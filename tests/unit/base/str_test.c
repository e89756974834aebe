#include "base/str.h"

#include "base/mem.h"
#include "tests/unit/unit.h"

static void text_grows_by_every_way_of_appending(void **state)
{
    AUTO(str_release) struct str str = {0};

    assert_string_equal(str_text(&str), "");
    str_append(&str, "a");
    str_append_bytes(&str, "\0b", 2);
    str_printf(&str, "%d", 42);
    assert_int_equal(str.length, 5);
    assert_memory_equal(str.text, "a\0b42", 6);
}

static void long_text_keeps_what_came_before(void **state)
{
    AUTO(str_release) struct str str = {0};

    for (int i = 0; i < 10000; i++)
        str_printf(&str, "%04d,", i);
    assert_int_equal(str.length, 50000);
    assert_memory_equal(str.text, "0000,0001,", 10);
    assert_string_equal(str.text + 49995, "9999,");
}

static void nothing_appended_is_empty_text_not_null(void **state)
{
    AUTO(str_release) struct str str = {0};

    str_append_bytes(&str, NULL, 0);
    assert_string_equal(str.text, "");
    struct str none = {0};
    char *taken = str_take(&none);
    assert_string_equal(taken, "");
    mem_free(taken);
}

static void taken_text_is_the_callers(void **state)
{
    struct str str = {0};

    str_append(&str, "mine");
    char *taken = str_take(&str);
    assert_string_equal(taken, "mine");
    assert_null(str.text);
    str_append(&str, "anew");
    assert_string_equal(taken, "mine");
    str_release(&str);
    mem_free(taken);
}

static void a_number_is_the_whole_text_and_in_range(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"+7", 7},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",    " 1",  "1 ",  "+",   "-",
                                      "--1", "0x1", "1e3", "1.0", "9223372036854775808",
                                      "\t1", "+-1", "１"};
    int64_t number = 77;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_i64(bad[i], &number));
    assert_int_equal(number, 77);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(str_to_i64(good[i].text, &number));
        assert_int_equal(number, good[i].number);
    }
}

static void an_unsigned_number_has_no_sign(void **state)
{
    static const char *const bad[] = {"", "-1", "+1", " 1", "18446744073709551616", "1x"};
    uint64_t number = 77;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_u64(bad[i], &number));
    assert_int_equal(number, 77);
    assert_true(str_to_u64("18446744073709551615", &number));
    assert_true(number == UINT64_MAX);
}

static void a_prefix_is_found_at_the_start_only(void **state)
{
    assert_true(str_starts_with("order.paid", "order."));
    assert_true(str_starts_with("order", ""));
    assert_false(str_starts_with("order", "order."));
    assert_false(str_starts_with("my order", "order"));
}

static void hexadecimal_is_lower_case(void **state)
{
    char text[9];

    str_hex(text, "\x00\x9f\xff\x0a", 4);
    assert_string_equal(text, "009fff0a");
    str_hex(text, "", 0);
    assert_string_equal(text, "");
}

/* `text` as a fixed buffer would have cut it. */
static void assert_trimmed(const char *text, const char *wanted)
{
    char copy[32];

    snprintf(copy, sizeof copy, "%s", text);
    str_trim_utf8(copy);
    assert_string_equal(copy, wanted);
}

static void a_character_that_was_cut_goes_as_a_whole(void **state)
{
    assert_trimmed("", "");
    assert_trimmed("abc", "abc");
    assert_trimmed("ab\xc3", "ab");         /* of 2 */
    assert_trimmed("ab\xe4\xb8", "ab");     /* of 3 */
    assert_trimmed("ab\xf0\x9f\x9b", "ab"); /* of 4 */
    assert_trimmed("\xe4", "");
    assert_trimmed("ab\xe4\xb8\xad", "ab\xe4\xb8\xad");     /* whole */
    assert_trimmed("\xf0\x9f\x9b\x92", "\xf0\x9f\x9b\x92"); /* whole */
    assert_trimmed("ab\x80", "ab\x80");                     /* never was UTF-8: not ours to mend */
}

UNIT_TESTS(text_grows_by_every_way_of_appending, long_text_keeps_what_came_before,
           nothing_appended_is_empty_text_not_null, taken_text_is_the_callers,
           a_number_is_the_whole_text_and_in_range, an_unsigned_number_has_no_sign,
           a_prefix_is_found_at_the_start_only, hexadecimal_is_lower_case,
           a_character_that_was_cut_goes_as_a_whole)
