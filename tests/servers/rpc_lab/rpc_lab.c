/*
 * rpc_lab: libcommon's RPC server with the methods of souk/lab/v1/lab.proto, for
 * tests/servers/test_rpc.py. Takes the options of RPC, as every service does.
 */
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "io/http_admin.h"
#include "io/request.h"
#include "io/rpc_client.h"
#include "io/rpc_config.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "io/rpc_stream.h"
#include "io/rpc_tls.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/loop.h"
#include "run/sync.h"
#include "run/task.h"
#include "souk/lab/v1/lab.client.h"
#include "souk/lab/v1/lab.rpc.h"

#define LAB_CONFIG(OPTION)                                                              \
    OPTION(lab_config, CONFIG_TEXT, const char *, rpc_address, NULL, 3, 128, "RPC")     \
    OPTION(lab_config, CONFIG_TEXT, const char *, admin_address, NULL, 3, 128, "HTTP")  \
    OPTION(lab_config, CONFIG_TEXT, const char *, peer_lab, "", 0, 1024, "for Forward") \
    OPTION(lab_config, CONFIG_INT, int64_t, rpc_grace_ms, "1000", 1, 60000, "of the end")

struct lab_config {
    LAB_CONFIG(CONFIG_MEMBER)
};

static struct lab {
    struct lab_config config;
    struct rpc_config rpc_config;
    struct loop *loop;
    struct http_admin *admin;
    struct rpc_server *server;
    struct rpc_client *peer;
    struct wait_queue stop_asked;
    bool is_released; /* what was held may go on */
    struct wait_queue released;
} lab;

struct status lab_work(struct request *rq, const WorkRequest *in, WorkResponse *ret)
{
    TRY(task_sleep_us(in->sleep_ms * CLOCK_US_PER_MS));
    while (in->held && !lab.is_released)
        TRY(wait_queue_wait(&lab.released, "the test's leave"));
    ret->padding.len = (size_t)in->answer_bytes;
    ret->padding.data = arena_zalloc(rq->arena, ret->padding.len + 1);
    return STATUS_OK;
}

struct status lab_heavy(struct request *rq, const HeavyRequest *in, HeavyResponse *ret)
{
    (void)rq;
    (void)ret;
    return task_sleep_us(in->sleep_ms * CLOCK_US_PER_MS);
}

struct status lab_forward(struct request *rq, const ForwardRequest *in, ForwardResponse *ret)
{
    struct rpc_call call = {.arena = rq->arena};
    WorkRequest request;
    WorkResponse *answer;
    (void)ret;

    work_request_init(&request);
    request.sleep_ms = in->sleep_ms;
    return lab_client_work(lab.peer, &call, &request, &answer);
}

struct status lab_count(struct request *rq, const CountRequest *in, struct rpc_stream *stream)
{
    CountResponse answer;

    count_response_init(&answer);
    answer.padding.len = (size_t)in->padding_bytes;
    answer.padding.data = arena_zalloc(rq->arena, answer.padding.len + 1);
    while (!in->to || answer.number < in->to) {
        if (in->heeds_drain && rpc_stream_is_draining(stream))
            return STATUS_OK;
        answer.number++;
        TRY(lab_count_send(stream, &answer));
        TRY(task_sleep_us(in->pause_ms * CLOCK_US_PER_MS));
    }
    return STATUS_OK;
}

struct status lab_sum(struct request *rq, struct rpc_stream *stream, SumResponse *ret)
{
    SumRequest *message;
    (void)rq;

    for (;;) {
        TRY(lab_sum_recv(stream, &message));
        if (!message)
            break;
        ret->sum += message->number;
    }
    log_info("sum", LOG_I64("sum", ret->sum));
    return STATUS_OK;
}

struct status lab_twice(struct request *rq, struct rpc_stream *stream)
{
    TwiceRequest *message;
    TwiceResponse answer;
    (void)rq;

    twice_response_init(&answer);
    for (;;) {
        TRY(lab_twice_recv(stream, &message));
        if (!message)
            return STATUS_OK;
        answer.number = 2 * message->number;
        TRY(lab_twice_send(stream, &answer));
    }
}

static int show_ready(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    (void)body;
    (void)ret_type;
    return 200;
}

static int show_metrics(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    (void)ret_type;
    metrics_write(body);
    return 200;
}

static int release(void *arg, struct str *body, const char **ret_type)
{
    (void)arg;
    (void)body;
    (void)ret_type;
    lab.is_released = true;
    wait_queue_wake_all(&lab.released);
    return 200;
}

static void on_stop(void *arg)
{
    (void)arg;
    wait_queue_wake_all(&lab.stop_asked);
}

static struct status start(void)
{
    const struct rpc_served served = {.service = &lab_rpc_service};
    const struct rpc_server_config config = {
        .address = lab.config.rpc_address,
        .options = &lab.rpc_config,
        .served = &served,
        .served_count = 1,
    };

    TRY(rpc_loop_start(lab.loop, lab.rpc_config.rpc_thread));
    lab.peer = rpc_client_new(&(struct rpc_client_config){
        .name = "lab", .target = lab.config.peer_lab, .options = &lab.rpc_config});
    TRY(rpc_server_new(lab.loop, &config, &lab.server));
    rpc_server_set_serving(lab.server, true);
    TRY(http_admin_new(lab.loop, lab.config.admin_address, &lab.admin));
    http_admin_on(lab.admin, "/readyz", show_ready, NULL);
    http_admin_on(lab.admin, "/metrics", show_metrics, NULL);
    http_admin_on(lab.admin, "/release", release, NULL);
    return STATUS_OK;
}

static void live(void *arg)
{
    struct status st = rpc_tls_check(&lab.rpc_config);
    if (status_ok(&st))
        st = start();
    (void)arg;

    if (status_ok(&st)) {
        status_ignore(wait_queue_wait(&lab.stop_asked, "stop signal"), "nobody cancels it");
        rpc_server_drain(lab.server, lab.config.rpc_grace_ms * CLOCK_US_PER_MS);
        rpc_server_free(lab.server);
    } else {
        log_error("cannot start", LOG_STATUS(st));
    }
    rpc_client_free(lab.peer);
    http_admin_free(lab.admin);
    rpc_loop_stop();
    loop_stop(lab.loop);
}

int main(int argc, char **argv)
{
    static const struct config_option own[] = {LAB_CONFIG(CONFIG_ENTRY)};
    static const struct config_option rpc[] = {RPC_CONFIG(CONFIG_ENTRY)};
    const struct config_table tables[] = {
        {own, ARRAY_LEN(own), &lab.config},
        {rpc, ARRAY_LEN(rpc), &lab.rpc_config},
    };
    struct status st;

    if (config_load(tables, ARRAY_LEN(tables), argc, argv, stdout, stderr) != CONFIG_READY)
        return 2;
    log_init("rpc-lab", LOG_INFO);
    st = loop_new(&lab.loop);
    if (!status_ok(&st))
        return 1;
    loop_on_signal(lab.loop, SIGTERM, on_stop, NULL);
    if (!task_go("lab", live, NULL))
        return 1;
    loop_run(lab.loop);
    loop_free(lab.loop);
    config_release(tables, ARRAY_LEN(tables));
    return 0;
}
