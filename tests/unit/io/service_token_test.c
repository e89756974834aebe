#include "io/service_token.h"

#include <jansson.h>

#include "tests/unit/io/auth_kit.h"

#define NOW_S 1795190400LL

static struct test_key key, p384, ed25519;

static struct service_token *token_of(const char *service)
{
    struct service_token *token;
    assert_ok(service_token_new(service, "order-1", key.private_pem, &token));
    return token;
}

static const char *header_at(struct service_token *token, int64_t now_s)
{
    const char *header;
    assert_ok(service_token_get(token, now_s, &header));
    return header;
}

static void peers_believe_it_for_its_five_minutes(void **state)
{
    struct service_token *token = token_of("order");
    AUTO(mem_freep) char *header = mem_strdup(header_at(token, NOW_S));
    struct caller caller;
    struct auth *auth;
    json_t *file = json_pack("{s:[{s:s,s:s,s:s,s:[s],s:s}]}", "keys", "kid", "order-1", "alg",
                             "ES256", "iss", SERVICE_TOKEN_ISSUER, "roles", "service",
                             "public_key_pem", key.public_pem);
    char *text = json_dumps(file, 0);

    assert_ok(auth_new(text, &auth));
    free(text);
    json_decref(file);
    assert_ok(auth_check(auth, header, NOW_S, &caller));
    assert_int_equal(caller.role, ROLE_SERVICE);
    assert_string_equal(caller.key, "service/order");
    assert_ok(auth_check(auth, header, NOW_S + 299, &caller));
    assert_reason(auth_check(auth, header, NOW_S + 300 + AUTH_CLOCK_SKEW_S, &caller),
                  "TOKEN_EXPIRED");
    auth_free(auth);
    service_token_free(token);
}

static void it_is_made_anew_when_a_minute_is_left(void **state)
{
    struct service_token *token = token_of("order");
    AUTO(mem_freep) char *first = mem_strdup(header_at(token, NOW_S));

    assert_string_equal(header_at(token, NOW_S), first);
    assert_string_equal(header_at(token, NOW_S + 239), first);
    assert_string_not_equal(header_at(token, NOW_S + 240), first);
    service_token_free(token);
    service_token_free(NULL);
}

static void after_a_swap_the_other_key_signs_at_once(void **state)
{
    struct service_token *token = token_of("order"), *other = token_of("cart");
    AUTO(mem_freep) char *before = mem_strdup(header_at(token, NOW_S));
    AUTO(mem_freep) char *others = mem_strdup(header_at(other, NOW_S));

    service_token_swap(token, other);
    assert_string_equal(header_at(token, NOW_S), others);
    assert_string_equal(header_at(other, NOW_S), before);
    service_token_free(token);
    service_token_free(other);
}

static void a_key_that_peers_would_not_believe_stops_the_start(void **state)
{
    const char *const pems[] = {"", "no key", key.public_pem, p384.private_pem,
                                ed25519.private_pem};
    struct service_token *token = NULL;

    for (size_t i = 0; i < ARRAY_LEN(pems); i++) {
        const struct status st = service_token_new("order", "order-1", pems[i], &token);
        if (!status_is(&st, "KEYS_INVALID"))
            fail_msg("key %zu is taken", i);
    }
    assert_null(token);
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

/* What the caller sent has nothing to do with it. */
static void that_it_cannot_be_signed_any_more_is_our_own_fault(void **state)
{
    struct service_token *token = token_of("order");
    const char *header = NULL;

    json_set_alloc_funcs(no_memory, free);
    const struct status st = service_token_get(token, NOW_S, &header);
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(st.code, CODE_INTERNAL);
    assert_reason(st, "INTERNAL");
    assert_null(header);
    assert_non_null(header_at(token, NOW_S)); /* and the next call tries again */
    service_token_free(token);
}

int main(void)
{
    key = test_key_new("P-256");
    p384 = test_key_new("P-384");
    ed25519 = test_key_new(NULL);
    const int failed = UNIT_TESTS_RUN(peers_believe_it_for_its_five_minutes,
                                      it_is_made_anew_when_a_minute_is_left,
                                      after_a_swap_the_other_key_signs_at_once,
                                      a_key_that_peers_would_not_believe_stops_the_start,
                                      that_it_cannot_be_signed_any_more_is_our_own_fault);
    test_key_release(&key);
    test_key_release(&p384);
    test_key_release(&ed25519);
    return failed;
}
