#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/status.h"
#include "base/str.h"

static const char *const purposes[] = {
    [SIGNATURE_OF_CALLBACK] = "callback.",
    [SIGNATURE_OF_ADDRESS] = "address.",
};

void signature_make(const char *secret, enum signature_purpose purpose, const char *first,
                    const void *second, size_t second_size, char ret[SIGNATURE_LENGTH + 1])
{
    struct str signed_text = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;

    str_append(&signed_text, purposes[purpose]);
    str_append(&signed_text, first);
    str_append(&signed_text, ".");
    str_append_bytes(&signed_text, second, second_size);
    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)signed_text.text,
              signed_text.length, digest, &digest_size))
        BUG("no HMAC");
    str_release(&signed_text);
    str_hex(ret, digest, digest_size);
}

bool signature_fits(const char *given, const char expected[SIGNATURE_LENGTH + 1])
{
    return strlen(given) == SIGNATURE_LENGTH &&
           CRYPTO_memcmp(expected, given, SIGNATURE_LENGTH) == 0;
}
