#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"

static void reserve(struct str *str, size_t more)
{
    const size_t need = str->length + more + 1;
    if (need <= str->room)
        return;
    str->room = need > 2 * str->room ? need : 2 * str->room;
    str->text = mem_realloc(str->text, str->room);
}

void str_release(struct str *str)
{
    mem_free(str->text);
    *str = (struct str){0};
}

void str_append_bytes(struct str *str, const void *bytes, size_t size)
{
    reserve(str, size);
    if (size)
        memcpy(str->text + str->length, bytes, size);
    str->length += size;
    str->text[str->length] = '\0';
}

void str_append(struct str *str, const char *text)
{
    str_append_bytes(str, text, strlen(text));
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        BUG("cannot format \"%s\"", format);

    reserve(str, (size_t)length);
    vsnprintf(str->text + str->length, (size_t)length + 1, format, again);
    va_end(again);
    str->length += (size_t)length;
}

const char *str_text(const struct str *str)
{
    return str->text ? str->text : "";
}

char *str_take(struct str *str)
{
    char *text = str->text ? str->text : mem_strdup("");
    *str = (struct str){0};
    return text;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool str_to_i64(const char *text, int64_t *ret)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!is_digit(*digits))
        return false;

    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *ret = value;
    return true;
}

bool str_to_u64(const char *text, uint64_t *ret)
{
    if (!is_digit(*text))
        return false;

    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end)
        return false;
    *ret = value;
    return true;
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

void str_hex(char *to, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;

    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
    to[2 * size] = '\0';
}

/* How many bytes the character has that begins with `lead`; 1 for what begins none. */
static size_t utf8_length(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

void str_trim_utf8(char *text)
{
    const size_t length = strlen(text);
    size_t tail = 1; /* bytes of the last character so far */

    while (tail < 4 && tail < length && ((unsigned char)text[length - tail] & 0xc0) == 0x80)
        tail++;
    if (tail <= length && utf8_length((unsigned char)text[length - tail]) > tail)
        text[length - tail] = '\0';
}
