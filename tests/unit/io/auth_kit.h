#pragma once

/*
 * auth_kit: keys and tokens of tests, made anew in each process.
 */

#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/auth.h"
#include "tests/unit/unit.h"

/* A key pair as PEM; `curve` is "P-256", or NULL for Ed25519. */
struct test_key {
    char *private_pem;
    char *public_pem;
};

static char *test_key_take(BIO *bio)
{
    char *at;
    const long size = BIO_get_mem_data(bio, &at);
    char *text = mem_zalloc((size_t)size + 1);
    memcpy(text, at, (size_t)size);
    BIO_free(bio);
    return text;
}

UNUSED static struct test_key test_key_new(const char *curve)
{
    EVP_PKEY *key = curve ? EVP_EC_gen(curve) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *private_bio = BIO_new(BIO_s_mem()), *public_bio = BIO_new(BIO_s_mem());

    assert_non_null(key);
    assert_true(PEM_write_bio_PrivateKey(private_bio, key, NULL, NULL, 0, NULL, NULL));
    assert_true(PEM_write_bio_PUBKEY(public_bio, key));
    EVP_PKEY_free(key);
    return (struct test_key){test_key_take(private_bio), test_key_take(public_bio)};
}

UNUSED static void test_key_release(struct test_key *key)
{
    mem_free(key->private_pem);
    mem_free(key->public_pem);
}

/* What a token says. Texts that are NULL, and numbers that are 0, are left out. */
struct test_token {
    const char *kid, *iss, *aud, *sub, *role;
    int64_t exp, nbf, shop_id, supplier_id;
    jwt_alg_t algorithm;
    const char *key_pem;
};

static void test_token_add(jwt_t *jwt, const char *claim, int64_t number)
{
    if (number)
        assert_int_equal(jwt_add_grant_int(jwt, claim, number), 0);
}

/* "Bearer ..."; the caller frees it. */
UNUSED static char *test_token_sign(const struct test_token *token)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"iss", token->iss}, {"aud", token->aud}, {"sub", token->sub}, {"role", token->role}};
    jwt_t *jwt;

    assert_int_equal(jwt_new(&jwt), 0);
    if (token->kid)
        assert_int_equal(jwt_add_header(jwt, "kid", token->kid), 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].value)
            assert_int_equal(jwt_add_grant(jwt, texts[i].name, texts[i].value), 0);
    test_token_add(jwt, "exp", token->exp);
    test_token_add(jwt, "nbf", token->nbf);
    test_token_add(jwt, "shop_id", token->shop_id);
    test_token_add(jwt, "supplier_id", token->supplier_id);
    if (token->algorithm != JWT_ALG_NONE)
        assert_int_equal(jwt_set_alg(jwt, token->algorithm, (const uint8_t *)token->key_pem,
                                     (int)strlen(token->key_pem)),
                         0);
    char *text = jwt_encode_str(jwt);
    assert_non_null(text);
    char *header = mem_printf("Bearer %s", text);
    free(text);
    jwt_free(jwt);
    return header;
}
