#include "io/rpc_error.h"

#include <unistr.h>

#include "base/str.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/inventory.types.h"
#include "tests/unit/unit.h"

/* What the other side makes of it. */
static struct status arrives(const struct status *st, const struct error_details *details,
                             const struct reason_list *reasons, struct arena *arena,
                             struct error_details *ret_details)
{
    const struct pb_bytes bytes = rpc_error_encode(st, "souk.inventory", details, arena);
    struct status arrived = {.code = st->code};

    rpc_error_decode(bytes.at, bytes.size, reasons, arena, &arrived, ret_details);
    return arrived;
}

/* The literal of the list, which outlives every arena. */
static void assert_literal(const char *reason, const struct reason_list *list, const char *wanted)
{
    assert_non_null(reason);
    assert_string_equal(reason, wanted);
    for (size_t i = 0; i < list->count; i++)
        if (list->reasons[i] == reason)
            return;
    fail_msg("%s is a copy", reason);
}

static void a_refusal_arrives_with_all_it_says(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st =
        status_error(CODE_FAILED_PRECONDITION, REASON_INSUFFICIENT_STOCK, "3 are free");
    struct error_details details = {.retry_after_ms = 1500}, arrived_details = {0};

    error_details_add(&details, arena, "sku", "42");
    error_details_add(&details, arena, "free", "3");
    error_details_field(&details, arena, "lines[0].quantity", "is too much");
    const struct status arrived =
        arrives(&st, &details, &souk_inventory_v1_reasons, arena, &arrived_details);
    assert_literal(arrived.reason, &souk_inventory_v1_reasons, REASON_INSUFFICIENT_STOCK);
    assert_string_equal(error_details_find(&arrived_details, "sku"), "42");
    assert_string_equal(error_details_find(&arrived_details, "free"), "3");
    assert_int_equal(arrived_details.violation_count, 1);
    assert_string_equal(arrived_details.violations[0].field, "lines[0].quantity");
    assert_string_equal(arrived_details.violations[0].description, "is too much");
    assert_int_equal(arrived_details.retry_after_ms, 1500);
}

static void the_wire_form_is_googles(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st = status_error(CODE_ABORTED, "CONTENTION", "again");
    const struct error_details none = {0};
    const struct pb_bytes bytes = rpc_error_encode(&st, "souk.common", &none, arena);
    const Google__Rpc__Status *status = (const Google__Rpc__Status *)pb_unpack(
        &google__rpc__status__descriptor, bytes.at, bytes.size, arena);

    assert_non_null(status);
    assert_int_equal(status->code, 10);
    assert_string_equal(status->message, "again");
    assert_int_equal(status->n_details, 1);
    assert_string_equal(status->details[0]->type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)pb_unpack(
        &google__rpc__error_info__descriptor, status->details[0]->value.data,
        status->details[0]->value.len, arena);
    assert_string_equal(info->reason, "CONTENTION");
    assert_string_equal(info->domain, "souk.common");
}

static void a_status_without_a_reason_is_told_by_its_code(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st = {.code = CODE_UNAVAILABLE};
    struct error_details none = {0}, arrived_details = {0};
    const struct status arrived = arrives(&st, &none, NULL, arena, &arrived_details);

    assert_null(arrived.reason); /* "UNAVAILABLE" is no declared reason */
}

static void reasons_of_the_common_contract_are_known_to_all(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st = status_error(CODE_RESOURCE_EXHAUSTED, REASON_OVERLOADED, "later");
    struct error_details none = {0}, arrived_details = {0};

    assert_literal(arrives(&st, &none, NULL, arena, &arrived_details).reason,
                   &souk_common_v1_reasons, REASON_OVERLOADED);
    const struct status strange = status_error(CODE_ABORTED, "NEVER_DECLARED", "?");
    assert_null(
        arrives(&strange, &none, &souk_inventory_v1_reasons, arena, &arrived_details).reason);
}

static void bytes_that_are_no_status_change_nothing(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    struct status st = {.code = CODE_ABORTED, .reason = "BEFORE"};
    struct error_details details = {.retry_after_ms = 7};
    const struct status other = status_error(CODE_INTERNAL, "INTERNAL", "of another code");
    const struct error_details none = {0};
    const struct pb_bytes bytes = rpc_error_encode(&other, "souk.common", &none, arena);

    rpc_error_decode("\xff\xff\xff", 3, NULL, arena, &st, &details);
    rpc_error_decode(bytes.at, bytes.size, NULL, arena, &st, &details);
    assert_string_equal(st.reason, "BEFORE");
    assert_int_equal(details.retry_after_ms, 7);
}

/* A status with this detail so many times over. */
static struct pb_bytes status_with(const char *type, const ProtobufCMessage *detail, size_t count,
                                   struct arena *arena)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT, *anys[10];
    const struct pb_bytes bytes = pb_pack(detail, arena);
    char url[100];

    snprintf(url, sizeof url, "type.googleapis.com/google.rpc.%s", type);
    any.type_url = url;
    any.value.data = (uint8_t *)(uintptr_t)bytes.at;
    any.value.len = bytes.size;
    for (size_t i = 0; i < count; i++)
        anys[i] = &any;
    status.code = CODE_ABORTED;
    status.details = anys;
    status.n_details = count;
    return pb_pack(&status.base, arena);
}

static void a_peer_cannot_say_more_than_there_is_room_for(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    Google__Rpc__ErrorInfo__MetadataEntry entry = GOOGLE__RPC__ERROR_INFO__METADATA_ENTRY__INIT;
    Google__Rpc__ErrorInfo__MetadataEntry *entries[] = {&entry, &entry, &entry, &entry, &entry};
    struct status st = {.code = CODE_ABORTED};
    struct error_details details;

    entry.key = (char *)(uintptr_t) "key";
    entry.value = (char *)(uintptr_t) "value";
    info.n_metadata = ARRAY_LEN(entries);
    info.metadata = entries;
    const struct pb_bytes bytes = status_with("ErrorInfo", &info.base, 10, arena);
    rpc_error_decode(bytes.at, bytes.size, NULL, arena, &st, &details);
    assert_int_equal(details.metadata_count, ERROR_METADATA_MAX);
}

/* Each takes two bytes of the trailer and far more of the arena. */
static void a_peer_cannot_name_more_fields_than_a_request_may_have_wrong(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
    Google__Rpc__BadRequest__FieldViolation empty = GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
    Google__Rpc__BadRequest__FieldViolation *violations[2000];
    struct status st = {.code = CODE_ABORTED};
    struct error_details details;

    for (size_t i = 0; i < ARRAY_LEN(violations); i++)
        violations[i] = &empty;
    bad.n_field_violations = ARRAY_LEN(violations);
    bad.field_violations = violations;
    const struct pb_bytes bytes = status_with("BadRequest", &bad.base, 1, arena);
    rpc_error_decode(bytes.at, bytes.size, NULL, arena, &st, &details);
    assert_int_equal(details.violation_count, PB_CHECK_VIOLATIONS_MAX);
}

static void a_retry_delay_beyond_reason_does_not_wrap(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    static const int64_t seconds[] = {INT64_MAX, INT64_MIN, -5};
    struct status st = {.code = CODE_ABORTED};

    retry.retry_delay = &delay;
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        struct error_details details;
        delay.seconds = seconds[i];
        const struct pb_bytes bytes = status_with("RetryInfo", &retry.base, 1, arena);
        rpc_error_decode(bytes.at, bytes.size, NULL, arena, &st, &details);
        assert_in_range(details.retry_after_ms, 0, 24 * 3600 * 1000);
    }
}

static void texts_that_are_no_utf8_do_not_spoil_the_message(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st = {.code = CODE_INTERNAL, .reason = "INTERNAL", .detail = "a\xff\xfez"};
    struct error_details details = {0};

    error_details_add(&details, arena, "name", "b\xe4y");
    error_details_field(&details, arena, "field", "c\x80x");
    const struct pb_bytes bytes = rpc_error_encode(&st, "souk.common", &details, arena);
    assert_null(memmem(bytes.at, bytes.size, "\xff\xfe", 2));
    assert_non_null(memmem(bytes.at, bytes.size, "a??z", 4));
    assert_non_null(memmem(bytes.at, bytes.size, "b?y", 3));
    assert_non_null(memmem(bytes.at, bytes.size, "c?x", 3));
}

/* HTTP/2 peers take 8 KiB of trailers and drop the whole answer when there is more. */
static void a_refusal_fits_a_trailer_however_much_is_wrong(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct status st = status_error(CODE_INVALID_ARGUMENT, "FIELDS_INVALID", "50 fields");
    struct error_details details = {.retry_after_ms = 1}, arrived_details = {0};
    char text[300];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < ERROR_METADATA_MAX; i++)
        error_details_add(&details, arena, "key", "%s", text);
    for (int i = 0; i < 50; i++)
        error_details_field(&details, arena, text, text);
    assert_in_range(rpc_error_encode(&st, "souk.common", &details, arena).size, 4096, 7000);
    arrives(&st, &details, NULL, arena, &arrived_details);
    assert_in_range(arrived_details.violation_count, 5, 49);
}

UNIT_TESTS(a_refusal_arrives_with_all_it_says, the_wire_form_is_googles,
           a_status_without_a_reason_is_told_by_its_code,
           reasons_of_the_common_contract_are_known_to_all, bytes_that_are_no_status_change_nothing,
           a_peer_cannot_say_more_than_there_is_room_for,
           a_peer_cannot_name_more_fields_than_a_request_may_have_wrong,
           a_retry_delay_beyond_reason_does_not_wrap,
           texts_that_are_no_utf8_do_not_spoil_the_message,
           a_refusal_fits_a_trailer_however_much_is_wrong)
