/*
 * souk_server: bench.Echo/Unary on libcommon, as a service would serve it: a task a call, the contract
 * checked, metrics counted. For tests/bench/rpc/echo.py.
 */
#include <stdio.h>

#include "bench/rpc/echo.pb-c.h"
#include "io/request.h"
#include "io/rpc_config.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/task.h"

static const struct pb_field_rule line_fields[] = {
    {.name = "sku", .number = 1, .kind = PB_STRING, .max_len = 256},
    {.name = "quantity", .number = 2, .kind = PB_INT32},
    {.name = "unit_minor", .number = 3, .kind = PB_INT64},
};
static const struct pb_message_rule line_rule = {
    .name = "bench.EchoLine",
    .size = sizeof(Bench__EchoLine),
    .fields = line_fields,
    .field_count = ARRAY_LEN(line_fields),
};
static const struct pb_field_rule request_fields[] = {
    {.name = "id", .number = 1, .kind = PB_INT64},
    {.name = "customer", .number = 2, .kind = PB_STRING, .max_len = 256},
    {.name = "lines",
     .number = 3,
     .kind = PB_MESSAGE,
     .repeated = true,
     .max_items = 100,
     .message = &line_rule},
    {.name = "note", .number = 4, .kind = PB_STRING, .max_len = 256},
};
static const struct pb_message_rule request_rule = {
    .name = "bench.EchoRequest",
    .size = sizeof(Bench__EchoRequest),
    .fields = request_fields,
    .field_count = ARRAY_LEN(request_fields),
};
static const struct rpc_method unary = {
    .path = "/bench.Echo/Unary",
    .name = "Unary",
    .in = &bench__echo_request__descriptor,
    .out = &bench__echo_response__descriptor,
    .in_rule = &request_rule,
    .roles = ROLE_BIT(ROLE_ANONYMOUS),
    .deadline_ms = 1000,
    .weight = 1,
};

static struct status serve_unary(struct request *rq, const ProtobufCMessage *in,
                                 ProtobufCMessage *ret)
{
    const Bench__EchoRequest *request = (const Bench__EchoRequest *)in;
    Bench__EchoResponse *response = (Bench__EchoResponse *)ret;
    (void)rq;

    response->id = request->id;
    response->status = (char *)(uintptr_t) "RESERVED";
    response->n_lines = request->n_lines;
    response->lines = request->lines;
    response->note = request->note;
    return STATUS_OK;
}

static const struct rpc_method *const methods[] = {&unary};
static const rpc_handler handlers[] = {serve_unary};
static const struct rpc_service echo = {
    .name = "bench.Echo",
    .domain = "bench",
    .methods = methods,
    .handlers = handlers,
    .method_count = 1,
};

int main(int argc, char **argv)
{
    const struct rpc_served served = {.service = &echo};
    static const struct config_option entries[] = {RPC_CONFIG(CONFIG_ENTRY)};
    struct rpc_config options;
    const struct config_table table = {entries, ARRAY_LEN(entries), &options};
    const struct rpc_server_config config = {
        .address = "127.0.0.1:0", .options = &options, .served = &served, .served_count = 1};
    struct loop *loop;
    struct rpc_server *server;

    if (config_load(&table, 1, argc, argv, stdout, stderr) != CONFIG_READY)
        return 2;
    struct status st = loop_new(&loop);

    if (status_ok(&st))
        st = rpc_loop_start(loop, options.rpc_thread);
    if (status_ok(&st))
        st = rpc_server_new(loop, &config, &server);
    if (!status_ok(&st)) {
        log_error("cannot start", LOG_STATUS(st));
        return 1;
    }
    printf("%d\n", rpc_server_port(server));
    fflush(stdout);
    loop_run(loop);
}
