#include "observe/span.h"

#include "tests/unit/unit.h"

#define TRACE_ID  "0af7651916cd43dd8448eb211c80319c"
#define PARENT_ID "b7ad6b7169203331"

static struct span kept[8];
static size_t kept_count;

static void keep(void *arg, const struct span *span)
{
    assert_string_equal(arg, "keeper");
    kept[kept_count++] = *span;
}

static struct trace_context context;

static void begin_test(const char *traceparent)
{
    static char keeper[] = "keeper";

    kept_count = 0;
    context = (struct trace_context){0};
    trace_set_current(&context);
    trace_enter(&context, traceparent);
    span_to(keep, keeper);
}

static void end_test(void)
{
    span_to(NULL, NULL);
    trace_set_current(NULL);
    trace_sample_roots(0);
}

static void spans_nest_and_the_outermost_is_the_callers_child(void **state)
{
    begin_test("00-" TRACE_ID "-" PARENT_ID "-01");
    const struct trace_context entered = context;
    struct span server, outer, inner;

    span_enter(&server, &context, SPAN_SERVER, "server");
    span_begin(&outer, SPAN_INTERNAL, "outer");
    assert_memory_equal(context.span_id, outer.id, 8); /* what peers get as parent */
    span_begin(&inner, SPAN_CLIENT, "inner");
    span_end(&inner);
    assert_memory_equal(context.span_id, outer.id, 8);
    span_end(&outer);
    span_end(&server);

    assert_int_equal(kept_count, 3);
    assert_string_equal(kept[0].name, "inner");
    assert_memory_equal(kept[0].parent_id, kept[1].id, 8);
    assert_memory_equal(kept[1].parent_id, kept[2].id, 8);
    assert_memory_equal(kept[2].id, entered.span_id, 8);
    assert_memory_equal(kept[2].parent_id, "\xb7\xad\x6b\x71\x69\x20\x33\x31", 8);
    assert_memory_equal(&context, &entered, sizeof context);
    end_test();
}

static void what_is_detached_outlasts_what_it_began_in(void **state)
{
    begin_test("00-" TRACE_ID "-" PARENT_ID "-01");
    const struct trace_context entered = context;
    struct span first, second, kept_first, kept_second;
    struct trace_context of_first, of_second;

    span_begin(&first, SPAN_CLIENT, "first");
    span_detach(&first, &kept_first, &of_first);
    span_end(&first); /* means nothing */
    span_begin(&second, SPAN_CLIENT, "second");
    span_detach(&second, &kept_second, &of_second);
    assert_int_equal(kept_count, 0);
    assert_memory_equal(&context, &entered, sizeof context);
    context = (struct trace_context){0}; /* the task is gone */
    span_end(&kept_first);
    span_end(&kept_second);

    assert_int_equal(kept_count, 2);
    assert_string_equal(kept[0].name, "first");
    assert_memory_equal(kept[1].parent_id, entered.span_id, 8);
    end_test();
}

static void attributes_and_the_outcome_go_along_up_to_a_bound(void **state)
{
    begin_test("00-" TRACE_ID "-" PARENT_ID "-01");
    const struct status st = status_error(CODE_ABORTED, "VERSION_CLASH", "somebody was faster");
    struct span span;

    span_begin(&span, SPAN_CLIENT, "call");
    span_text(&span, "text", "one");
    for (int i = 0; i < SPAN_ATTRIBUTES_MAX; i++)
        span_number(&span, "number", i);
    span_status(&span, &st);
    span_end(&span);
    assert_int_equal(kept[0].attribute_count, SPAN_ATTRIBUTES_MAX);
    assert_string_equal(kept[0].attributes[0].text, "one");
    assert_null(kept[0].attributes[1].text);
    assert_int_equal(kept[0].attributes[SPAN_ATTRIBUTES_MAX - 1].number, SPAN_ATTRIBUTES_MAX - 2);
    assert_int_equal(kept[0].status.code, CODE_ABORTED);
    assert_true(kept[0].took_us >= 0);
    end_test();
}

static void what_is_not_sampled_leaves_no_trace(void **state)
{
    begin_test("00-" TRACE_ID "-" PARENT_ID "-00");
    const struct trace_context entered = context;
    struct span span;

    span_enter(&span, &context, SPAN_SERVER, "server");
    assert_false(span_is_recorded(&span));
    span_end(&span);
    span_begin(&span, SPAN_CLIENT, "call");
    span_text(&span, "text", "one");
    span_end(&span);
    assert_int_equal(kept_count, 0);
    assert_memory_equal(&context, &entered, sizeof context);
    end_test();
}

static void without_a_keeper_nothing_is_recorded_but_the_flag_goes_on(void **state)
{
    begin_test("00-" TRACE_ID "-" PARENT_ID "-01");
    char parent[TRACEPARENT_LENGTH + 1];
    struct span span;

    span_to(NULL, NULL);
    span_begin(&span, SPAN_CLIENT, "call");
    assert_false(span_is_recorded(&span));
    trace_parent(&context, parent);
    assert_string_equal(parent + 52, "-01");
    span_end(&span);
    end_test();
}

static int sampled_of(int roots)
{
    int sampled = 0;

    for (int i = 0; i < roots; i++) {
        trace_enter(&context, NULL);
        sampled += context.sampled;
    }
    return sampled;
}

static void roots_are_sampled_by_ratio_and_have_no_parent(void **state)
{
    begin_test(NULL);
    struct span span;

    assert_int_equal(sampled_of(1000), 0);
    trace_sample_roots(5000);
    assert_in_range(sampled_of(10000), 4500, 5500); /* ten times the standard deviation */
    trace_sample_roots(10000);
    assert_int_equal(sampled_of(1000), 1000);
    span_enter(&span, &context, SPAN_SERVER, "root");
    span_end(&span);
    assert_memory_equal(kept[0].parent_id, "\0\0\0\0\0\0\0", 8);
    end_test();
}

static void the_caller_decides_for_the_whole_trace(void **state)
{
    begin_test(NULL);
    trace_sample_roots(10000);
    trace_enter(&context, "00-" TRACE_ID "-" PARENT_ID "-00");
    assert_false(context.sampled);
    trace_sample_roots(0);
    trace_enter(&context, "00-" TRACE_ID "-" PARENT_ID "-01");
    assert_true(context.sampled);
    end_test();
}

UNIT_TESTS(spans_nest_and_the_outermost_is_the_callers_child,
           what_is_detached_outlasts_what_it_began_in,
           attributes_and_the_outcome_go_along_up_to_a_bound, what_is_not_sampled_leaves_no_trace,
           without_a_keeper_nothing_is_recorded_but_the_flag_goes_on,
           roots_are_sampled_by_ratio_and_have_no_parent, the_caller_decides_for_the_whole_trace)
