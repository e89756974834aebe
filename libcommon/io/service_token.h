#pragma once

/*
 * service_token: how a service shows its peers who it is: a JWT of five minutes that it signs
 * itself with its own ES256 key, made again when a minute is left. Loop thread only.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

#define SERVICE_TOKEN_ISSUER "souk-service"

struct service_token;

/*
 * INVALID_ARGUMENT KEYS_INVALID when `private_key_pem` is no P-256 private key. Copies its
 * arguments.
 */
MUST_USE struct status service_token_new(const char *service, const char *key_id,
                                         const char *private_key_pem, struct service_token **ret);
void service_token_free(struct service_token *token); /* NULL is fine */

/*
 * "Bearer ..."; valid until the next call. INTERNAL where it cannot be signed: of a key that could
 * at the start a defect of ours, and never the caller's.
 */
MUST_USE struct status service_token_get(struct service_token *token, int64_t now_s,
                                         const char **ret);
