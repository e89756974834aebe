#pragma once

/*
 * rpc_callers: how often each caller of a server may call (base/rate_table.h). For rpc_server.
 *
 * A caller is who the token names. Who shows none is the address that the gateway saw, the last one
 * of x-forwarded-for (of IPv6 its /64, which is what one customer of a provider has): one bucket
 * for all of them would let anybody lock out everybody. Behind an address there may be many people;
 * those who come past the gateway without a token share one bucket.
 *
 * Never limited: services, which the gateway does not let in and which answer for many callers; and
 * calls that bear a signature instead of a token, of which only the handler knows who sent them.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/token_bucket.h"

struct request;
struct rpc_callers;

/* INTERNAL: there are no random numbers for the secret of its hashes. */
MUST_USE struct status rpc_callers_new(struct token_rate rate, struct rpc_callers **ret);
void rpc_callers_free(struct rpc_callers *callers); /* NULL is fine */

/*
 * One more call of `rq->caller`. RESOURCE_EXHAUSTED RATE_LIMITED, and `rq->details` say when to
 * come back.
 */
MUST_USE struct status rpc_callers_admit(struct rpc_callers *callers, struct request *rq,
                                         int64_t now_us);
