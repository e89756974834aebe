#include "io/auth.h"

#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64url.h"
#include "base/json_depth.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/auth_keys.h"

enum {
    KNOWN_MAX = 4096, /* tokens remembered: about 400 KiB when full */
    DEPTH_MAX = 8,    /* of a token's JSON */
};

struct known_token {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    int64_t expires_s; /* 0: empty */
    struct caller caller;
};

struct auth {
    struct auth_keys keys;
    struct known_token *known; /* KNOWN_MAX, by the digest's first bytes; the newer one stays */
};

const char *role_name(enum role role)
{
    static const char *const names[] = {
        [ROLE_ANONYMOUS] = "anonymous", [ROLE_CUSTOMER] = "customer", [ROLE_MERCHANT] = "merchant",
        [ROLE_OPERATOR] = "operator",   [ROLE_SUPPLIER] = "supplier", [ROLE_SERVICE] = "service",
    };
    return (unsigned)role < ARRAY_LEN(names) && names[role] ? names[role] : "";
}

struct status auth_new(const char *keys_json, struct auth **ret)
{
    struct auth *auth = mem_new(struct auth);
    const struct status st = auth_keys_read(keys_json, &auth->keys);

    if (!status_ok(&st)) {
        auth_free(auth);
        return st;
    }
    auth->known = mem_calloc(KNOWN_MAX, sizeof *auth->known);
    *ret = auth;
    return STATUS_OK;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    auth_keys_release(&auth->keys);
    mem_free(auth->known);
    mem_free(auth);
}

struct status auth_replace_keys(struct auth *auth, const char *keys_json)
{
    struct auth_keys keys = {0};
    const struct status st = auth_keys_read(keys_json, &keys);

    if (!status_ok(&st)) {
        auth_keys_release(&keys);
        return st;
    }
    auth_keys_release(&auth->keys);
    auth->keys = keys;
    memset(auth->known, 0, KNOWN_MAX * sizeof *auth->known);
    return STATUS_OK;
}

static struct status refused(const char *why)
{
    return status_error(CODE_UNAUTHENTICATED, "UNAUTHENTICATED", "%s", why);
}

static void jwt_freep(jwt_t **jwt)
{
    jwt_free(*jwt);
}

/* Takes a part of the token: JSON that libjwt may read, for it reads as deep as there is. */
static bool take_part(const char **token)
{
    char json[AUTH_TOKEN_MAX];
    const size_t length = strcspn(*token, ".");
    size_t size;

    if ((*token)[length] != '.' || !base64url_decode(*token, length, json, &size))
        return false;
    *token += length + 1;
    return !json_is_deeper(json, size, DEPTH_MAX);
}

/*
 * The token that claims to be signed with a key of ours; nothing in it is verified yet but the
 * form.
 */
static struct status find_key(const struct auth *auth, const char *token,
                              const struct auth_key **ret)
{
    AUTO(jwt_freep) jwt_t *unverified = NULL;
    const char *rest = token;

    for (int part = 0; part < 2; part++) /* header and claims */
        if (!take_part(&rest))
            return refused("the token is not a JWT");
    if (jwt_decode(&unverified, token, NULL, 0) != 0)
        return refused("the token is not a JWT");
    const char *id = jwt_get_header(unverified, "kid");
    const char *algorithm = jwt_get_header(unverified, "alg");
    const struct auth_key *key = id ? auth_keys_find(&auth->keys, id) : NULL;
    if (!key)
        return refused("the token is signed with a key that is not known here");
    if (!algorithm || strcmp(algorithm, "ES256") != 0)
        return refused("the token's algorithm is not its key's");
    *ret = key;
    return STATUS_OK;
}

/* A claim that is a positive number, as a number or as digits; absent is 0. */
static bool read_number(jwt_t *jwt, const char *claim, int64_t *ret)
{
    const char *text = jwt_get_grant(jwt, claim);

    *ret = 0;
    if (text)
        return str_to_i64(text, ret) && *ret > 0;
    errno = 0;
    const long number = jwt_get_grant_int(jwt, claim);
    if (errno == ENOENT)
        return true;
    *ret = number;
    return errno == 0 && number > 0;
}

static bool audience_is_ours(jwt_t *jwt)
{
    const char *audience = jwt_get_grant(jwt, "aud");
    return audience && strcmp(audience, AUTH_AUDIENCE) == 0;
}

static struct status read_role(jwt_t *jwt, const struct auth_key *key, enum role *ret)
{
    const char *name = jwt_get_grant(jwt, "role");

    for (enum role role = ROLE_CUSTOMER; name && role <= ROLE_SERVICE; role++) {
        if (strcmp(name, role_name(role)) == 0 && key->roles & ROLE_BIT(role)) {
            *ret = role;
            return STATUS_OK;
        }
    }
    return refused("the token's role is none that its key may give");
}

static struct status read_subject(jwt_t *jwt, struct caller *ret)
{
    const char *subject = jwt_get_grant(jwt, "sub");
    const int room = (int)sizeof ret->key;

    if (!subject || !*subject)
        return refused("the token has no sub");
    if (ret->role != ROLE_SERVICE && !read_number(jwt, "sub", &ret->user_id))
        return refused("the token's sub is no user id");
    if (snprintf(ret->key, sizeof ret->key, "%s/%s", role_name(ret->role), subject) >= room)
        return refused("the token's sub is too long");
    return STATUS_OK;
}

static struct status read_caller(jwt_t *jwt, const struct auth_key *key, struct caller *ret)
{
    *ret = (struct caller){0};
    TRY(read_role(jwt, key, &ret->role));
    TRY(read_subject(jwt, ret));
    if (!read_number(jwt, "shop_id", &ret->shop_id) ||
        !read_number(jwt, "supplier_id", &ret->supplier_id))
        return refused("shop_id or supplier_id is no id");
    if (ret->role == ROLE_MERCHANT && !ret->shop_id)
        return refused("a merchant's token needs a shop_id");
    if (ret->role == ROLE_SUPPLIER && !ret->supplier_id)
        return refused("a supplier's token needs a supplier_id");
    return STATUS_OK;
}

static struct status verify(const struct auth *auth, const char *token, int64_t now_s,
                            struct known_token *ret)
{
    const struct auth_key *key = NULL;
    AUTO(jwt_freep) jwt_t *jwt = NULL;
    int64_t not_before_s;

    TRY(find_key(auth, token, &key));
    if (jwt_decode(&jwt, token, (const unsigned char *)key->pem, (int)strlen(key->pem)) != 0 ||
        jwt_get_alg(jwt) != JWT_ALG_ES256)
        return refused("the token's signature is wrong");

    const char *issuer = jwt_get_grant(jwt, "iss");
    if (!issuer || strcmp(issuer, key->issuer) != 0)
        return refused("the token's issuer is not its key's");
    if (!audience_is_ours(jwt))
        return refused("the token is for another audience");
    if (!read_number(jwt, "exp", &ret->expires_s) || !ret->expires_s)
        return refused("the token has no exp");
    if (!read_number(jwt, "nbf", &not_before_s) || not_before_s > now_s + AUTH_CLOCK_SKEW_S)
        return refused("the token is not valid yet");
    return read_caller(jwt, key, &ret->caller);
}

static struct status check_expiry(const struct known_token *token, int64_t now_s)
{
    if (now_s - AUTH_CLOCK_SKEW_S < token->expires_s)
        return STATUS_OK;
    return status_error(CODE_UNAUTHENTICATED, "TOKEN_EXPIRED", "the token has expired");
}

static struct known_token *slot_of(struct auth *auth, const uint8_t *digest)
{
    uint32_t number;

    memcpy(&number, digest, sizeof number);
    return &auth->known[number % KNOWN_MAX];
}

struct status auth_check(struct auth *auth, const char *authorization, int64_t now_s,
                         struct caller *ret)
{
    static const char scheme[] = "Bearer ";
    struct known_token token = {0};

    if (!authorization) {
        *ret = (struct caller){.role = ROLE_ANONYMOUS, .key = "anonymous"};
        return STATUS_OK;
    }
    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return refused("authorization is no bearer token");
    const char *text = authorization + strlen(scheme);
    const size_t length = strlen(text);
    if (length > AUTH_TOKEN_MAX)
        return refused("the token is too long");

    SHA256((const unsigned char *)text, length, token.digest);
    struct known_token *slot = slot_of(auth, token.digest);
    if (memcmp(slot->digest, token.digest, sizeof token.digest) != 0 || !slot->expires_s) {
        TRY(verify(auth, text, now_s, &token));
        TRY(check_expiry(&token, now_s));
        *slot = token;
    }
    TRY(check_expiry(slot, now_s));
    *ret = slot->caller;
    return STATUS_OK;
}
