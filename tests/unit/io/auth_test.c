#include "io/auth.h"

#include <jansson.h>

#include "base/base64url.h"
#include "tests/unit/in_task.h"
#include "tests/unit/io/auth_kit.h"

#define NOW_S 1795190400LL

static struct test_key users_key, service_key, strange_key;
static struct auth *auth;

static void make_keys(void)
{
    users_key = test_key_new("P-256");
    service_key = test_key_new("P-256");
    strange_key = test_key_new("P-256");
    json_t *file = json_pack(
        "{s:[{s:s,s:s,s:s,s:[s,s,s],s:s},{s:s,s:s,s:s,s:[s],s:s}]}", "keys", "kid", "users", "alg",
        "ES256", "iss", "https://auth", "roles", "customer", "merchant", "supplier",
        "public_key_pem", users_key.public_pem, "kid", "services", "alg", "ES256", "iss",
        "souk-service", "roles", "service", "public_key_pem", service_key.public_pem);
    char *text = json_dumps(file, 0);
    assert_ok(auth_new(text, &auth));
    free(text);
    json_decref(file);
}

static void forget_keys(void)
{
    auth_free(auth);
    test_key_release(&users_key);
    test_key_release(&service_key);
    test_key_release(&strange_key);
}

static struct test_token customers(void)
{
    return (struct test_token){
        .kid = "users",
        .iss = "https://auth",
        .aud = AUTH_AUDIENCE,
        .sub = "42",
        .role = "customer",
        .exp = NOW_S + 600,
        .algorithm = JWT_ALG_ES256,
        .key_pem = users_key.private_pem,
    };
}

static struct status check_at(const struct test_token *token, int64_t now_s, struct caller *ret)
{
    AUTO(mem_freep) char *header = test_token_sign(token);
    return auth_check(auth, header, now_s, ret);
}

/* Why it is refused. */
static void assert_refused(const struct test_token *token, const char *why)
{
    struct caller caller = {.user_id = 77};
    const struct status st = check_at(token, NOW_S, &caller);

    if (st.code != CODE_UNAUTHENTICATED || !strstr(st.detail, why))
        fail_msg("\"%s\", not %s", st.detail, why);
    assert_int_equal(caller.user_id, 77); /* untouched */
}

static void without_a_token_the_caller_is_anonymous(void **state)
{
    struct caller caller;

    assert_ok(auth_check(auth, NULL, NOW_S, &caller));
    assert_int_equal(caller.role, ROLE_ANONYMOUS);
    assert_int_equal(caller.user_id, 0);
    assert_string_equal(caller.key, "anonymous");
}

static void a_good_token_says_who_calls(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    assert_ok(check_at(&token, NOW_S, &caller));
    assert_int_equal(caller.role, ROLE_CUSTOMER);
    assert_int_equal(caller.user_id, 42);
    assert_int_equal(caller.shop_id, 0);
    assert_string_equal(caller.key, "customer/42");

    token.role = "merchant";
    token.shop_id = 9007199254740993; /* more than a double holds */
    assert_ok(check_at(&token, NOW_S, &caller));
    assert_int_equal(caller.role, ROLE_MERCHANT);
    assert_true(caller.shop_id == 9007199254740993);

    token.role = "supplier";
    token.supplier_id = 5;
    assert_ok(check_at(&token, NOW_S, &caller));
    assert_int_equal(caller.supplier_id, 5);
}

static void a_service_is_known_by_its_name(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    token.kid = "services";
    token.iss = "souk-service";
    token.role = "service";
    token.sub = "order";
    token.key_pem = service_key.private_pem;
    assert_ok(check_at(&token, NOW_S, &caller));
    assert_int_equal(caller.role, ROLE_SERVICE);
    assert_int_equal(caller.user_id, 0);
    assert_string_equal(caller.key, "service/order");
}

static void a_key_that_is_not_known_is_refused(void **state)
{
    struct test_token token = customers();

    token.kid = "strange";
    token.key_pem = strange_key.private_pem;
    assert_refused(&token, "not known");
    token.kid = NULL;
    assert_refused(&token, "not known");
}

static void a_signature_of_another_key_is_refused(void **state)
{
    struct test_token token = customers();

    token.key_pem = strange_key.private_pem;
    assert_refused(&token, "signature");
}

static void a_token_without_a_signature_is_refused(void **state)
{
    struct test_token token = customers();

    token.algorithm = JWT_ALG_NONE;
    assert_refused(&token, "algorithm");
}

/* The public key is known to all: it must never serve as a secret. */
static void hs256_signed_with_the_public_key_is_refused(void **state)
{
    struct test_token token = customers();

    token.algorithm = JWT_ALG_HS256;
    token.key_pem = users_key.public_pem;
    assert_refused(&token, "algorithm");
}

/* "Bearer <header>.<claims>.<signature>" from raw JSON. */
static char *raw_token(const char *header, const char *claims, const char *signature)
{
    char header_text[AUTH_TOKEN_MAX], claims_text[AUTH_TOKEN_MAX];

    base64url_encode(header_text, header, strlen(header));
    base64url_encode(claims_text, claims, strlen(claims));
    return mem_printf("Bearer %s.%s.%s", header_text, claims_text, signature);
}

static void odd_headers_are_refused(void **state)
{
    static const char claims[] = "{\"iss\":\"https://auth\",\"aud\":\"souk-api\",\"sub\":\"42\","
                                 "\"role\":\"customer\",\"exp\":1795191000}";
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"kid\":\"users\"}",
        "{\"alg\":\"None\",\"kid\":\"users\"}",
        "{\"alg\":\"\",\"kid\":\"users\"}",
        "{\"kid\":\"users\"}",
        "{\"alg\":\"es256\",\"kid\":\"users\"}",
        "{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"users\"}",
        "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"users\"}",
        "{\"alg\":7,\"kid\":\"users\"}",
        "{\"alg\":\"ES256\",\"kid\":7}",
        "{\"alg\":\"ES256\",\"kid\":\"users\\u0000\"}",
        "[]",
        "\"ES256\"",
        "not json",
    };
    static const char *const signatures[] = {"", "AA", "!!!!", "AAAA.BBBB"};
    struct caller caller;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        for (size_t s = 0; s < ARRAY_LEN(signatures); s++) {
            AUTO(mem_freep) char *token = raw_token(headers[i], claims, signatures[s]);
            assert_reason(auth_check(auth, token, NOW_S, &caller), "UNAUTHENTICATED");
        }
    }
}

/* As deep as the longest token can be. `in_header`: or in the claims. */
static char *nested_token(bool in_header)
{
    enum { DEPTH = 1400 };
    AUTO(str_release) struct str json = {0};

    str_append(&json, "{\"alg\":\"ES256\",\"kid\":\"users\",\"x\":");
    for (int i = 0; i < DEPTH; i++)
        str_append(&json, "[");
    for (int i = 0; i < DEPTH; i++)
        str_append(&json, "]");
    str_append(&json, "}");
    return in_header ? raw_token(str_text(&json), "{}", "AA")
                     : raw_token("{\"alg\":\"ES256\",\"kid\":\"users\"}", str_text(&json), "AA");
}

static void body_nested(void)
{
    struct caller caller;

    for (int in_header = 0; in_header <= 1; in_header++) {
        AUTO(mem_freep) char *token = nested_token(in_header);
        expect_true(strlen(token) <= AUTH_TOKEN_MAX);
        expect_code(auth_check(auth, token, NOW_S, &caller), UNAUTHENTICATED);
    }
}

/* In a task, whose stack is small. */
static void a_token_that_is_nested_deep_is_refused(void **state)
{
    in_task(body_nested);
}

static void one_changed_letter_is_refused(void **state)
{
    const struct test_token token = customers();
    AUTO(mem_freep) char *header = test_token_sign(&token);
    const size_t length = strlen(header);
    struct caller caller;

    for (size_t i = strlen("Bearer "); i + 1 < length; i += 7) {
        const char before = header[i];
        header[i] = before == 'A' ? 'B' : 'A';
        assert_int_equal(auth_check(auth, header, NOW_S, &caller).code, CODE_UNAUTHENTICATED);
        header[i] = before;
    }
    assert_ok(auth_check(auth, header, NOW_S, &caller));
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const headers[] = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer ..",
        "Bearer a.b.c",
        "Basic dXNlcjpwdw==",
        "bearer",
        "Bearer \x01",
        "eyJhbGciOiJFUzI1NiJ9.e30.AA",
    };
    struct caller caller;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        assert_reason(auth_check(auth, headers[i], NOW_S, &caller), "UNAUTHENTICATED");
}

static void the_scheme_is_read_in_any_case(void **state)
{
    const struct test_token token = customers();
    AUTO(mem_freep) char *header = test_token_sign(&token);
    struct caller caller;

    memcpy(header, "bEaReR", 6);
    assert_ok(auth_check(auth, header, NOW_S, &caller));
}

static void a_token_that_is_too_long_is_refused_unread(void **state)
{
    AUTO(mem_freep) char *header = mem_zalloc(AUTH_TOKEN_MAX + 10);
    struct caller caller;

    memset(header, 'a', AUTH_TOKEN_MAX + 8);
    memcpy(header, "Bearer ", 7);
    const struct status st = auth_check(auth, header, NOW_S, &caller);
    assert_string_equal(st.detail, "the token is too long");
}

static void issuer_and_audience_must_be_the_keys_and_ours(void **state)
{
    struct test_token token = customers();

    token.iss = "souk-service"; /* of another key of ours */
    assert_refused(&token, "issuer");
    token.iss = NULL;
    assert_refused(&token, "issuer");
    token = customers();
    token.aud = "other-api";
    assert_refused(&token, "audience");
    token.aud = NULL;
    assert_refused(&token, "audience");
}

static void a_key_gives_only_the_roles_it_may(void **state)
{
    static const char *const roles[] = {"service",  "operator", "anonymous", "public_signed",
                                        "CUSTOMER", "",         NULL};

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct test_token token = customers();
        token.role = roles[i];
        assert_refused(&token, "role");
    }
}

static void subjects_are_user_ids(void **state)
{
    static const char *const subjects[] = {"0", "-1", "x", "42x", "", NULL, "9223372036854775808"};

    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        struct test_token token = customers();
        token.sub = subjects[i];
        assert_refused(&token, "sub");
    }
}

static void a_service_with_a_long_name_is_refused(void **state)
{
    struct test_token token = customers();

    token.kid = "services";
    token.iss = "souk-service";
    token.role = "service";
    token.sub = "a-name-that-is-longer-than-keys-of-callers";
    token.key_pem = service_key.private_pem;
    assert_refused(&token, "too long");
}

static void merchants_have_a_shop_and_suppliers_are_somebody(void **state)
{
    struct test_token token = customers();

    token.role = "merchant";
    assert_refused(&token, "shop_id");
    token.shop_id = -5;
    assert_refused(&token, "shop_id");
    token = customers();
    token.role = "supplier";
    token.shop_id = 5;
    assert_refused(&token, "supplier_id");
}

static void an_expired_token_says_so(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    assert_ok(check_at(&token, token.exp + AUTH_CLOCK_SKEW_S - 1, &caller));
    assert_reason(check_at(&token, token.exp + AUTH_CLOCK_SKEW_S, &caller), "TOKEN_EXPIRED");
    token.exp = 0;
    assert_refused(&token, "exp");
    token.exp = -1;
    assert_refused(&token, "exp");
}

static void a_token_may_be_valid_for_ever(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    token.exp = INT64_MAX;
    assert_ok(check_at(&token, NOW_S, &caller));
}

static void a_token_of_the_future_is_refused(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    token.nbf = NOW_S + AUTH_CLOCK_SKEW_S;
    assert_ok(check_at(&token, NOW_S, &caller));
    token.nbf++;
    assert_refused(&token, "not valid yet");
}

static void a_remembered_token_expires_too(void **state)
{
    const struct test_token token = customers();
    AUTO(mem_freep) char *header = test_token_sign(&token);
    struct caller caller;

    for (int i = 0; i < 3; i++)
        assert_ok(auth_check(auth, header, NOW_S, &caller));
    assert_int_equal(caller.user_id, 42);
    assert_reason(auth_check(auth, header, token.exp + AUTH_CLOCK_SKEW_S, &caller),
                  "TOKEN_EXPIRED");
    assert_ok(auth_check(auth, header, NOW_S, &caller)); /* a clock that was set back */
}

static void what_was_refused_is_not_remembered(void **state)
{
    struct test_token token = customers();
    struct caller caller;

    token.key_pem = strange_key.private_pem;
    AUTO(mem_freep) char *header = test_token_sign(&token);
    for (int i = 0; i < 3; i++)
        assert_reason(auth_check(auth, header, NOW_S, &caller), "UNAUTHENTICATED");
}

static void every_role_has_its_name(void **state)
{
    assert_string_equal(role_name(ROLE_ANONYMOUS), "anonymous");
    assert_string_equal(role_name(ROLE_SERVICE), "service");
    assert_string_equal(role_name((enum role)0), "");
    assert_string_equal(role_name((enum role)99), "");
}

int main(void)
{
    make_keys();
    const int failed = UNIT_TESTS_RUN(
        without_a_token_the_caller_is_anonymous, a_good_token_says_who_calls,
        a_service_is_known_by_its_name, a_key_that_is_not_known_is_refused,
        a_signature_of_another_key_is_refused, a_token_without_a_signature_is_refused,
        hs256_signed_with_the_public_key_is_refused, odd_headers_are_refused,
        a_token_that_is_nested_deep_is_refused, one_changed_letter_is_refused,
        what_is_no_token_is_refused, the_scheme_is_read_in_any_case,
        a_token_that_is_too_long_is_refused_unread, issuer_and_audience_must_be_the_keys_and_ours,
        a_key_gives_only_the_roles_it_may, subjects_are_user_ids,
        a_service_with_a_long_name_is_refused, merchants_have_a_shop_and_suppliers_are_somebody,
        an_expired_token_says_so, a_token_may_be_valid_for_ever, a_token_of_the_future_is_refused,
        a_remembered_token_expires_too, what_was_refused_is_not_remembered,
        every_role_has_its_name);
    forget_keys();
    return failed;
}
