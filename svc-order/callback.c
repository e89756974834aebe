#include "callback.h"

#include <jansson.h>
#include <string.h>

#include "base/json_depth.h"
#include "base/str.h"
#include "signature.h"

enum { DEPTH_MAX = 32 };

static struct status unsigned_callback(const char *why)
{
    return status_error(CODE_UNAUTHENTICATED, "SIGNATURE_INVALID", "%s", why);
}

struct status callback_verify(const struct callback_envelope *envelope, const char *secret,
                              int64_t now_s)
{
    char expected[SIGNATURE_LENGTH + 1];
    int64_t sent_s;

    if (!envelope->timestamp || !envelope->signature)
        return unsigned_callback("x-souk-timestamp or x-souk-signature is missing");
    if (strlen(envelope->signature) != SIGNATURE_LENGTH ||
        !str_to_i64(envelope->timestamp, &sent_s))
        return unsigned_callback("x-souk-timestamp or x-souk-signature has a wrong form");
    signature_make(secret, SIGNATURE_OF_CALLBACK, envelope->timestamp, envelope->body,
                   envelope->body_size, expected);
    if (!signature_fits(envelope->signature, expected))
        return unsigned_callback("the signature is not the provider's");
    if (sent_s < now_s - CALLBACK_AGE_MAX_S || sent_s > now_s + CALLBACK_AGE_MAX_S)
        return status_error(CODE_UNAUTHENTICATED, "CALLBACK_TOO_OLD",
                            "x-souk-timestamp is not of these %d seconds", CALLBACK_AGE_MAX_S);
    return STATUS_OK;
}

static struct status invalid(const char *what)
{
    return status_error(CODE_INVALID_ARGUMENT, "CALLBACK_INVALID", "%s", what);
}

static struct status read_amount(const json_t *root, struct money *ret)
{
    const json_t *amount = json_object_get(root, "amount");
    const char *currency = json_string_value(json_object_get(amount, "currency"));
    const json_t *minor = json_object_get(amount, "minor");

    if (!currency || !json_is_integer(minor))
        return invalid("amount is not {currency, minor}");
    const struct status st = money_make(currency, json_integer_value(minor), ret);
    return status_ok(&st) ? STATUS_OK : invalid("amount.currency is not known");
}

static struct status read_fields(const json_t *root, struct arena *arena, struct callback *ret)
{
    const char *event_id = json_string_value(json_object_get(root, "event_id"));
    const char *payment_id = json_string_value(json_object_get(root, "payment_id"));
    const char *status = json_string_value(json_object_get(root, "status"));

    if (!event_id || !*event_id || strlen(event_id) > 64)
        return invalid("event_id must have 1 to 64 characters");
    if (!payment_id || !str_to_i64(payment_id, &ret->payment_id))
        return invalid("payment_id must be a number as text");
    if (!status || (strcmp(status, "SUCCEEDED") != 0 && strcmp(status, "FAILED") != 0))
        return invalid("status must be SUCCEEDED or FAILED");
    ret->event_id = arena_strdup(arena, event_id);
    ret->succeeded = strcmp(status, "SUCCEEDED") == 0;
    return read_amount(root, &ret->amount);
}

struct status callback_read(const struct callback_envelope *envelope, struct arena *arena,
                            struct callback *ret)
{
    json_error_t error;

    if (envelope->body_size > CALLBACK_BODY_MAX)
        return invalid("the body is too large");
    if (json_is_deeper(envelope->body, envelope->body_size, DEPTH_MAX))
        return invalid("the body is nested too deep");
    json_t *root = json_loadb(envelope->body, envelope->body_size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return invalid("the body is no JSON");
    const struct status st = read_fields(root, arena, ret);
    json_decref(root);
    return st;
}
