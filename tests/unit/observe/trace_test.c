#include "observe/trace.h"
#include "tests/unit/unit.h"

#define TRACE_ID  "0af7651916cd43dd8448eb211c80319c"
#define PARENT_ID "b7ad6b7169203331"

/* What goes on to a peer after this came in. */
static const char *parent_after(const char *traceparent)
{
    static char text[TRACEPARENT_LENGTH + 1];
    struct trace_context context = {0};

    trace_enter(&context, traceparent);
    trace_parent(&context, text);
    return text;
}

static bool goes_on(const char *traceparent)
{
    return memcmp(parent_after(traceparent) + 3, TRACE_ID, 32) == 0;
}

static void a_callers_trace_goes_on_in_a_span_of_its_own(void **state)
{
    const char *text = parent_after("00-" TRACE_ID "-" PARENT_ID "-01");

    assert_int_equal(strlen(text), TRACEPARENT_LENGTH);
    assert_memory_equal(text, "00-" TRACE_ID "-", 36);
    assert_memory_not_equal(text + 36, PARENT_ID, 16);
    assert_string_equal(text + 52, "-01");
}

static void only_the_flag_that_we_know_is_passed_on(void **state)
{
    assert_string_equal(parent_after("00-" TRACE_ID "-" PARENT_ID "-00") + 52, "-00");
    assert_string_equal(parent_after("00-" TRACE_ID "-" PARENT_ID "-ff") + 52, "-01");
    assert_string_equal(parent_after("00-" TRACE_ID "-" PARENT_ID "-fe") + 52, "-00");
}

/* W3C Trace Context, 2.2 and 4.3: what must be refused. */
static void a_malformed_parent_begins_a_new_trace(void **state)
{
    static const char *const parents[] = {
        "",
        "00",
        "ff-" TRACE_ID "-" PARENT_ID "-01", /* no version */
        "0-" TRACE_ID "-" PARENT_ID "-01",
        ".0-" TRACE_ID "-" PARENT_ID "-01",
        "0A-" TRACE_ID "-" PARENT_ID "-01",
        "00-00000000000000000000000000000000-" PARENT_ID "-01", /* "no id" */
        "00-" TRACE_ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT_ID "-01", /* upper case */
        "00-" TRACE_ID "-B7AD6B7169203331-01",
        "00-" TRACE_ID "-" PARENT_ID "-0A",
        "00-" TRACE_ID "-" PARENT_ID "-.0",
        "00-0af7651916cd43dd8448eb211c80319-" PARENT_ID "-01", /* a digit less, a digit more */
        "00-0af7651916cd43dd8448eb211c80319cc-" PARENT_ID "-01",
        "00-" TRACE_ID "-b7ad6b716920333-01",
        "00-" TRACE_ID "-" PARENT_ID "-1",
        "00-" TRACE_ID "-" PARENT_ID "-001",
        "00-" TRACE_ID "-" PARENT_ID "-01-what-the-future-will-be-like", /* not in version 00 */
        "00_" TRACE_ID "_" PARENT_ID "_01",
        " 00-" TRACE_ID "-" PARENT_ID "-01",
        "01-" TRACE_ID "-" PARENT_ID "-01.what", /* a later version goes on with a dash or ends */
        "cc-" TRACE_ID "-" PARENT_ID "-0",
    };

    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        if (goes_on(parents[i]))
            fail_msg("believed: %s", parents[i]);
        assert_int_equal(strlen(parent_after(parents[i])), TRACEPARENT_LENGTH);
    }
    assert_false(goes_on(NULL));
}

static void a_later_version_is_read_as_far_as_it_is_known(void **state)
{
    assert_true(goes_on("01-" TRACE_ID "-" PARENT_ID "-01"));
    assert_true(goes_on("cc-" TRACE_ID "-" PARENT_ID "-01-what-the-future-will-be-like"));
    assert_memory_equal(parent_after("cc-" TRACE_ID "-" PARENT_ID "-01-"), "00-", 3);
}

static void new_traces_differ(void **state)
{
    char first[TRACEPARENT_LENGTH + 1];

    strcpy(first, parent_after(NULL));
    assert_memory_not_equal(first + 3, parent_after(NULL) + 3, 32);
    assert_string_equal(first + 52, "-00");
}

static void without_a_trace_there_is_no_parent(void **state)
{
    const struct trace_context none = {0};
    char text[TRACEPARENT_LENGTH + 1] = "before";

    assert_false(trace_is_set(&none));
    trace_parent(&none, text);
    assert_string_equal(text, "");
}

static const char *request_id_of(const char *text)
{
    static struct trace_context context;
    trace_set_request_id(&context, text);
    return context.request_id;
}

static void a_request_id_is_cleaned_and_cut(void **state)
{
    char longest[200];

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_string_equal(request_id_of("order-7/{a}"), "order-7/{a}");
    assert_string_equal(request_id_of("a b\r\n\"c\\\x7f\x80"
                                      "d"),
                        "abcd");
    assert_int_equal(strlen(request_id_of(longest)), TRACE_REQUEST_ID_MAX);
}

static void without_a_request_id_one_is_made(void **state)
{
    char first[TRACE_REQUEST_ID_MAX + 1];

    strcpy(first, request_id_of(NULL));
    assert_int_equal(strlen(first), 32);
    assert_string_not_equal(first, request_id_of(""));
    assert_int_equal(strlen(request_id_of(" \n")), 32);
}

static void outside_of_tasks_the_process_has_a_context(void **state)
{
    struct trace_context mine = {0};

    assert_non_null(trace_current());
    trace_set_current(&mine);
    assert_ptr_equal(trace_current(), &mine);
    trace_set_current(NULL);
    assert_ptr_not_equal(trace_current(), &mine);
}

UNIT_TESTS(a_callers_trace_goes_on_in_a_span_of_its_own, only_the_flag_that_we_know_is_passed_on,
           a_malformed_parent_begins_a_new_trace, a_later_version_is_read_as_far_as_it_is_known,
           new_traces_differ, without_a_trace_there_is_no_parent, a_request_id_is_cleaned_and_cut,
           without_a_request_id_one_is_made, outside_of_tasks_the_process_has_a_context)
