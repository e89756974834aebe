#include "observe/log.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "observe/trace.h"
#include "tests/unit/unit.h"

/* What `fn` writes to standard error. The caller frees it. */
static char *written_by(void (*fn)(void))
{
    FILE *file = tmpfile();
    const int kept = dup(STDERR_FILENO);

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    fn();
    dup2(kept, STDERR_FILENO);
    close(kept);
    const long size = lseek(fileno(file), 0, SEEK_END);
    char *text = mem_zalloc((size_t)size + 1);
    assert_int_equal(pread(fileno(file), text, (size_t)size, 0), size);
    fclose(file);
    return text;
}

/* The only line that `fn` writes, which must be one JSON object. */
static json_t *line_of(void (*fn)(void))
{
    AUTO(mem_freep) char *text = written_by(fn);
    const size_t length = strlen(text);
    json_error_t error;

    assert_true(length > 0);
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(line))
        fail_msg("%s: %s", error.text, text);
    return line;
}

static const char *text_in(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void logs_each_kind(void)
{
    const struct status st = status_error(CODE_ABORTED, "CONTENTION", "row %d", 7);

    log_init("lamp", LOG_INFO);
    log_warn("hold expired", LOG_STR("who", "a \"quoted\"\nname"), LOG_I64("id", INT64_MIN),
             LOG_REAL("seconds", 0.25), LOG_STR("none", NULL), LOG_STATUS(st));
}

static void a_line_is_one_object_with_typed_fields(void **state)
{
    json_t *line = line_of(logs_each_kind);

    assert_string_equal(text_in(line, "level"), "warn");
    assert_string_equal(text_in(line, "service"), "lamp");
    assert_string_equal(text_in(line, "message"), "hold expired");
    assert_string_equal(text_in(line, "who"), "a \"quoted\"\nname");
    assert_true(json_integer_value(json_object_get(line, "id")) == INT64_MIN);
    assert_true(json_real_value(json_object_get(line, "seconds")) == 0.25);
    assert_true(json_is_null(json_object_get(line, "none")));
    assert_string_equal(text_in(line, "code"), "ABORTED");
    assert_string_equal(text_in(line, "reason"), "CONTENTION");
    assert_string_equal(text_in(line, "detail"), "row 7");
    assert_null(json_object_get(line, "trace_id"));
    assert_null(json_object_get(line, "request_id"));
    json_decref(line);
}

static void logs_plainly(void)
{
    log_error("plain");
}

static void the_time_is_now_in_utc(void **state)
{
    const int64_t before_s = clock_unix_us() / CLOCK_US_PER_S;
    json_t *line = line_of(logs_plainly);
    int micros = -1, at = 0;
    struct tm utc = {0};
    const char *time = text_in(line, "time");
    const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &utc);

    assert_non_null(rest);
    assert_int_equal(sscanf(rest, ".%6dZ%n", &micros, &at), 1);
    assert_int_equal(at, 8);
    assert_int_equal(rest[at], '\0');
    assert_in_range(timegm(&utc), before_s, before_s + 60);
    json_decref(line);
}

static void logs_with_trace(void)
{
    struct trace_context context = {0};

    trace_enter(&context, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    trace_set_request_id(&context, "r-7");
    trace_set_current(&context);
    log_info("inside", LOG_STR("request_id", "forged"));
    trace_set_current(NULL);
}

static void the_context_adds_itself_and_cannot_be_forged(void **state)
{
    json_t *line = line_of(logs_with_trace);

    assert_string_equal(text_in(line, "trace_id"), "0af7651916cd43dd8448eb211c80319c");
    assert_string_equal(text_in(line, "request_id"), "r-7");
    json_decref(line);
}

static void logs_bad_bytes(void)
{
    const struct status st = {.code = CODE_INTERNAL, .detail = "cut \xe4\xb8"};

    log_error("odd", LOG_STR("name", "\xff\xfe"), LOG_STR("control", "\x01\x1b[31m"),
              LOG_STATUS(st));
}

static void bytes_that_are_no_utf8_do_not_break_the_line(void **state)
{
    json_t *line = line_of(logs_bad_bytes);

    assert_string_equal(text_in(line, "name"), "(not UTF-8)");
    assert_string_equal(text_in(line, "control"), "\x01\x1b[31m");
    assert_string_equal(text_in(line, "detail"), "(not UTF-8)");
    json_decref(line);
}

static void logs_no_number(void)
{
    log_error("odd", LOG_REAL("ratio", NAN), LOG_REAL("rate", INFINITY));
}

static void what_json_has_no_number_for_is_null(void **state)
{
    json_t *line = line_of(logs_no_number);

    assert_true(json_is_null(json_object_get(line, "ratio")));
    assert_true(json_is_null(json_object_get(line, "rate")));
    json_decref(line);
}

static void logs_at_every_level(void)
{
    log_debug("1");
    log_info("2");
    log_warn("3");
    log_error("4");
}

static size_t lines_at(enum log_level least)
{
    log_set_level(least);
    AUTO(mem_freep) char *text = written_by(logs_at_every_level);
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    return lines;
}

static void lines_below_the_level_are_dropped(void **state)
{
    assert_int_equal(lines_at(LOG_DEBUG), 4);
    assert_int_equal(lines_at(LOG_INFO), 3);
    assert_int_equal(lines_at(LOG_WARN), 2);
    assert_int_equal(lines_at(LOG_ERROR), 1);
    log_set_level(LOG_INFO);
}

static void levels_are_read_by_their_names(void **state)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    enum log_level level = LOG_ERROR;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_true(log_level_parse(words[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse("WARN", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_ERROR);
}

static void *logs_a_hundred(void *name)
{
    for (int i = 0; i < 100; i++)
        log_info("from a thread", LOG_STR("thread", name), LOG_I64("line", i));
    return NULL;
}

static void logs_from_threads(void)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, logs_a_hundred, (void *)(uintptr_t) "t");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}

static void lines_of_threads_do_not_mix(void **state)
{
    AUTO(mem_freep) char *text = written_by(logs_from_threads);
    size_t lines = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *object = json_loads(line, 0, NULL);
        assert_true(json_is_object(object));
        json_decref(object);
    }
    assert_int_equal(lines, 400);
}

UNIT_TESTS(a_line_is_one_object_with_typed_fields, the_time_is_now_in_utc,
           the_context_adds_itself_and_cannot_be_forged,
           bytes_that_are_no_utf8_do_not_break_the_line, what_json_has_no_number_for_is_null,
           lines_below_the_level_are_dropped, levels_are_read_by_their_names,
           lines_of_threads_do_not_mix)
