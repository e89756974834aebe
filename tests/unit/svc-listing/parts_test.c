#include "svc-listing/parts.h"
#include "tests/unit/unit.h"

static void parts_are_summed(void **state)
{
    int64_t sum = -1;
    assert_true(parts_sum("[{\"name\": \"锅底\", \"quantity\": 1, \"price\": 5800},"
                          " {\"name\": \"羊肉\", \"quantity\": 2, \"price\": 3800}]",
                          &sum));
    assert_int_equal(sum, 5800 + 2 * 3800);
}

static void the_largest_sum_fits(void **state)
{
    char text[5000] = "[";
    int64_t sum;
    for (int i = 0; i < PARTS_MAX; i++)
        sprintf(text + strlen(text),
                "%s{\"name\":\"x\",\"quantity\":10000,\"price\":1000000000000}", i ? "," : "");
    assert_true(parts_sum(strcat(text, "]"), &sum));
    assert_true(sum == PARTS_MAX * 10000LL * 1000000000000LL);
}

static void anything_else_is_no_list_of_parts(void **state)
{
    const char *const texts[] = {
        "[]",
        "{}",
        "[1]",
        "nonsense",
        "[{\"quantity\": 1, \"price\": 1}]",
        "[{\"name\": \"\", \"quantity\": 1, \"price\": 1}]",
        "[{\"name\": \"x\", \"quantity\": 0, \"price\": 1}]",
        "[{\"name\": \"x\", \"quantity\": 1, \"price\": -1}]",
        "[{\"name\": \"x\", \"quantity\": 1, \"price\": 1.5}]",
        "[{\"name\": \"x\", \"quantity\": 1, \"price\": 1000000000001}]",
        "[{\"name\": \"x\", \"quantity\": 10001, \"price\": 1}]",
    };
    int64_t sum = 77;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(parts_sum(texts[i], &sum));
    assert_int_equal(sum, 77);
}

UNIT_TESTS(parts_are_summed, the_largest_sum_fits, anything_else_is_no_list_of_parts)
