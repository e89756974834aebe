#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/rpc_client_internal.h"
#include "io/rpc_config.h"
#include "io/rpc_error.h"
#include "io/rpc_tls.h"
#include "observe/log.h"
#include "observe/span.h"
#include "run/task.h"

enum {
    TRIES_MAX = 3,
    RETRY_FIRST_US = 10 * 1000,
    RETRY_MOST_US = 100 * 1000,
    RECONNECT_FIRST_MS = 100,
    RECONNECT_MOST_MS = 1000,
    CONNECT_LIMIT_MS = 2000,
    RESOLVE_AGAIN_MS = 1000,
    KEEPALIVE_MS = 30 * 1000,
    KEEPALIVE_TIMEOUT_MS = 5 * 1000,
};

static grpc_channel *channel_new(const struct rpc_client_config *config)
{
#define INTEGER(name, number) \
    {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)(name), .value.integer = (number)}
    grpc_arg args[] = {
        {.type = GRPC_ARG_STRING,
         .key = (char *)(uintptr_t)GRPC_ARG_LB_POLICY_NAME,
         .value.string = (char *)(uintptr_t) "round_robin"},
        INTEGER(GRPC_ARG_ENABLE_RETRIES, 0),
        INTEGER(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        INTEGER(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        INTEGER(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
        INTEGER(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_LIMIT_MS), /* of an attempt */
        INTEGER(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MOST_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
        INTEGER(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, RESOLVE_AGAIN_MS),
        INTEGER(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                (int)config->options->rpc_response_max_kib * 1024),
        INTEGER(GRPC_ARG_ENABLE_CHANNELZ, 0),
    };
#undef INTEGER
    const grpc_channel_args list = {.num_args = ARRAY_LEN(args), .args = args};
    grpc_channel_credentials *credentials = rpc_tls_client(config->options);
    grpc_channel *channel = grpc_channel_create(config->target, credentials, &list);

    grpc_channel_credentials_release(credentials);
    return channel;
}

static struct metric *peer_metric(enum metric_kind kind, const char *name, const char *help,
                                  const char *peer)
{
    return metric_series(metric_family(kind, name, "peer", help), peer);
}

struct rpc_client *rpc_client_new(const struct rpc_client_config *config)
{
    struct rpc_client *client = mem_new(struct rpc_client);
    const char *name = config->name;

    client->name = mem_strdup(name);
    client->channel = channel_new(config);
    client->token = config->token;
    client->hedge_us = config->options->rpc_hedge_ms * CLOCK_US_PER_MS;
    client->out_max = (size_t)config->options->rpc_request_max_kib * 1024;
    retry_budget_init(&client->budget);
    breaker_init(&client->breaker, clock_mono_us());
    client->calls = metric_family(METRIC_COUNTER, "souk_rpc_client_calls_total", "peer,method,code",
                                  "Calls to a peer by how they ended, retries within");
    client->duration = peer_metric(METRIC_HISTOGRAM, "souk_rpc_client_duration_seconds",
                                   "Calls to a peer, with their retries", name);
    client->retries =
        peer_metric(METRIC_COUNTER, "souk_rpc_client_retries_total", "Calls tried again", name);
    client->hedges = peer_metric(METRIC_COUNTER, "souk_rpc_client_hedges_total",
                                 "Calls sent a second time while the first is not answered", name);
    client->breaker_state = peer_metric(METRIC_GAUGE, "souk_rpc_client_breaker",
                                        "0: closed, 1: half open, 2: open", name);
    return client;
}

void rpc_client_free(struct rpc_client *client)
{
    if (!client)
        return;
    grpc_channel_destroy(client->channel);
    mem_free(client->name);
    mem_free(client);
}

/* A read may be asked twice at a time; the one that is answered first counts. */
struct race {
    struct attempt attempts[2];
};

static void race_release(struct race *race)
{
    attempt_release(&race->attempts[0]);
    attempt_release(&race->attempts[1]);
}

static bool is_pending(const struct attempt *attempt)
{
    return attempt->core && !attempt->wait.done;
}

static bool is_answered(const struct attempt *attempt)
{
    return attempt->core && attempt->wait.done && attempt_code(attempt) != CODE_UNAVAILABLE;
}

/* Until one is answered, or nothing is left to wait for. */
static void await_either(struct attempt *one, struct attempt *other)
{
    struct status st = STATUS_OK;

    one->wait.task = other->wait.task = task_self();
    while (!is_answered(one) && !is_answered(other) && (is_pending(one) || is_pending(other)) &&
           status_ok(&st))
        st = task_park("rpc");
    one->wait.task = other->wait.task = NULL;
}

static void await_patiently(struct rpc_client *client, struct attempt *attempt)
{
    AUTO(task_deadline_end)
    struct task_deadline patience = task_deadline_in_us(client->hedge_us);

    rpc_wait_interruptibly(&attempt->wait, "rpc");
}

/* One that takes long is sent to the next replica, too. */
static struct status await_hedged(struct rpc_client *client, const struct rpc_method *method,
                                  const ProtobufCMessage *in, struct race *race)
{
    await_patiently(client, &race->attempts[0]);
    TRY(task_check());
    if (is_pending(&race->attempts[0]) && retry_budget_take(&client->budget)) {
        metric_add(client->hedges, 1);
        TRY(attempt_begin(&race->attempts[1], client, method, in));
    }
    await_either(&race->attempts[0], &race->attempts[1]);
    return STATUS_OK;
}

static struct status try_once(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              ProtobufCMessage **ret)
{
    AUTO(race_release) struct race race = {0};
    struct attempt *first = &race.attempts[0], *second = &race.attempts[1];
    struct status st = STATUS_OK;

    TRY(task_check());
    TRY(attempt_begin(first, client, method, in));
    if (client->hedge_us && !method->mutates)
        st = await_hedged(client, method, in, &race);
    else
        rpc_wait_interruptibly(&first->wait, "rpc");
    const struct attempt *counts = is_answered(second) ? second : first;
    attempt_settle(first);
    attempt_settle(second);
    TRY(st);
    return attempt_result(counts, call, method, ret);
}

static void show_breaker(struct rpc_client *client, enum breaker_state before)
{
    static const char *const states[] = {"closed", "half open", "open"};
    const enum breaker_state now = client->breaker.state;

    if (now == before)
        return;
    metric_set(client->breaker_state, (double)now);
    if (now != BREAKER_HALF_OPEN)
        log_warn("breaker", LOG_STR("peer", client->name), LOG_STR("state", states[now]));
}

/* A peer is late when it had all the time that its contract gives it, not what a caller had left. */
static enum breaker_outcome outcome_of(enum code code, bool had_time)
{
    switch (code) {
    case CODE_UNAVAILABLE: return BREAKER_FAILED;
    case CODE_DEADLINE_EXCEEDED: return had_time ? BREAKER_FAILED : BREAKER_UNKNOWN;
    case CODE_CANCELLED: return BREAKER_UNKNOWN;
    default: return BREAKER_GOOD;
    }
}

struct status rpc_client_enter(struct rpc_client *client, unsigned *ret_turn)
{
    const enum breaker_state before = client->breaker.state;

    if (!breaker_enter(&client->breaker, clock_mono_us(), ret_turn))
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "%s failed too often, it is left alone for a while", client->name);
    show_breaker(client, before);
    return STATUS_OK;
}

void rpc_client_leave(struct rpc_client *client, unsigned turn, enum code code, bool had_time)
{
    const enum breaker_state before = client->breaker.state;

    breaker_leave(&client->breaker, turn, outcome_of(code, had_time), clock_mono_us());
    show_breaker(client, before);
}

static struct status try_through_breaker(struct rpc_client *client, struct rpc_call *call,
                                         const struct rpc_method *method,
                                         const ProtobufCMessage *in, ProtobufCMessage **ret)
{
    const bool had_time = task_time_left_us() >= method->deadline_ms * CLOCK_US_PER_MS / 2;
    unsigned turn;

    TRY(rpc_client_enter(client, &turn));
    const struct status st = try_once(client, call, method, in, ret);
    rpc_client_leave(client, turn, st.code, had_time);
    return st;
}

/* Nothing was done, or it may be done again under the same request id. */
static bool may_pass(const struct rpc_call *call, const struct status *st)
{
    return st->code == CODE_UNAVAILABLE ||
           (st->code == CODE_RESOURCE_EXHAUSTED && call->details.retry_after_ms);
}

/* The peer's own wish, where it has one. */
static int64_t pause_before_retry_us(const struct rpc_call *call, struct backoff *backoff)
{
    const int64_t wish_us = call->details.retry_after_ms * CLOCK_US_PER_MS;
    const int64_t ours_us = backoff_next_us(backoff, random_u64());

    return wish_us ? wish_us + ours_us : ours_us;
}

static struct status call_with_retries(struct rpc_client *client, struct rpc_call *call,
                                       const struct rpc_method *method, const ProtobufCMessage *in,
                                       ProtobufCMessage **ret)
{
    struct backoff backoff = backoff_between(RETRY_FIRST_US, RETRY_MOST_US);

    call->may_arrive = false;
    for (int tries = 1;; tries++) {
        call->details = (struct error_details){0};
        const struct status st = try_through_breaker(client, call, method, in, ret);
        if (!may_pass(call, &st)) {
            retry_budget_succeeded(&client->budget);
            return st;
        }
        const int64_t pause_us = pause_before_retry_us(call, &backoff);
        if (!retry_budget_take(&client->budget) || tries == TRIES_MAX ||
            client->breaker.state == BREAKER_OPEN || pause_us >= task_time_left_us())
            return st;
        metric_add(client->retries, 1);
        call->may_arrive |= st.code == CODE_UNAVAILABLE;
        TRY(task_sleep_us(pause_us));
    }
}

void rpc_client_count(struct rpc_client *client, const struct rpc_method *method, enum code code)
{
    struct known_method *known = rpc_client_method(client, method);
    struct metric **calls = &known->calls[(unsigned)code < CODE_COUNT ? code : CODE_UNKNOWN];

    if (!*calls)
        *calls = metric_series(client->calls, client->name, method->name, code_name(code));
    metric_add(*calls, 1);
}

struct status rpc_client_call(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              ProtobufCMessage **ret)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(method->deadline_ms * CLOCK_US_PER_MS);
    const int64_t began_us = clock_mono_us();
    AUTO(span_end) struct span span;

    span_begin(&span, SPAN_CLIENT, method->path + 1);
    const struct status st = call_with_retries(client, call, method, in, ret);
    rpc_error_to_span(&st, &span);
    rpc_client_count(client, method, st.code);
    metric_observe(client->duration, (double)(clock_mono_us() - began_us) / CLOCK_US_PER_S);
    return st;
}
