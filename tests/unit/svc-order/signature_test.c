#include "svc-order/signature.h"

#include <string.h>

#include "tests/unit/unit.h"

/* By: printf callback.1700000000.{} | openssl dgst -sha256 -hmac key */
static void a_callback_is_signed_over_timestamp_and_body(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];

    signature_make("key", SIGNATURE_OF_CALLBACK, "1700000000", "{}", 2, signature);
    assert_string_equal(signature,
                        "e207077434be4ffb910852c7c5978588516730bc9cfef2eb80acf6e961b24d57");
}

/* By: printf address.12.EUR.1999 | openssl dgst -sha256 -hmac key */
static void an_address_is_signed_over_payment_and_amount(void **state)
{
    char signature[SIGNATURE_LENGTH + 1];

    signature_make("key", SIGNATURE_OF_ADDRESS, "12", "EUR.1999", 8, signature);
    assert_string_equal(signature,
                        "cea0f6bf20dc6ad2a96c294b5eafe51b7fac13948bd18b55dd4aeef91b30e4e3");
}

static void only_the_same_fits(void **state)
{
    char expected[SIGNATURE_LENGTH + 1], given[SIGNATURE_LENGTH + 2];

    signature_make("key", SIGNATURE_OF_CALLBACK, "1", "", 0, expected);
    assert_true(signature_fits(expected, expected));
    for (size_t i = 0; i < SIGNATURE_LENGTH; i++) {
        strcpy(given, expected);
        given[i] = given[i] == '0' ? '1' : '0';
        assert_false(signature_fits(given, expected));
    }
    strcpy(given, expected);
    strcat(given, "0");
    assert_false(signature_fits(given, expected));
    given[SIGNATURE_LENGTH - 1] = '\0';
    assert_false(signature_fits(given, expected));
    assert_false(signature_fits("", expected));
}

UNIT_TESTS(a_callback_is_signed_over_timestamp_and_body,
           an_address_is_signed_over_payment_and_amount, only_the_same_fits)
