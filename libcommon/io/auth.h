#pragma once

/*
 * auth: is the caller who it says? Checks bearer tokens (JWT, ES256).
 *
 * A key file names for each key its id, algorithm, issuer and the roles it may give:
 *
 *     {"keys": [{"kid": "auth-1", "alg": "ES256", "iss": "https://auth.souk.example",
 *                "roles": ["customer", "merchant"], "public_key_pem": "..."}]}
 *
 * The token's kid picks the key, and with it algorithm, issuer and roles; what the token says of
 * its own algorithm must agree and is never believed (libjwt would: HS256 "signed" with a public
 * key). Tokens that passed are remembered by SHA-256 until they expire.
 *
 * Source: RFC 7519, RFC 8725; DESIGN 5.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/request.h"

#define AUTH_AUDIENCE "souk-api"

enum {
    AUTH_CLOCK_SKEW_S = 30,
    AUTH_TOKEN_MAX = 4096, /* longest token */
};

struct auth;

/* `keys_json` is the key file's text. INVALID_ARGUMENT KEYS_INVALID says what is wrong with it. */
MUST_USE struct status auth_new(const char *keys_json, struct auth **ret);
void auth_free(struct auth *auth); /* NULL is fine */

/*
 * From now on only these keys. Not OK, as of auth_new: the old ones stay. Tokens that were
 * remembered are forgotten, so those of a key that is gone are refused at once.
 */
MUST_USE struct status auth_replace_keys(struct auth *auth, const char *keys_json);

/*
 * `authorization` is the header's value. Without one (NULL) the caller is ROLE_ANONYMOUS.
 * UNAUTHENTICATED UNAUTHENTICATED or TOKEN_EXPIRED. Never suspends; 40 us for a new token, 1 us for
 * a known.
 */
MUST_USE struct status auth_check(struct auth *auth, const char *authorization, int64_t now_s,
                                  struct caller *ret);

/* "merchant"; "" for no role. */
const char *role_name(enum role role);
