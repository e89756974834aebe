#pragma once

/*
 * auth_keys: the key file of auth, read and checked. Private to auth and service_token.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

enum { AUTH_KEYS_MAX = 64 };

struct auth_key {
    char *id;
    char *issuer;
    char *pem;
    unsigned roles; /* ROLE_BIT of each it may give */
};

struct auth_keys {
    struct auth_key list[AUTH_KEYS_MAX];
    size_t count;
};

/* INVALID_ARGUMENT KEYS_INVALID. What was read so far is in `ret`: release it. */
MUST_USE struct status auth_keys_read(const char *json, struct auth_keys *ret);
void auth_keys_release(struct auth_keys *keys);

/* Is it a key whose point is on P-256? That is what ES256 means; libjwt signs with any curve. */
MUST_USE bool auth_key_is_p256(const char *pem, bool is_private);

/* NULL for an unknown id. */
const struct auth_key *auth_keys_find(const struct auth_keys *keys, const char *id);
