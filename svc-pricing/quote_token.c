#include "quote_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

#include "base/base64url.h"

enum { FORMAT = 1, FORMAT_SIZE = 1, MAC_SIZE = 32 };

static void sign(const char *secret, const uint8_t *bytes, size_t size, uint8_t ret[MAC_SIZE])
{
    unsigned length = 0;

    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), bytes, size, ret, &length) ||
        length != MAC_SIZE)
        BUG("no HMAC-SHA256");
}

struct status quote_token_make(const void *quote, size_t size, const char *secret,
                               struct arena *arena, char **ret)
{
    const size_t whole = FORMAT_SIZE + size + MAC_SIZE;
    const size_t length = base64url_length(whole);

    if (length > QUOTE_TOKEN_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "the quote's token would have %zu characters", length);
    uint8_t *bytes = arena_alloc(arena, whole);
    char *token = arena_alloc(arena, length + 1);
    bytes[0] = FORMAT;
    memcpy(bytes + FORMAT_SIZE, quote, size);
    sign(secret, bytes, FORMAT_SIZE + size, bytes + FORMAT_SIZE + size);
    base64url_encode(token, bytes, whole);
    *ret = token;
    return STATUS_OK;
}

static struct status invalid(void)
{
    return status_error(CODE_INVALID_ARGUMENT, "QUOTE_INVALID",
                        "quote_token is none of ours, or was altered");
}

struct status quote_token_open(const char *token, const char *secret, struct arena *arena,
                               const void **ret_quote, size_t *ret_size)
{
    const size_t length = strlen(token);
    uint8_t mac[MAC_SIZE];
    size_t whole;

    if (length > QUOTE_TOKEN_MAX)
        return invalid();
    uint8_t *bytes = arena_alloc(arena, length / 4 * 3 + 3);
    if (!base64url_decode(token, length, bytes, &whole) || whole < FORMAT_SIZE + MAC_SIZE)
        return invalid();
    const size_t signed_size = whole - MAC_SIZE;
    sign(secret, bytes, signed_size, mac);
    if (CRYPTO_memcmp(mac, bytes + signed_size, MAC_SIZE) != 0 || bytes[0] != FORMAT)
        return invalid();
    *ret_quote = bytes + FORMAT_SIZE;
    *ret_size = signed_size - FORMAT_SIZE;
    return STATUS_OK;
}
