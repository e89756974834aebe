#include "io/rpc_callers.h"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rate_table.h"
#include "io/request.h"

struct rpc_callers {
    uint64_t seed; /* a secret: nobody can choose whose bucket he shares */
    struct rate_table table;
};

struct status rpc_callers_new(struct token_rate rate, struct rpc_callers **ret)
{
    uint64_t seed;

    if (RAND_bytes((unsigned char *)&seed, sizeof seed) != 1)
        return status_error(CODE_INTERNAL, "INTERNAL", "OpenSSL gives no random numbers");
    struct rpc_callers *callers = mem_new(struct rpc_callers);
    callers->seed = seed;
    rate_table_init(&callers->table, rate);
    *ret = callers;
    return STATUS_OK;
}

void rpc_callers_free(struct rpc_callers *callers)
{
    mem_free(callers);
}

static uint64_t hash(const struct rpc_callers *callers, const void *bytes, size_t size)
{
    return XXH3_64bits_withSeed(bytes, size, callers->seed);
}

/* The gateway adds the address that it saw behind what the client says. */
static const char *address_of(const struct request *rq)
{
    const char *forwarded = request_header(rq, "x-forwarded-for");
    const char *comma = forwarded ? strrchr(forwarded, ',') : NULL;

    return comma ? comma + 1 + strspn(comma + 1, " ") : forwarded;
}

static uint64_t key_of_nobody(const struct rpc_callers *callers, const struct request *rq)
{
    enum { NETWORK_SIZE = 8 };
    const char *address = address_of(rq);
    struct in6_addr six;

    if (!address)
        return hash(callers, rq->caller.key, strlen(rq->caller.key));
    if (inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six))
        return hash(callers, &six, NETWORK_SIZE);
    return hash(callers, address, strlen(address));
}

static uint64_t key_of(const struct rpc_callers *callers, const struct request *rq)
{
    if (rq->caller.role == ROLE_ANONYMOUS)
        return key_of_nobody(callers, rq);
    return hash(callers, rq->caller.key, strlen(rq->caller.key));
}

struct status rpc_callers_admit(struct rpc_callers *callers, struct request *rq, int64_t now_us)
{
    int64_t wait_us;

    if (rq->caller.role == ROLE_SERVICE || rq->method->roles & ROLE_BIT(ROLE_PUBLIC_SIGNED))
        return STATUS_OK;
    if (rate_table_take(&callers->table, key_of(callers, rq), now_us, &wait_us))
        return STATUS_OK;
    rq->details.retry_after_ms = (wait_us + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS;
    return status_error(CODE_RESOURCE_EXHAUSTED, "RATE_LIMITED", "more calls than one may make");
}
