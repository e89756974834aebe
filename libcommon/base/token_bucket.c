#include "base/token_bucket.h"

enum { NS_PER_US = 1000, NS_PER_S = 1000 * 1000 * 1000 };

/* Rounded up: the rate is never exceeded. */
static uint64_t token_ns(const struct token_rate *rate)
{
    return (NS_PER_S + (uint64_t)rate->per_s - 1) / rate->per_s;
}

/* How long the bucket takes to be full; what is longer than from empty comes of a clock set back. */
static uint64_t missing_ns(const struct token_bucket *bucket, uint64_t now_ns, uint64_t empty_ns)
{
    const uint64_t ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns - now_ns : 0;
    return ns < empty_ns ? ns : empty_ns;
}

bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, int64_t now_us,
                       int64_t *ret_wait_us)
{
    const uint64_t now_ns = (uint64_t)now_us * NS_PER_US;
    const uint64_t one_ns = token_ns(rate), empty_ns = one_ns * rate->burst;
    const uint64_t lacks_ns = missing_ns(bucket, now_ns, empty_ns);

    bucket->full_at_ns = now_ns + lacks_ns;
    if (lacks_ns + one_ns > empty_ns) {
        *ret_wait_us = (int64_t)((lacks_ns + one_ns - empty_ns + NS_PER_US - 1) / NS_PER_US);
        return false;
    }
    bucket->full_at_ns += one_ns;
    return true;
}
