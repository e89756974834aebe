#include "io/auth_keys.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/json_depth.h"
#include "base/mem.h"
#include "io/auth.h"

enum { DEPTH_MAX = 8 }; /* a list of objects with a list in each */

static struct status invalid(const char *id, const char *what)
{
    return status_error(CODE_INVALID_ARGUMENT, "KEYS_INVALID", "key %.40s: %s", id, what);
}

bool auth_key_is_p256(const char *pem, bool is_private)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    char none[] = ""; /* a passphrase: without one OpenSSL would ask the terminal */
    EVP_PKEY *key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none)
                               : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    char group[32] = "";

    if (key)
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return strcmp(group, "prime256v1") == 0;
}

static bool role_of(const char *name, enum role *ret)
{
    static const enum role with_token[] = {ROLE_CUSTOMER, ROLE_MERCHANT, ROLE_OPERATOR,
                                           ROLE_SUPPLIER, ROLE_SERVICE};

    for (size_t i = 0; i < ARRAY_LEN(with_token); i++) {
        if (strcmp(name, role_name(with_token[i])) == 0) {
            *ret = with_token[i];
            return true;
        }
    }
    return false;
}

static struct status read_roles(const json_t *entry, const char *id, unsigned *ret)
{
    const json_t *roles = json_object_get(entry, "roles");
    size_t i;
    json_t *value;

    *ret = 0;
    json_array_foreach(roles, i, value)
    {
        enum role role;
        if (!json_is_string(value) || !role_of(json_string_value(value), &role))
            return invalid(id, "names a role that does not exist");
        *ret |= ROLE_BIT(role);
    }
    return *ret ? STATUS_OK : invalid(id, "may give no role");
}

static struct status read_key(const json_t *entry, struct auth_keys *ret)
{
    const char *id = json_string_value(json_object_get(entry, "kid"));
    const char *algorithm = json_string_value(json_object_get(entry, "alg"));
    const char *issuer = json_string_value(json_object_get(entry, "iss"));
    const char *pem = json_string_value(json_object_get(entry, "public_key_pem"));
    unsigned roles;

    if (!id || !*id)
        return invalid("?", "has no kid");
    if (!algorithm || strcmp(algorithm, "ES256") != 0)
        return invalid(id, "alg must be ES256");
    if (!issuer || !*issuer)
        return invalid(id, "has no iss");
    if (!pem || !auth_key_is_p256(pem, false))
        return invalid(id, "public_key_pem is no P-256 public key");
    if (auth_keys_find(ret, id))
        return invalid(id, "is there twice");
    if (ret->count == AUTH_KEYS_MAX)
        return invalid(id, "is one too many");
    TRY(read_roles(entry, id, &roles));

    ret->list[ret->count++] = (struct auth_key){
        .id = mem_strdup(id),
        .issuer = mem_strdup(issuer),
        .pem = mem_strdup(pem),
        .roles = roles,
    };
    return STATUS_OK;
}

static struct status read_all(const json_t *root, struct auth_keys *ret)
{
    const json_t *keys = json_object_get(root, "keys");
    size_t i;
    json_t *entry;

    if (!json_array_size(keys))
        return status_error(CODE_INVALID_ARGUMENT, "KEYS_INVALID", "there are no \"keys\"");
    json_array_foreach(keys, i, entry) TRY(read_key(entry, ret));
    return STATUS_OK;
}

struct status auth_keys_read(const char *json, struct auth_keys *ret)
{
    json_error_t error;

    ret->count = 0;
    if (json_is_deeper(json, strlen(json), DEPTH_MAX))
        return status_error(CODE_INVALID_ARGUMENT, "KEYS_INVALID", "it is nested too deep");
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return status_error(CODE_INVALID_ARGUMENT, "KEYS_INVALID", "line %d: %.60s", error.line,
                            error.text);
    const struct status st = read_all(root, ret);
    json_decref(root);
    return st;
}

void auth_keys_release(struct auth_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        mem_free(keys->list[i].id);
        mem_free(keys->list[i].issuer);
        mem_free(keys->list[i].pem);
    }
    keys->count = 0;
}

const struct auth_key *auth_keys_find(const struct auth_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].id, id) == 0)
            return &keys->list[i];
    return NULL;
}
