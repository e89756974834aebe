/*
 * The services that every gRPC process has: health v1, reflection v1 and v1alpha.
 */
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "io/reflection.h"
#include "io/rpc_server_internal.h"

typedef Grpc__Health__V1__HealthCheckRequest HealthCheckRequest;
typedef Grpc__Health__V1__HealthCheckResponse HealthCheckResponse;
typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus ServingStatus;
typedef Grpc__Reflection__V1__ServerReflectionRequest ReflectionRequest;
typedef Grpc__Reflection__V1__ServerReflectionResponse ReflectionResponse;

#define SERVING         GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

static const char *const standard_services[] = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
};

enum { REFLECTION_ARENA_MAX = 64 * 1024 * 1024 };

static ServingStatus status_of(const struct rpc_server *server, const char *service)
{
    const ServingStatus now = server->serving ? SERVING : NOT_SERVING;

    if (!*service)
        return now;
    for (size_t i = 0; i < server->service_count; i++)
        if (strcmp(server->services[i].service->name, service) == 0)
            return now;
    return SERVICE_UNKNOWN;
}

static bool receive_check(struct server_call *call, const char **ret_service)
{
    ProtobufCMessage *message;

    const struct status st = rpc_stream_recv(&call->stream, &message);
    if (!status_ok(&st) || !message)
        return false;
    *ret_service = ((const HealthCheckRequest *)message)->service;
    return true;
}

static bool sent(struct server_call *call, const ProtobufCMessage *message)
{
    const struct status st = rpc_stream_send(&call->stream, message);
    return status_ok(&st);
}

static bool send_health(struct server_call *call, ServingStatus status)
{
    HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    response.status = status;
    return sent(call, &response.base);
}

static struct status no_request(void)
{
    return status_error(CODE_INVALID_ARGUMENT, "MALFORMED_MESSAGE", "no request came");
}

static struct status health_check(struct server_call *call)
{
    const char *service;

    if (!receive_check(call, &service))
        return no_request();
    const ServingStatus status = status_of(call->server, service);
    if (status == SERVICE_UNKNOWN)
        return status_error(CODE_NOT_FOUND, "NOT_FOUND", "%.60s is not served here", service);
    send_health(call, status);
    return STATUS_OK;
}

static struct status health_watch(struct server_call *call)
{
    const char *service;

    if (!receive_check(call, &service))
        return no_request();
    for (;;) {
        const ServingStatus shown = status_of(call->server, service);
        if (!send_health(call, shown))
            return STATUS_OK;
        while (status_of(call->server, service) == shown) {
            if (call->server->draining)
                return STATUS_OK;
            TRY(wait_queue_wait(&call->server->health_changed, "health watch"));
        }
    }
}

static bool send_error(struct server_call *call, ReflectionResponse response, enum code code,
                       const char *text)
{
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;

    error.error_code = (int32_t)code;
    error.error_message = (char *)(uintptr_t)text;
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    response.error_response = &error;
    return sent(call, &response.base);
}

static bool send_services(struct server_call *call, ReflectionResponse response)
{
    enum { MOST = RPC_SERVICES_MAX + ARRAY_LEN(standard_services) };
    const struct rpc_server *server = call->server;
    Grpc__Reflection__V1__ListServiceResponse list =
        GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Grpc__Reflection__V1__ServiceResponse services[MOST];
    Grpc__Reflection__V1__ServiceResponse *pointers[MOST];

    for (size_t i = 0; i < server->service_count + ARRAY_LEN(standard_services); i++) {
        const char *name = i < server->service_count ? server->services[i].service->name
                                                     : standard_services[i - server->service_count];
        grpc__reflection__v1__service_response__init(&services[i]);
        services[i].name = (char *)(uintptr_t)name;
        pointers[i] = &services[i];
        list.n_service++;
    }
    list.service = pointers;
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    response.list_services_response = &list;
    return sent(call, &response.base);
}

static bool send_files(struct server_call *call, ReflectionResponse response,
                       const struct pb_bytes *files, size_t count)
{
    Grpc__Reflection__V1__FileDescriptorResponse found =
        GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;

    if (!count)
        return send_error(call, response, CODE_NOT_FOUND, "not found");
    found.n_file_descriptor_proto = count;
    found.file_descriptor_proto = arena_array_of(call->arena, ProtobufCBinaryData, count);
    for (size_t i = 0; i < count; i++)
        found.file_descriptor_proto[i] =
            (ProtobufCBinaryData){.len = files[i].size, .data = (uint8_t *)(uintptr_t)files[i].at};
    response.message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    response.file_descriptor_response = &found;
    return sent(call, &response.base);
}

static bool answer_reflection(struct server_call *call, const struct reflection *reflection,
                              ReflectionRequest *request)
{
    ReflectionResponse response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    struct pb_bytes *files = NULL;
    size_t count;

    response.valid_host = request->host;
    response.original_request = request;
    switch (request->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        return send_services(call, response);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        count = reflection_file(reflection, request->file_by_filename, call->arena, &files);
        return send_files(call, response, files, count);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        count = reflection_symbol(reflection, request->file_containing_symbol, call->arena, &files);
        return send_files(call, response, files, count);
    default: return send_error(call, response, CODE_UNIMPLEMENTED, "extensions are not served");
    }
}

/* One for all streams: it takes half a MiB. */
static const struct reflection *reflection_of(struct rpc_server *server)
{
    if (!server->reflection) {
        server->reflection_arena = arena_new(REFLECTION_ARENA_MAX);
        server->reflection = reflection_open(server->reflection_arena);
    }
    return server->reflection;
}

static struct status reflection_info(struct server_call *call)
{
    const struct reflection *reflection = reflection_of(call->server);
    ProtobufCMessage *request;

    for (;;) {
        TRY(rpc_stream_recv(&call->stream, &request));
        if (!request || !answer_reflection(call, reflection, (ReflectionRequest *)request))
            return STATUS_OK;
        arena_reset(call->arena);
    }
}

void rpc_standard_methods(struct served_method methods[RPC_STANDARD_METHODS])
{
#define STANDARD(path_, in_, standard_)                        \
    {                                                          \
        .path = (path_), .in = &(in_), .standard = (standard_) \
    }
    const struct served_method standard[RPC_STANDARD_METHODS] = {
        STANDARD("/grpc.health.v1.Health/Check", grpc__health__v1__health_check_request__descriptor,
                 health_check),
        STANDARD("/grpc.health.v1.Health/Watch", grpc__health__v1__health_check_request__descriptor,
                 health_watch),
        STANDARD("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                 grpc__reflection__v1__server_reflection_request__descriptor, reflection_info),
        STANDARD("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 grpc__reflection__v1__server_reflection_request__descriptor, reflection_info),
    };
#undef STANDARD
    memcpy(methods, standard, sizeof standard);
}
