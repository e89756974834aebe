#include "io/auth_keys.h"

#include <jansson.h>

#include "io/contract.h"
#include "tests/unit/in_task.h"
#include "tests/unit/io/auth_kit.h"

static struct test_key p256, p384, ed25519;

static struct status read_file(json_t *file, struct auth_keys *ret)
{
    char *text = json_dumps(file, 0);
    const struct status st = auth_keys_read(text, ret);
    free(text);
    json_decref(file);
    return st;
}

static json_t *entry(const char *kid, const char *pem)
{
    return json_pack("{s:s,s:s,s:s,s:[s,s],s:s}", "kid", kid, "alg", "ES256", "iss", "https://auth",
                     "roles", "customer", "operator", "public_key_pem", pem);
}

static json_t *file_of(json_t *entry)
{
    return json_pack("{s:[o]}", "keys", entry);
}

static void a_key_is_read_with_all_that_belongs_to_it(void **state)
{
    struct auth_keys keys;

    assert_ok(read_file(
        json_pack("{s:[o,o]}", "keys", entry("a", p256.public_pem), entry("b", p256.public_pem)),
        &keys));
    assert_int_equal(keys.count, 2);
    const struct auth_key *key = auth_keys_find(&keys, "b");
    assert_string_equal(key->id, "b");
    assert_string_equal(key->issuer, "https://auth");
    assert_string_equal(key->pem, p256.public_pem);
    assert_int_equal(key->roles, ROLE_BIT(ROLE_CUSTOMER) | ROLE_BIT(ROLE_OPERATOR));
    assert_null(auth_keys_find(&keys, "c"));
    assert_null(auth_keys_find(&keys, ""));
    auth_keys_release(&keys);
    auth_keys_release(&keys);
}

static void assert_invalid(json_t *file, const char *why)
{
    struct auth_keys keys;
    const struct status st = read_file(file, &keys);

    auth_keys_release(&keys);
    assert_int_equal(st.code, CODE_INVALID_ARGUMENT);
    assert_string_equal(st.reason, "KEYS_INVALID");
    if (!strstr(st.detail, why))
        fail_msg("\"%s\", not %s", st.detail, why);
}

/* `entry`, one member of it changed; NULL takes it away. */
static json_t *file_with(const char *member, json_t *value)
{
    json_t *changed = entry("a", p256.public_pem);

    if (value)
        json_object_set_new(changed, member, value);
    else
        json_object_del(changed, member);
    return file_of(changed);
}

static void each_member_must_be_there_and_right(void **state)
{
    assert_invalid(file_with("kid", NULL), "has no kid");
    assert_invalid(file_with("kid", json_string("")), "has no kid");
    assert_invalid(file_with("kid", json_integer(7)), "has no kid");
    assert_invalid(file_with("alg", NULL), "alg must be ES256");
    assert_invalid(file_with("alg", json_string("HS256")), "alg must be ES256");
    assert_invalid(file_with("iss", NULL), "has no iss");
    assert_invalid(file_with("roles", NULL), "may give no role");
    assert_invalid(file_with("roles", json_array()), "may give no role");
    assert_invalid(file_with("roles", json_string("customer")), "may give no role");
    assert_invalid(file_with("roles", json_pack("[s]", "root")), "role that does not exist");
    assert_invalid(file_with("roles", json_pack("[s]", "anonymous")), "role that does not exist");
    assert_invalid(file_with("roles", json_pack("[i]", 2)), "role that does not exist");
    assert_invalid(file_with("public_key_pem", NULL), "no P-256 public key");
}

static void only_public_keys_on_p256_are_taken(void **state)
{
    assert_invalid(file_of(entry("a", p384.public_pem)), "no P-256 public key");
    assert_invalid(file_of(entry("a", ed25519.public_pem)), "no P-256 public key");
    assert_invalid(file_of(entry("a", p256.private_pem)), "no P-256 public key");
    assert_invalid(file_of(entry("a", "-----BEGIN PUBLIC KEY-----\n")), "no P-256 public key");
}

static void what_is_no_list_of_keys_is_refused(void **state)
{
    struct auth_keys keys;

    assert_invalid(json_pack("{}"), "no \"keys\"");
    assert_invalid(json_pack("{s:[]}", "keys"), "no \"keys\"");
    assert_invalid(json_pack("{s:{}}", "keys"), "no \"keys\"");
    assert_invalid(json_pack("[]"), "no \"keys\"");
    assert_invalid(json_pack("{s:[i]}", "keys", 7), "has no kid");
    assert_reason(auth_keys_read("{\"keys\": [}", &keys), "KEYS_INVALID");
    assert_reason(auth_keys_read("{\"keys\": [], \"keys\": []}", &keys), "KEYS_INVALID");
}

static void a_kid_comes_once(void **state)
{
    assert_invalid(
        json_pack("{s:[o,o]}", "keys", entry("a", p256.public_pem), entry("a", p256.public_pem)),
        "is there twice");
}

static void there_is_a_most_of_keys(void **state)
{
    json_t *list = json_array();

    for (int i = 0; i <= AUTH_KEYS_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        json_array_append_new(list, entry(id, p256.public_pem));
    }
    assert_invalid(json_pack("{s:o}", "keys", list), "one too many");
}

static void body_reads_deep_json(void)
{
    enum { JANSSON_MOST = 2048 };
    AUTO(str_release) struct str text = {0};
    struct auth_keys keys;

    for (int i = 0; i < JANSSON_MOST; i++)
        str_append(&text, "[");
    for (int i = 0; i < JANSSON_MOST; i++)
        str_append(&text, "]");
    const struct status st = auth_keys_read(str_text(&text), &keys);
    expect_string_equal(st.reason, "KEYS_INVALID");
}

/* The start is a task, and its stack is small. */
static void a_file_that_is_nested_deep_does_not_end_the_process(void **state)
{
    in_task(body_reads_deep_json);
}

int main(void)
{
    p256 = test_key_new("P-256");
    p384 = test_key_new("P-384");
    ed25519 = test_key_new(NULL);
    const int failed = UNIT_TESTS_RUN(
        a_key_is_read_with_all_that_belongs_to_it, each_member_must_be_there_and_right,
        only_public_keys_on_p256_are_taken, what_is_no_list_of_keys_is_refused, a_kid_comes_once,
        there_is_a_most_of_keys, a_file_that_is_nested_deep_does_not_end_the_process);
    test_key_release(&p256);
    test_key_release(&p384);
    test_key_release(&ed25519);
    return failed;
}
