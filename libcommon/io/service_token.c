#include "io/service_token.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/auth.h"
#include "io/auth_keys.h"

enum { LIFE_S = 300, RENEW_BEFORE_S = 60 };

struct service_token {
    char *service;
    char *key_id;
    char *pem;
    char *header; /* "Bearer ..." */
    int64_t expires_s;
};

static char *sign(const struct service_token *token, int64_t now_s)
{
    jwt_t *jwt = NULL;
    char *text = NULL;

    if (jwt_new(&jwt) == 0 && jwt_add_header(jwt, "kid", token->key_id) == 0 &&
        jwt_add_grant(jwt, "iss", SERVICE_TOKEN_ISSUER) == 0 &&
        jwt_add_grant(jwt, "aud", AUTH_AUDIENCE) == 0 &&
        jwt_add_grant(jwt, "sub", token->service) == 0 &&
        jwt_add_grant(jwt, "role", "service") == 0 &&
        jwt_add_grant_int(jwt, "iat", (long)now_s) == 0 &&
        jwt_add_grant_int(jwt, "exp", (long)(now_s + LIFE_S)) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)token->pem,
                    (int)strlen(token->pem)) == 0)
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static struct status renew(struct service_token *token, int64_t now_s)
{
    char *text = sign(token, now_s);
    if (!text)
        return status_error(CODE_INTERNAL, "INTERNAL", "cannot sign a token of the service's own");
    mem_free(token->header);
    token->header = mem_printf("Bearer %s", text);
    token->expires_s = now_s + LIFE_S;
    free(text);
    return STATUS_OK;
}

struct status service_token_new(const char *service, const char *key_id,
                                const char *private_key_pem, struct service_token **ret)
{
    struct service_token *token = mem_new(struct service_token);

    token->service = mem_strdup(service);
    token->key_id = mem_strdup(key_id);
    token->pem = mem_strdup(private_key_pem);
    /* A key that cannot sign, or not so that peers believe it, stops the start. */
    const struct status st = auth_key_is_p256(private_key_pem, true)
                                 ? renew(token, 0)
                                 : status_error(CODE_INVALID_ARGUMENT, "KEYS_INVALID",
                                                "the service's private key is not of P-256");
    if (!status_ok(&st)) {
        service_token_free(token);
        return st;
    }
    *ret = token;
    return STATUS_OK;
}

void service_token_free(struct service_token *token)
{
    if (!token)
        return;
    explicit_bzero(token->pem, strlen(token->pem));
    mem_free(token->service);
    mem_free(token->key_id);
    mem_free(token->pem);
    mem_free(token->header);
    mem_free(token);
}

void service_token_freep(struct service_token **token)
{
    service_token_free(*token);
}

void service_token_swap(struct service_token *token, struct service_token *other)
{
    const struct service_token old = *token;

    *token = *other;
    *other = old;
}

struct status service_token_get(struct service_token *token, int64_t now_s, const char **ret)
{
    if (now_s >= token->expires_s - RENEW_BEFORE_S)
        TRY(renew(token, now_s));
    *ret = token->header;
    return STATUS_OK;
}
