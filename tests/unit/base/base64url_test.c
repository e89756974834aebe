#include "base/base64url.h"
#include "tests/unit/unit.h"

static void writes_what_the_rfc_does(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
    };
    char text[16];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        base64url_encode(text, rows[i].bytes, strlen(rows[i].bytes));
        assert_string_equal(text, rows[i].text);
        assert_int_equal(base64url_length(strlen(rows[i].bytes)), strlen(rows[i].text));
    }
}

static void reads_back_every_byte_at_every_length(void **state)
{
    uint8_t bytes[300], back[303];
    char text[401];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        size_t back_size = 999;
        base64url_encode(text, bytes, size);
        assert_true(base64url_decode(text, strlen(text), back, &back_size));
        assert_int_equal(back_size, size);
        assert_memory_equal(back, bytes, size);
    }
}

static void refuses_any_other_spelling(void **state)
{
    static const char *const texts[] = {"Z", "Zg==", "Zh", "Zm9", "Zm8 ", "Zm+v", "Zm/v", "Zm9vY"};
    uint8_t bytes[16];
    size_t size = 77;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(base64url_decode(texts[i], strlen(texts[i]), bytes, &size));
    assert_false(base64url_decode("Zg\0v", 4, bytes, &size));
    assert_int_equal(size, 77);
}

UNIT_TESTS(writes_what_the_rfc_does, reads_back_every_byte_at_every_length,
           refuses_any_other_spelling)
