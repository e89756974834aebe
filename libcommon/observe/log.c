#include "observe/log.h"

#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "observe/trace.h"

static const char *service_name = "souk";
static atomic_int least_level = LOG_INFO;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void log_init(const char *service, enum log_level least)
{
    service_name = service;
    log_set_level(least);
}

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&least_level, least, memory_order_relaxed);
}

bool log_level_parse(const char *word, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(word, level_names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void add_text(json_t *line, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    if (!value) /* not UTF-8: show it was there */
        value = json_string("(not UTF-8)");
    json_object_set_new(line, key, value);
}

/* JSON has no NaN and no infinity. */
static void add_real(json_t *line, const char *key, double real)
{
    json_object_set_new(line, key, isfinite(real) ? json_real(real) : json_null());
}

static void add_time(json_t *line)
{
    char text[CLOCK_RFC3339_MAX];

    clock_rfc3339(clock_unix_us(), text);
    add_text(line, "time", text);
}

static void add_context(json_t *line)
{
    const struct trace_context *context = trace_current();

    if (context->request_id[0])
        add_text(line, "request_id", context->request_id);
    if (trace_is_set(context)) {
        char trace_id[33];
        str_hex(trace_id, context->trace_id, sizeof context->trace_id);
        add_text(line, "trace_id", trace_id);
    }
}

static void add_status(json_t *line, const struct status *st)
{
    add_text(line, "code", code_name(st->code));
    if (st->reason)
        add_text(line, "reason", st->reason);
    if (st->detail[0])
        add_text(line, "detail", st->detail);
}

static void add_field(json_t *line, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_KIND_TEXT: add_text(line, field->key, field->value.text); break;
    case LOG_KIND_INT:
        json_object_set_new(line, field->key, json_integer(field->value.number));
        break;
    case LOG_KIND_REAL: add_real(line, field->key, field->value.real); break;
    case LOG_KIND_STATUS: add_status(line, field->value.status); break;
    case LOG_KIND_END: break;
    }
}

/* One write, so that lines of threads do not mix. A log that cannot be written has nowhere to be
 * reported. */
static void write_line(json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (!text)
        return;
    const size_t length = strlen(text);
    text[length] = '\n';
    if (write(STDERR_FILENO, text, length + 1) < 0) {
    }
    free(text);
}

void log_line(enum log_level level, const char *message, const struct log_field *fields)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;

    json_t *line = json_object();
    add_time(line);
    add_text(line, "level", level_names[level]);
    add_text(line, "service", service_name);
    add_text(line, "message", message);
    for (; fields->kind != LOG_KIND_END; fields++)
        add_field(line, fields);
    add_context(line);
    write_line(line);
    json_decref(line);
}
