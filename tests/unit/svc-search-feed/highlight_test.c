#include "svc-search-feed/highlight.h"

#include <stdio.h>

#include "base/str.h"
#include "svc-search-feed/query.h"
#include "tests/unit/unit.h"

/* The parts, those that were found in brackets. */
static void assert_parts(const char *text, const char *one, const char *two, const char *wanted)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    AUTO(str_release) struct str shown = {0};
    const char *const marked[] = {one, two};
    const struct text_parts parts = highlight_parts(text, marked, ARRAY_LEN(marked), arena);

    for (size_t i = 0; i < parts.count; i++) {
        str_append(&shown, parts.list[i].is_match ? "[" : "");
        str_append(&shown, parts.list[i].text);
        str_append(&shown, parts.list[i].is_match ? "]" : "");
    }
    assert_string_equal(shown.text ? shown.text : "", wanted);
}

#define O QUERY_MARK_OPEN
#define C QUERY_MARK_CLOSE

static void what_any_of_them_marks_was_found(void **state)
{
    assert_parts("coffee vouchers", O "coffee" C " vouchers", O "coffee" C " " O "vouchers" C,
                 "[coffee] [vouchers]");
    assert_parts("港湾咖啡", "港湾" O "咖啡" C, "港湾" O "咖" C O "啡" C, "港湾[咖啡]");
    assert_parts(" coffee ", O "coffee" C, NULL, " [coffee] ");
}

static void without_marks_it_is_one_part(void **state)
{
    assert_parts("港湾 <b>", NULL, NULL, "港湾 <b>");
    assert_parts("", NULL, NULL, "");
}

static void a_text_stays_what_it_is_whatever_is_in_it(void **state)
{
    assert_parts("a" O "b" C "c", O "a" C O O "b" C "c", "another", "[a]" O "b" C "c");
    assert_parts("a", "", O, "a");
    assert_parts("a", C "a" C C, O "ab", "[a]");
}

UNIT_TESTS(what_any_of_them_marks_was_found, without_marks_it_is_one_part,
           a_text_stays_what_it_is_whatever_is_in_it)
