#include "io/rpc_callers.h"

#include <openssl/rand.h>
#include <string.h>

#include "tests/unit/unit.h"

/* Instead of OpenSSL's. */
static struct {
    int answer;
    int asked;
} randomness;

int RAND_bytes(unsigned char *bytes, int count)
{
    memset(bytes, 7, (size_t)count);
    randomness.asked++;
    return randomness.answer;
}

static const struct token_rate rate = {.per_s = 1, .burst = 1};

static void the_seed_is_a_secret(void **state)
{
    struct rpc_callers *callers;

    randomness.answer = 1;
    randomness.asked = 0;
    const struct status st = rpc_callers_new(rate, &callers);
    assert_int_equal(st.code, CODE_OK);
    assert_int_equal(randomness.asked, 1);
    rpc_callers_free(callers);
}

static void without_a_secret_there_is_no_table(void **state)
{
    struct rpc_callers *callers = NULL;

    randomness.answer = 0;
    const struct status st = rpc_callers_new(rate, &callers);
    assert_int_equal(st.code, CODE_INTERNAL);
    assert_null(callers);
}

UNIT_TESTS(the_seed_is_a_secret, without_a_secret_there_is_no_table)
