#pragma once

/*
 * metrics: counters, gauges and histograms, written in the Prometheus text format (version 0.0.4).
 *
 * A family is made once at start and lives as long as the process; a series is one combination of
 * label values. Look a series up once and keep the pointer where it is hot. Families hold at most
 * METRICS_SERIES_MAX series; further combinations share one whose labels all read "other", so that
 * outside input cannot fill memory. Loop thread only.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum { METRICS_LABELS_MAX = 4, METRICS_SERIES_MAX = 512 };

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family;
struct metric;

/*
 * `labels` are names separated by commas, "" for none. Names follow Prometheus:
 * souk_rpc_calls_total, souk_rpc_duration_seconds. Asking again for a name gives the same family.
 */
struct metric_family *metric_family(enum metric_kind kind, const char *name, const char *labels,
                                    const char *help);

/* As many values as the family has labels. */
#define metric_series(family, ...) \
    metric_series_values(family, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
struct metric *metric_series_values(struct metric_family *family, const char *const *values);

void metric_add(struct metric *metric, double amount); /* counters: amount >= 0 */
void metric_set(struct metric *metric, double value);  /* gauges */
void metric_observe(struct metric *metric, double seconds);

/* What a gauge or counter holds now. */
double metric_value(const struct metric *metric);

void metrics_write(struct str *to);

/* A function that sets gauges right before they are written. */
void metrics_on_write(void (*update)(void *arg), void *arg);
