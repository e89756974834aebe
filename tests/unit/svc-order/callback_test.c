#include "svc-order/callback.h"
#include "svc-order/signature.h"
#include "tests/unit/in_task.h"

static const char secret[] = "a secret of the test";
static const char good_body[] =
    "{\"event_id\":\"e-1\",\"payment_id\":\"12\",\"status\":\"SUCCEEDED\","
    "\"amount\":{\"currency\":\"EUR\",\"minor\":1999}}";

static struct callback_envelope envelope_of(const char *timestamp, const char *body,
                                            char signature[SIGNATURE_LENGTH + 1])
{
    signature_make(secret, SIGNATURE_OF_CALLBACK, timestamp, body, strlen(body), signature);
    return (struct callback_envelope){
        .timestamp = timestamp, .signature = signature, .body = body, .body_size = strlen(body)};
}

static void a_fresh_callback_of_the_provider_is_believed(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];
    const struct callback_envelope envelope = envelope_of("1700000000", good_body, signature);

    assert_ok(callback_verify(&envelope, secret, 1700000000));
    assert_ok(callback_verify(&envelope, secret, 1700000000 + CALLBACK_AGE_MAX_S));
    assert_ok(callback_verify(&envelope, secret, 1700000000 - CALLBACK_AGE_MAX_S));
}

static void one_too_old_or_from_the_future_is_not(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];
    const struct callback_envelope envelope = envelope_of("1700000000", good_body, signature);

    assert_reason(callback_verify(&envelope, secret, 1700000001 + CALLBACK_AGE_MAX_S),
                  "CALLBACK_TOO_OLD");
    assert_reason(callback_verify(&envelope, secret, 1699999999 - CALLBACK_AGE_MAX_S),
                  "CALLBACK_TOO_OLD");
}

static void a_changed_byte_anywhere_breaks_the_signature(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];
    char body[sizeof good_body];
    struct callback_envelope envelope = envelope_of("1700000000", good_body, signature);

    for (size_t i = 0; i < strlen(good_body); i++) {
        memcpy(body, good_body, sizeof body);
        body[i] ^= 1;
        envelope.body = body;
        assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
    }
    envelope.body = good_body;
    envelope.timestamp = "1700000001";
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
    envelope.timestamp = "1700000000";
    assert_reason(callback_verify(&envelope, "another secret", 1700000000), "SIGNATURE_INVALID");
    signature[0] = signature[0] == 'a' ? 'b' : 'a';
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
}

/* The customer sees what his address is signed with. */
static void the_signature_of_an_address_is_none_of_a_callback(void **state)
{
    static const char body[] = "EUR.1999";
    char signature[SIGNATURE_LENGTH + 1];
    const struct callback_envelope envelope = {
        .timestamp = "1700000000", .signature = signature, .body = body, .body_size = strlen(body)};

    signature_make(secret, SIGNATURE_OF_ADDRESS, "1700000000", body, strlen(body), signature);
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
}

static void missing_or_misshapen_headers_are_refused(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];
    struct callback_envelope envelope = envelope_of("1700000000", good_body, signature);

    envelope.signature = NULL;
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
    envelope.signature = "";
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
    envelope = envelope_of("now", good_body, signature);
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
    envelope.timestamp = NULL;
    assert_reason(callback_verify(&envelope, secret, 1700000000), "SIGNATURE_INVALID");
}

static struct status read_body(const char *body, struct arena *arena, struct callback *ret)
{
    const struct callback_envelope envelope = {.body = body, .body_size = strlen(body)};
    return callback_read(&envelope, arena, ret);
}

static void a_good_body_is_read(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct callback callback;

    assert_ok(read_body(good_body, arena, &callback));
    assert_string_equal(callback.event_id, "e-1");
    assert_int_equal(callback.payment_id, 12);
    assert_true(callback.succeeded);
    assert_string_equal(callback.amount.currency, "EUR");
    assert_int_equal(callback.amount.minor, 1999);
}

static void every_wrong_body_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "no json",
        "[]",
        "{}",
        "{\"event_id\":\"\",\"payment_id\":\"12\",\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1}}",
        "{\"event_id\":\"e\",\"payment_id\":12,\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1}}",
        "{\"event_id\":\"e\",\"payment_id\":\"12x\",\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1}}",
        "{\"event_id\":\"e\",\"payment_id\":\"12\",\"status\":\"MAYBE\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1}}",
        "{\"event_id\":\"e\",\"payment_id\":\"12\",\"status\":\"FAILED\"}",
        "{\"event_id\":\"e\",\"payment_id\":\"12\",\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"XXX\",\"minor\":1}}",
        "{\"event_id\":\"e\",\"payment_id\":\"12\",\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1.5}}",
        "{\"event_id\":\"e\",\"event_id\":\"f\",\"payment_id\":\"12\",\"status\":\"FAILED\","
        "\"amount\":{\"currency\":\"EUR\",\"minor\":1}}",
    };
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct callback callback;

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        assert_reason(read_body(bodies[i], arena, &callback), "CALLBACK_INVALID");
}

static void body_nested(void)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct callback callback;
    char body[CALLBACK_BODY_MAX + 1] = {0};

    memset(body, '[', CALLBACK_BODY_MAX);
    expect_string_equal(read_body(body, arena, &callback).reason, "CALLBACK_INVALID");
}

/* In a task, whose stack is small. */
static void a_body_that_is_nested_deep_is_refused(void **state)
{
    in_task(body_nested);
}

UNIT_TESTS(a_fresh_callback_of_the_provider_is_believed, one_too_old_or_from_the_future_is_not,
           a_changed_byte_anywhere_breaks_the_signature,
           the_signature_of_an_address_is_none_of_a_callback,
           missing_or_misshapen_headers_are_refused, a_good_body_is_read,
           every_wrong_body_is_refused, a_body_that_is_nested_deep_is_refused)
