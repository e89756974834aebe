#include "io/rpc_error.h"

#include <string.h>
#include <unistr.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "souk/common/v1/types.types.h"

enum {
    DETAILS_MAX = 3,
    /* Of all violations: HTTP/2 peers drop an answer with more than 8 KiB of trailers. */
    VIOLATION_BYTES_MAX = 4096,
    RETRY_AFTER_MAX_S = 24 * 3600,
};

#define TYPE_PREFIX "type.googleapis.com/google.rpc."

typedef Google__Rpc__ErrorInfo__MetadataEntry MetadataEntry;
typedef Google__Rpc__BadRequest__FieldViolation FieldViolation;

/* A string field that is no UTF-8 makes the whole message unreadable: better a few question marks. */
static char *clean(const char *text, struct arena *arena)
{
    if (!u8_check((const uint8_t *)text, strlen(text)))
        return (char *)(uintptr_t)text;
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c; c++)
        if (*c & 0x80)
            *c = '?';
    return copy;
}

static Google__Protobuf__Any *pack_any(const char *type_url, const ProtobufCMessage *message,
                                       struct arena *arena)
{
    const struct pb_bytes bytes = pb_pack(message, arena);
    Google__Protobuf__Any *any = arena_new_of(arena, Google__Protobuf__Any);

    google__protobuf__any__init(any);
    any->type_url = arena_strdup(arena, type_url);
    any->value = (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.at};
    return any;
}

static Google__Protobuf__Any *pack_info(const struct status *st, const char *domain,
                                        const struct error_details *details, struct arena *arena)
{
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    MetadataEntry entries[ERROR_METADATA_MAX];
    MetadataEntry *pointers[ERROR_METADATA_MAX];

    info.reason = (char *)(uintptr_t)(st->reason ? st->reason : code_name(st->code));
    info.domain = (char *)(uintptr_t)domain;
    for (size_t i = 0; i < details->metadata_count; i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        entries[i].key = (char *)(uintptr_t)details->metadata[i].key;
        entries[i].value = clean(details->metadata[i].value, arena);
        pointers[i] = &entries[i];
    }
    info.n_metadata = details->metadata_count;
    info.metadata = pointers;
    return pack_any(TYPE_PREFIX "ErrorInfo", &info.base, arena);
}

/* The first ones; those who mend them will hear of the others. */
static size_t violations_that_fit(const struct error_details *details)
{
    size_t count = 0, bytes = 0;

    for (; count < details->violation_count; count++) {
        const struct pb_violation *violation = &details->violations[count];
        bytes += strlen(violation->field) + strlen(violation->description) + 8;
        if (bytes > VIOLATION_BYTES_MAX)
            break;
    }
    return count;
}

static Google__Protobuf__Any *pack_bad_request(const struct error_details *details,
                                               struct arena *arena)
{
    Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
    const size_t count = violations_that_fit(details);
    FieldViolation *violations = arena_array_of(arena, FieldViolation, count);

    bad.n_field_violations = count;
    bad.field_violations = arena_array_of(arena, FieldViolation *, count);
    for (size_t i = 0; i < count; i++) {
        google__rpc__bad_request__field_violation__init(&violations[i]);
        violations[i].field = clean(details->violations[i].field, arena);
        violations[i].description = clean(details->violations[i].description, arena);
        bad.field_violations[i] = &violations[i];
    }
    return pack_any(TYPE_PREFIX "BadRequest", &bad.base, arena);
}

static Google__Protobuf__Any *pack_retry(int64_t after_ms, struct arena *arena)
{
    Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;

    delay.seconds = after_ms / 1000;
    delay.nanos = (int32_t)(after_ms % 1000 * 1000000);
    retry.retry_delay = &delay;
    return pack_any(TYPE_PREFIX "RetryInfo", &retry.base, arena);
}

struct pb_bytes rpc_error_encode(const struct status *st, const char *domain,
                                 const struct error_details *details, struct arena *arena)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any *any[DETAILS_MAX];

    status.code = (int32_t)st->code;
    status.message = clean(st->detail, arena);
    status.details = any;
    any[status.n_details++] = pack_info(st, domain, details, arena);
    if (details->violation_count)
        any[status.n_details++] = pack_bad_request(details, arena);
    if (details->retry_after_ms)
        any[status.n_details++] = pack_retry(details->retry_after_ms, arena);
    return pb_pack(&status.base, arena);
}

static const char *literal_of(const char *word, const struct reason_list *reasons)
{
    for (size_t i = 0; reasons && i < reasons->count; i++)
        if (strcmp(reasons->reasons[i], word) == 0)
            return reasons->reasons[i];
    return NULL;
}

static void take_info(const Google__Protobuf__Any *any, const struct reason_list *reasons,
                      struct arena *arena, struct status *ret, struct error_details *ret_details)
{
    const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)pb_unpack(
        &google__rpc__error_info__descriptor, any->value.data, any->value.len, arena);

    if (!info)
        return;
    ret->reason = literal_of(info->reason, reasons);
    if (!ret->reason)
        ret->reason = literal_of(info->reason, &souk_common_v1_reasons);
    for (size_t i = 0; i < info->n_metadata && ret_details->metadata_count < ERROR_METADATA_MAX;
         i++)
        ret_details->metadata[ret_details->metadata_count++] = (struct error_metadata){
            .key = info->metadata[i]->key,
            .value = info->metadata[i]->value,
        };
}

static void take_bad_request(const Google__Protobuf__Any *any, struct arena *arena,
                             struct error_details *ret_details)
{
    const Google__Rpc__BadRequest *bad = (const Google__Rpc__BadRequest *)pb_unpack(
        &google__rpc__bad_request__descriptor, any->value.data, any->value.len, arena);

    for (size_t i = 0; bad && i < bad->n_field_violations; i++) {
        if (ret_details->violation_count == PB_CHECK_VIOLATIONS_MAX)
            break;
        error_details_field(ret_details, arena, bad->field_violations[i]->field,
                            bad->field_violations[i]->description);
    }
}

static void take_retry(const Google__Protobuf__Any *any, struct arena *arena,
                       struct error_details *ret_details)
{
    const Google__Rpc__RetryInfo *retry = (const Google__Rpc__RetryInfo *)pb_unpack(
        &google__rpc__retry_info__descriptor, any->value.data, any->value.len, arena);

    if (!retry || !retry->retry_delay || retry->retry_delay->seconds < 0)
        return;
    const int64_t seconds = retry->retry_delay->seconds;
    ret_details->retry_after_ms = seconds < RETRY_AFTER_MAX_S
                                      ? seconds * 1000 + retry->retry_delay->nanos / 1000000
                                      : RETRY_AFTER_MAX_S * 1000;
}

void rpc_error_decode(const void *bytes, size_t size, const struct reason_list *reasons,
                      struct arena *arena, struct status *ret, struct error_details *ret_details)
{
    const Google__Rpc__Status *status = (const Google__Rpc__Status *)pb_unpack(
        &google__rpc__status__descriptor, bytes, size, arena);

    if (!status || status->code != (int32_t)ret->code)
        return;
    *ret_details = (struct error_details){0};
    for (size_t i = 0; i < status->n_details; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        if (strcmp(any->type_url, TYPE_PREFIX "ErrorInfo") == 0)
            take_info(any, reasons, arena, ret, ret_details);
        else if (strcmp(any->type_url, TYPE_PREFIX "BadRequest") == 0)
            take_bad_request(any, arena, ret_details);
        else if (strcmp(any->type_url, TYPE_PREFIX "RetryInfo") == 0)
            take_retry(any, arena, ret_details);
    }
}

static bool is_servers_fault(enum code code)
{
    switch (code) {
    case CODE_UNKNOWN:
    case CODE_DEADLINE_EXCEEDED:
    case CODE_UNIMPLEMENTED:
    case CODE_INTERNAL:
    case CODE_UNAVAILABLE:
    case CODE_DATA_LOSS: return true;
    default: return false;
    }
}

void rpc_error_to_span(const struct status *st, struct span *span)
{
    if (!span_is_recorded(span))
        return;
    span_text(span, "rpc.system", "grpc");
    span_number(span, "rpc.grpc.status_code", st->code);
    if (span->kind != SPAN_SERVER || is_servers_fault(st->code))
        span_status(span, st);
}
