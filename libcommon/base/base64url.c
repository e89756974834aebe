#include "base/base64url.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { NO_DIGIT = 64 };

static unsigned value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return (unsigned)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (unsigned)(digit - 'a') + 26;
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0') + 52;
    if (digit == '-')
        return 62;
    return digit == '_' ? 63 : NO_DIGIT;
}

size_t base64url_length(size_t size)
{
    return size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0);
}

void base64url_encode(char *to, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | from[i];
        for (count += 8; count >= 6; count -= 6)
            *to++ = digits[bits >> (count - 6) & 63];
    }
    if (count)
        *to++ = digits[bits << (6 - count) & 63];
    *to = '\0';
}

bool base64url_decode(const char *text, size_t length, void *to, size_t *ret_size)
{
    uint8_t *start = to, *end = to;
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < length; i++) {
        const unsigned value = value_of(text[i]);
        if (value == NO_DIGIT)
            return false;
        bits = bits << 6 | value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *end++ = (uint8_t)(bits >> count);
        }
    }
    /* What is left are bits of the last byte's digit: fewer than a digit's own, and all 0. */
    if (count >= 6 || bits & ((1u << count) - 1))
        return false;
    *ret_size = (size_t)(end - start);
    return true;
}
