#pragma once

/*
 * service_token: how a service shows its peers who it is: a JWT of five minutes that it signs
 * itself with its own ES256 key, made again when a minute is left. Loop thread only.
 *
 * The key may be replaced while the process runs, once its peers believe the new one.
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
void service_token_freep(struct service_token **token);

/* From now on each signs with the other's key, and shows nothing that its own has signed. */
void service_token_swap(struct service_token *token, struct service_token *other);

/*
 * "Bearer ..."; valid until the next call. INTERNAL where it cannot be signed: of a key that could
 * at the start a defect of ours, and never the caller's.
 */
MUST_USE struct status service_token_get(struct service_token *token, int64_t now_s,
                                         const char **ret);
