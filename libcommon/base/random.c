#include "base/random.h"

#include <sys/random.h>

#include "base/status.h"

/* xorshift64*, seeded once for each thread by the kernel. */
uint64_t random_u64(void)
{
    static _Thread_local uint64_t state;

    if (!state && (getrandom(&state, sizeof state, 0) != sizeof state || !state))
        BUG("the kernel gives no random numbers");
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717ull;
}
