#include "observe/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "base/mem.h"
#include "base/status.h"

/* Upper bounds in seconds; a call over the network takes 0.1 ms to 10 s. */
static const double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

struct metric {
    struct metric *next;
    char *label_text; /* `method="SetStock",code="OK"` */
    double value;     /* histogram: the sum */
    uint64_t count;
    uint64_t *buckets; /* of a histogram: ARRAY_LEN(bounds), not cumulative */
};

struct metric_family {
    struct metric_family *next;
    enum metric_kind kind;
    const char *name;
    const char *help;
    char *labels[METRICS_LABELS_MAX];
    size_t label_count;
    struct metric *series;
    size_t series_count;
};

struct updater {
    struct updater *next;
    void (*update)(void *arg);
    void *arg;
};

static struct metric_family *families;
static struct updater *updaters;

static void split_labels(struct metric_family *family, const char *labels)
{
    while (*labels) {
        const size_t length = strcspn(labels, ",");
        BUG_ON(family->label_count == METRICS_LABELS_MAX);
        family->labels[family->label_count++] = mem_printf("%.*s", (int)length, labels);
        labels += length + (labels[length] == ',');
    }
}

struct metric_family *metric_family(enum metric_kind kind, const char *name, const char *labels,
                                    const char *help)
{
    struct metric_family **link = &families;

    for (; *link; link = &(*link)->next)
        if (strcmp((*link)->name, name) == 0) {
            BUG_ON((*link)->kind != kind);
            return *link;
        }

    struct metric_family *family = mem_new(struct metric_family);
    family->kind = kind;
    family->name = name;
    family->help = help;
    split_labels(family, labels);
    *link = family;
    return family;
}

/* One byte that is no UTF-8 makes Prometheus refuse the whole page. */
static void append_label_value(struct str *to, const char *value)
{
    const bool is_utf8 = !u8_check((const uint8_t *)value, strlen(value));

    for (; *value; value++) {
        if (!is_utf8 && *value & 0x80)
            str_append(to, "?");
        else if (*value == '\\' || *value == '"')
            str_printf(to, "\\%c", *value);
        else if (*value == '\n')
            str_append(to, "\\n");
        else
            str_append_bytes(to, value, 1);
    }
}

static char *label_text(const struct metric_family *family, const char *const *values)
{
    struct str text = {0};

    for (size_t i = 0; i < family->label_count; i++) {
        BUG_ON(!values[i]);
        str_printf(&text, "%s%s=\"", i ? "," : "", family->labels[i]);
        append_label_value(&text, values[i]);
        str_append(&text, "\"");
    }
    return str_take(&text);
}

static struct metric *find_series(struct metric_family *family, const char *text)
{
    struct metric *metric = family->series;
    while (metric && strcmp(metric->label_text, text) != 0)
        metric = metric->next;
    return metric;
}

static struct metric *add_series(struct metric_family *family, char *text)
{
    struct metric *metric = mem_new(struct metric);
    metric->label_text = text;
    if (family->kind == METRIC_HISTOGRAM)
        metric->buckets = mem_calloc(ARRAY_LEN(bounds), sizeof *metric->buckets);
    metric->next = family->series;
    family->series = metric;
    family->series_count++;
    return metric;
}

struct metric *metric_series_values(struct metric_family *family, const char *const *values)
{
    static const char *const other[METRICS_LABELS_MAX] = {"other", "other", "other", "other"};
    char *text = label_text(family, values);

    struct metric *metric = find_series(family, text);
    if (!metric && family->series_count >= METRICS_SERIES_MAX) {
        mem_free(text);
        text = label_text(family, other);
        metric = find_series(family, text);
    }
    if (!metric)
        return add_series(family, text);
    mem_free(text);
    return metric;
}

void metric_add(struct metric *metric, double amount)
{
    metric->value += amount;
}

void metric_set(struct metric *metric, double value)
{
    metric->value = value;
}

void metric_observe(struct metric *metric, double seconds)
{
    size_t i = 0;
    while (i < ARRAY_LEN(bounds) && seconds > bounds[i])
        i++;
    if (i < ARRAY_LEN(bounds))
        metric->buckets[i]++;
    metric->count++;
    metric->value += seconds;
}

double metric_value(const struct metric *metric)
{
    return metric->value;
}

static void write_sample(struct str *to, const char *name, const char *suffix, const char *labels,
                         double value)
{
    str_printf(to, "%s%s", name, suffix);
    if (*labels)
        str_printf(to, "{%s}", labels);
    if (isfinite(value))
        str_printf(to, " %.15g\n", value);
    else
        str_append(to, isnan(value) ? " NaN\n" : value > 0 ? " +Inf\n" : " -Inf\n");
}

static void write_histogram(struct str *to, const char *name, const struct metric *metric)
{
    const char *comma = *metric->label_text ? "," : "";
    uint64_t below = 0;

    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        below += metric->buckets[i];
        str_printf(to, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, metric->label_text, comma,
                   bounds[i], (unsigned long long)below);
    }
    str_printf(to, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, metric->label_text, comma,
               (unsigned long long)metric->count);
    write_sample(to, name, "_sum", metric->label_text, metric->value);
    write_sample(to, name, "_count", metric->label_text, (double)metric->count);
}

void metrics_write(struct str *to)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};

    for (const struct updater *u = updaters; u; u = u->next)
        u->update(u->arg);
    for (const struct metric_family *family = families; family; family = family->next) {
        str_printf(to, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                   kinds[family->kind]);
        for (const struct metric *metric = family->series; metric; metric = metric->next) {
            if (family->kind == METRIC_HISTOGRAM)
                write_histogram(to, family->name, metric);
            else
                write_sample(to, family->name, "", metric->label_text, metric->value);
        }
    }
}

void metrics_on_write(void (*update)(void *arg), void *arg)
{
    struct updater *updater = mem_new(struct updater);
    *updater = (struct updater){.next = updaters, .update = update, .arg = arg};
    updaters = updater;
}
