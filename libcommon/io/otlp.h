#pragma once

/*
 * otlp: sends the spans of this process to a collector, as JSON over HTTP, in batches.
 *
 * Spans wait in a bounded queue: what does not fit, and what the collector does not take, is
 * dropped and counted (souk_trace_spans_total), so that a collector in trouble costs nothing but
 * traces. Its own calls are not traced.
 *
 * Source: OpenTelemetry Protocol 1.3, OTLP/HTTP with JSON.
 */

#include "base/attributes.h"
#include "base/status.h"

struct http;
struct loop;
struct otlp;

enum {
    OTLP_QUEUE_SPANS = 4096,
    OTLP_QUEUE_BYTES = 4 * 1024 * 1024,
    OTLP_BATCH_SPANS = 512,
    OTLP_PAUSE_MS = 1000, /* a batch that is not full waits so long */
};

struct otlp_config {
    const char *url;      /* "http://127.0.0.1:4318/v1/traces"; kept */
    const char *service;  /* service.name */
    const char *instance; /* service.instance.id */
};

/* From here on spans are kept. There is one for the process. */
MUST_USE struct status otlp_start(struct loop *loop, const struct otlp_config *config,
                                  struct otlp **ret);
/* Sends what is there, once, for at most some seconds. NULL is fine. */
SUSPENDS void otlp_stop(struct otlp *otlp);
