#include "observe/metrics.h"

#include <ctype.h>
#include <math.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

/*
 * A strict reader of the Prometheus text format, version 0.0.4, as far as our kinds go: each family
 * has HELP and TYPE before its samples and comes once; label values escape \ " and newline.
 */
struct sample {
    char name[80];
    char labels[400]; /* as written, without braces */
    double value;
};

static struct {
    char *text;
    struct sample samples[2000];
    size_t count;
    char families[100][80];
    size_t family_count;
    char type[16]; /* of the family that is being read */
} page;

static bool is_name(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

/* Behind the closing brace of what begins behind the opening one. */
static const char *skip_labels(const char *at)
{
    for (;;) {
        const size_t name = strcspn(at, "=");
        char label[80];
        assert_true(name > 0 && name < sizeof label);
        snprintf(label, sizeof label, "%.*s", (int)name, at);
        assert_true(is_name(label));
        at += name;
        assert_memory_equal(at, "=\"", 2);
        for (at += 2; *at != '"'; at++) {
            assert_true(*at && *at != '\n');
            if (*at == '\\')
                assert_non_null(strchr("\\\"n", *++at));
        }
        if (*++at == '}')
            return at + 1;
        assert_int_equal(*at++, ',');
    }
}

static void read_family(const char *help, const char *type)
{
    char name[80], again[80];

    assert_int_equal(sscanf(help, "# HELP %79s", name), 1);
    assert_true(is_name(name));
    assert_true(strlen(help) > strlen("# HELP ") + strlen(name) + 1); /* says something */
    assert_int_equal(sscanf(type, "# TYPE %79s %15s", again, page.type), 2);
    assert_string_equal(again, name);
    for (size_t i = 0; i < page.family_count; i++)
        assert_string_not_equal(page.families[i], name);
    assert_true(page.family_count < ARRAY_LEN(page.families));
    strcpy(page.families[page.family_count++], name);
}

static void assert_belongs(const char *sample)
{
    const char *family = page.families[page.family_count - 1];
    const char *suffix = sample + strlen(family);

    assert_memory_equal(sample, family, strlen(family));
    if (strcmp(page.type, "histogram") == 0)
        assert_true(strcmp(suffix, "_bucket") == 0 || strcmp(suffix, "_sum") == 0 ||
                    strcmp(suffix, "_count") == 0);
    else
        assert_string_equal(suffix, "");
}

static void read_sample(const char *line)
{
    struct sample *sample = &page.samples[page.count++];
    const size_t length = strcspn(line, "{ ");
    const char *rest = line + length;
    char *end;

    assert_true(page.count < ARRAY_LEN(page.samples));
    snprintf(sample->name, sizeof sample->name, "%.*s", (int)length, line);
    assert_true(is_name(sample->name));
    assert_belongs(sample->name);
    *sample->labels = '\0';
    if (*rest == '{') {
        const char *after = skip_labels(rest + 1);
        snprintf(sample->labels, sizeof sample->labels, "%.*s", (int)(after - rest - 2), rest + 1);
        rest = after;
    }
    assert_int_equal(*rest++, ' ');
    assert_true(strcmp(rest, "NaN") == 0 || strcmp(rest, "+Inf") == 0 ||
                strcmp(rest, "-Inf") == 0 || isdigit((unsigned char)*rest) || *rest == '-');
    sample->value = strtod(rest, &end);
    assert_int_equal(*end, '\0');
}

static void write_and_read(void)
{
    struct str text = {0};

    metrics_write(&text);
    assert_int_equal(text.text[text.length - 1], '\n');
    assert_int_equal(strlen(text.text), text.length);
    page.count = page.family_count = 0;
    const char *help = NULL;
    for (char *line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_null(help);
            help = line;
        } else if (*line == '#') {
            assert_non_null(help);
            read_family(help, line);
            help = NULL;
        } else {
            assert_null(help);
            read_sample(line);
        }
    }
    assert_null(help);
    str_release(&text);
}

static double value_of(const char *name, const char *labels)
{
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, name) == 0 && strcmp(page.samples[i].labels, labels) == 0)
            return page.samples[i].value;
    fail_msg("no %s{%s}", name, labels);
    return 0;
}

static void counters_and_gauges_are_written_with_their_labels(void **state)
{
    struct metric_family *calls =
        metric_family(METRIC_COUNTER, "test_calls_total", "method,code", "Calls");
    struct metric *open = metric_series(metric_family(METRIC_GAUGE, "test_open", "", "Open"));

    metric_add(metric_series(calls, "Get", "OK"), 1);
    metric_add(metric_series(calls, "Get", "OK"), 2);
    metric_add(metric_series(calls, "Get", "ABORTED"), 1);
    metric_set(open, 5);
    metric_set(open, -2.5);
    write_and_read();
    assert_true(value_of("test_calls_total", "method=\"Get\",code=\"OK\"") == 3);
    assert_true(value_of("test_calls_total", "method=\"Get\",code=\"ABORTED\"") == 1);
    assert_true(value_of("test_open", "") == -2.5);
    assert_true(metric_value(open) == -2.5);
}

static void no_digit_that_matters_is_lost(void **state)
{
    struct metric_family *family = metric_family(METRIC_GAUGE, "test_digits", "is", "Digits");

    metric_set(metric_series(family, "unix time"), 1795190400.125);
    metric_set(metric_series(family, "bytes"), 999999999999999);
    metric_set(metric_series(family, "small"), 0.000123456789);
    metric_set(metric_series(family, "nan"), NAN);
    metric_set(metric_series(family, "inf"), INFINITY);
    metric_set(metric_series(family, "-inf"), -INFINITY);
    write_and_read();
    assert_true(value_of("test_digits", "is=\"unix time\"") == 1795190400.125);
    assert_true(value_of("test_digits", "is=\"bytes\"") == 999999999999999);
    assert_true(value_of("test_digits", "is=\"small\"") == 0.000123456789);
    assert_true(isnan(value_of("test_digits", "is=\"nan\"")));
    assert_true(isinf(value_of("test_digits", "is=\"inf\"")));
    assert_true(isinf(value_of("test_digits", "is=\"-inf\"")));
}

static void a_histogram_counts_into_cumulative_buckets(void **state)
{
    struct metric *seconds =
        metric_series(metric_family(METRIC_HISTOGRAM, "test_seconds", "method", "Time"), "Get");

    metric_observe(seconds, 0.0001); /* bounds are inclusive */
    metric_observe(seconds, 0.3);
    metric_observe(seconds, 0.3);
    metric_observe(seconds, 99);
    write_and_read();
    assert_true(value_of("test_seconds_bucket", "method=\"Get\",le=\"0.0001\"") == 1);
    assert_true(value_of("test_seconds_bucket", "method=\"Get\",le=\"0.25\"") == 1);
    assert_true(value_of("test_seconds_bucket", "method=\"Get\",le=\"0.5\"") == 3);
    assert_true(value_of("test_seconds_bucket", "method=\"Get\",le=\"10\"") == 3);
    assert_true(value_of("test_seconds_bucket", "method=\"Get\",le=\"+Inf\"") == 4);
    assert_true(value_of("test_seconds_count", "method=\"Get\"") == 4);
    assert_true(fabs(value_of("test_seconds_sum", "method=\"Get\"") - 99.6001) < 1e-9);
}

static void a_histogram_without_labels_is_well_formed(void **state)
{
    metric_observe(metric_series(metric_family(METRIC_HISTOGRAM, "test_plain", "", "Time")), 2);
    write_and_read();
    assert_true(value_of("test_plain_bucket", "le=\"2.5\"") == 1);
    assert_true(value_of("test_plain_sum", "") == 2);
}

static void label_values_are_escaped(void **state)
{
    struct metric_family *family =
        metric_family(METRIC_COUNTER, "test_escape_total", "v", "Values");

    metric_add(metric_series(family, "a\"b\\c\nd,e=}"), 1);
    metric_add(metric_series(family, "库存"), 2);
    metric_add(metric_series(family, "\xe5\xba x"), 3); /* Prometheus refuses the whole page */
    metric_add(metric_series(family, ""), 4);
    write_and_read();
    assert_true(value_of("test_escape_total", "v=\"a\\\"b\\\\c\\nd,e=}\"") == 1);
    assert_true(value_of("test_escape_total", "v=\"库存\"") == 2);
    assert_true(value_of("test_escape_total", "v=\"?? x\"") == 3);
    assert_true(value_of("test_escape_total", "v=\"\"") == 4);
}

static void beyond_the_most_series_further_ones_share_one(void **state)
{
    struct metric_family *family =
        metric_family(METRIC_COUNTER, "test_many_total", "user,city", "Many");
    char user[20];

    for (int i = 0; i < METRICS_SERIES_MAX + 100; i++) {
        snprintf(user, sizeof user, "%d", i);
        metric_add(metric_series(family, user, "x"), 1);
    }
    metric_add(metric_series(family, "0", "x"), 1); /* those that are there stay */
    write_and_read();
    assert_true(value_of("test_many_total", "user=\"0\",city=\"x\"") == 2);
    assert_true(value_of("test_many_total", "user=\"other\",city=\"other\"") == 100);
    size_t series = 0;
    for (size_t i = 0; i < page.count; i++)
        series += strcmp(page.samples[i].name, "test_many_total") == 0;
    assert_int_equal(series, METRICS_SERIES_MAX + 1);
}

static void the_same_name_is_the_same_family(void **state)
{
    struct metric_family *family = metric_family(METRIC_COUNTER, "test_same_total", "a", "Same");

    assert_ptr_equal(metric_family(METRIC_COUNTER, "test_same_total", "a", "Same"), family);
    assert_ptr_equal(metric_series(family, "1"), metric_series(family, "1"));
    assert_ptr_not_equal(metric_series(family, "1"), metric_series(family, "2"));
}

static void makes_a_histogram_of_a_counter(void)
{
    metric_family(METRIC_COUNTER, "test_kind_total", "", "Kind");
    metric_family(METRIC_HISTOGRAM, "test_kind_total", "", "Kind");
}

static void a_name_of_two_kinds_is_a_bug(void **state)
{
    assert_true(unit_aborts(makes_a_histogram_of_a_counter));
}

static void gives_too_few_values(void)
{
    metric_series(metric_family(METRIC_COUNTER, "test_few_total", "a,b", "Few"), "1");
}

static void fewer_values_than_labels_are_a_bug(void **state)
{
    assert_true(unit_aborts(gives_too_few_values));
}

static void set_to_seven(void *gauge)
{
    metric_set(gauge, 7);
}

static void gauges_are_updated_before_they_are_written(void **state)
{
    metrics_on_write(set_to_seven,
                     metric_series(metric_family(METRIC_GAUGE, "test_late", "", "Late")));
    write_and_read();
    assert_true(value_of("test_late", "") == 7);
}

UNIT_TESTS(counters_and_gauges_are_written_with_their_labels, no_digit_that_matters_is_lost,
           a_histogram_counts_into_cumulative_buckets, a_histogram_without_labels_is_well_formed,
           label_values_are_escaped, beyond_the_most_series_further_ones_share_one,
           the_same_name_is_the_same_family, a_name_of_two_kinds_is_a_bug,
           fewer_values_than_labels_are_a_bug, gauges_are_updated_before_they_are_written)
