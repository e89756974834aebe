#include "svc-listing/json_text.h"
#include "tests/unit/unit.h"

static bool parses(const char *text)
{
    AUTO(json_text_end) json_t *json = json_text_parse(text);
    return json != NULL;
}

/* So many arrays inside each other. */
static bool parses_nested(int depth)
{
    char text[20001];
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    text[2 * depth] = '\0';
    return parses(text);
}

static void documents_parse(void **state)
{
    assert_true(parses("{}"));
    assert_true(parses(" [1, {\"a\": [null, \"\\\"]\"]}] "));
}

static void what_is_no_document_does_not(void **state)
{
    const char *const texts[] = {"",  "1",    "\"text\"", "null",
                                 "{", "[1,]", "[1] [2]",  "{\"a\":1,\"a\":2}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(parses(texts[i]));
}

static void nesting_is_bounded(void **state)
{
    assert_true(parses_nested(JSON_TEXT_DEPTH_MAX));
    assert_false(parses_nested(JSON_TEXT_DEPTH_MAX + 1));
    assert_false(parses_nested(10000));
}

static void brackets_in_strings_do_not_count(void **state)
{
    assert_true(parses("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]"));
    assert_true(parses("[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]"));
}

static void closing_too_often_gains_nothing(void **state)
{
    char text[300] = "[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    memset(text + strlen(text), '[', 200);
    assert_false(parses(text));
}

UNIT_TESTS(documents_parse, what_is_no_document_does_not, nesting_is_bounded,
           brackets_in_strings_do_not_count, closing_too_often_gains_nothing)
