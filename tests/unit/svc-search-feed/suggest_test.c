#include "svc-search-feed/suggest.h"

#include "tests/unit/unit.h"

#define WORD(offset, length, options) \
    "{\"offset\":" #offset ",\"length\":" #length ",\"options\":[" options "]}"
#define OPTION(text)         "{\"text\":\"" text "\"}"
#define ANSWER(title, brand) "{\"suggest\":{\"title_1\":[" title "],\"brand_1\":[" brand "]}}"

static void assert_meant(const char *answer, const char *text, const char *wanted)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    json_auto_t *json = json_loads(answer, 0, NULL);
    const char *meant = suggest_read(json, text, arena);

    if (wanted)
        assert_string_equal(meant ? meant : "nothing", wanted);
    else
        assert_null(meant);
}

static void words_are_replaced_where_they_are(void **state)
{
    assert_meant(ANSWER(WORD(0, 8, OPTION("starbucks")) "," WORD(10, 6, ""),
                        WORD(0, 8, "") "," WORD(10, 6, "")),
                 "Starbuks, coffee!", "starbucks, coffee!");
    assert_meant(ANSWER(WORD(0, 3, "") "," WORD(4, 3, OPTION("two")), ""), "one tow", "one two");
}

static void a_brand_helps_where_titles_know_nothing(void **state)
{
    assert_meant(ANSWER(WORD(0, 4, ""), WORD(0, 4, OPTION("acme"))), "acmi", "acme");
}

static void of_pairs_that_overlap_the_first_one_counts(void **state)
{
    assert_meant(
        ANSWER(WORD(0, 2, OPTION("港湾")) "," WORD(1, 2, OPTION("克咖")) "," WORD(2, 2, ""), ""),
        "港弯咖啡", "港湾咖啡");
}

static void characters_of_four_bytes_are_two_units(void **state)
{
    assert_meant(ANSWER(WORD(0, 2, "") "," WORD(3, 5, OPTION("coffee")), ""), "😀 cofee 咖啡",
                 "😀 coffee 咖啡");
}

static void nothing_near_is_nothing(void **state)
{
    assert_meant(ANSWER(WORD(0, 4, ""), WORD(0, 4, "")), "acme", NULL);
    assert_meant("{}", "acme", NULL);
    assert_meant("{\"suggest\":{\"title_1\":[{},7,{\"options\":[{}]}],\"brand_1\":3}}", "acme",
                 NULL);
}

static void an_answer_that_points_elsewhere_stays_inside(void **state)
{
    assert_meant(ANSWER(WORD(90, 4, OPTION("x")), ""), "acme", "acmex");
    assert_meant(ANSWER(WORD(0, 400, OPTION("x")), ""), "acme", "x");
    assert_meant(ANSWER(WORD(-1, 4, OPTION("x")), ""), "acme", NULL);
}

static void only_what_is_sought_is_asked_for(void **state)
{
    char text[151];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    json_auto_t *body = suggest_body(text);
    assert_int_equal(json_string_length(json_object_get(json_object_get(body, "suggest"), "text")),
                     100);
}

UNIT_TESTS(words_are_replaced_where_they_are, a_brand_helps_where_titles_know_nothing,
           of_pairs_that_overlap_the_first_one_counts, characters_of_four_bytes_are_two_units,
           nothing_near_is_nothing, an_answer_that_points_elsewhere_stays_inside,
           only_what_is_sought_is_asked_for)
