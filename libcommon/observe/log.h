#pragma once

/*
 * log: one JSON object a line on standard error.
 *
 * The message is constant; what varies goes into typed fields. Time, level, service, trace id and
 * request id come by themselves. Each failure is logged once, at the edge where it ends. Never put
 * a secret, a token or a body in a field. May be called from any thread.
 *
 *     log_warn("hold expired", LOG_I64("reservation_id", id), LOG_STATUS(st));
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_REAL, LOG_KIND_STATUS };

struct log_field {
    enum log_kind kind;
    const char *key;
    union {
        const char *text;
        int64_t number;
        double real;
        const struct status *status;
    } value;
};

#define LOG_STR(name, s)  ((struct log_field){LOG_KIND_TEXT, name, {.text = (s)}})
#define LOG_I64(name, n)  ((struct log_field){LOG_KIND_INT, name, {.number = (n)}})
#define LOG_REAL(name, d) ((struct log_field){LOG_KIND_REAL, name, {.real = (d)}})
/* Three fields: code, reason, detail. `st` must be an lvalue. */
#define LOG_STATUS(st) ((struct log_field){LOG_KIND_STATUS, "", {.status = &(st)}})

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)

#define log_at(level, message, ...) \
    log_line(level, message, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

/* `service` is kept, not copied. Lines below `least` are dropped. */
void log_init(const char *service, enum log_level least);
void log_set_level(enum log_level least);

/* False for a word that is no level. */
MUST_USE bool log_level_parse(const char *word, enum log_level *ret);

/* `fields` ends with LOG_KIND_END. */
void log_line(enum log_level level, const char *message, const struct log_field *fields);
