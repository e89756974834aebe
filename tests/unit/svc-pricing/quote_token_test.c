#include "svc-pricing/quote_token.h"

#include "base/base64url.h"
#include "tests/unit/unit.h"

#define SECRET "correct horse battery staple 123"

static char *made(struct arena *arena, const void *quote, size_t size)
{
    char *token = NULL;

    assert_ok(quote_token_make(quote, size, SECRET, arena, &token));
    return token;
}

static struct status open_with(const char *token, const char *secret, struct arena *arena)
{
    const void *quote;
    size_t size;

    return quote_token_open(token, secret, arena, &quote, &size);
}

static void carries_any_bytes(void **state)
{
    static uint8_t bytes[300];
    const void *quote;
    size_t size;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t length = 0; length <= sizeof bytes; length += 7) {
        AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
        const char *token = made(arena, bytes, length);
        assert_ok(quote_token_open(token, SECRET, arena, &quote, &size));
        assert_int_equal(size, length);
        assert_memory_equal(quote, bytes, length);
    }
}

/* Computed with Python's hmac: the format must not change by accident. */
static void has_the_format_that_it_says(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    assert_string_equal(made(arena, "quote", 5),
                        "AXF1b3Rl7-xY8OZGRlJ55Bs93uu0IpPDfczSC-t29WG1axq9xfw");
}

static void an_altered_character_is_noticed_anywhere(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    char *token = made(arena, "a quote of some length", 22);

    for (size_t i = 0; token[i]; i++) {
        const char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_reason(open_with(token, SECRET, arena), "QUOTE_INVALID");
        token[i] = was;
    }
    assert_ok(open_with(token, SECRET, arena));
}

static void another_secret_does_not_open_it(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    assert_reason(open_with(made(arena, "q", 1), SECRET "4", arena), "QUOTE_INVALID");
}

static void a_format_that_is_not_known_is_refused_though_signed(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    assert_reason(open_with("AnF1b3RlPJkUy9aQYc1f0yQgXCfS9fw9xEnBqz-8dSYnKihSY34", SECRET, arena),
                  "QUOTE_INVALID");
}

static void what_is_no_token_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    static char long_one[QUOTE_TOKEN_MAX + 2];
    const char *token = made(arena, "quote", 5);

    memset(long_one, 'A', sizeof long_one - 1);
    assert_reason(open_with("", SECRET, arena), "QUOTE_INVALID");
    assert_reason(open_with("AQ", SECRET, arena), "QUOTE_INVALID");
    assert_reason(open_with("not base64url!", SECRET, arena), "QUOTE_INVALID");
    assert_reason(open_with(long_one, SECRET, arena), "QUOTE_INVALID");
    assert_reason(open_with(arena_printf(arena, "%s=", token), SECRET, arena), "QUOTE_INVALID");
    assert_reason(open_with(arena_printf(arena, "%sAAAA", token), SECRET, arena), "QUOTE_INVALID");
}

static void a_quote_that_a_request_could_not_carry_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    static const uint8_t bytes[QUOTE_TOKEN_MAX];
    const size_t most = QUOTE_TOKEN_MAX / 4 * 3 - 33;
    char *token = NULL;

    assert_ok(quote_token_make(bytes, most, SECRET, arena, &token));
    assert_int_equal(strlen(token), QUOTE_TOKEN_MAX);
    token = NULL;
    assert_reason(quote_token_make(bytes, most + 1, SECRET, arena, &token), "OVERLOADED");
    assert_null(token);
}

UNIT_TESTS(carries_any_bytes, has_the_format_that_it_says, an_altered_character_is_noticed_anywhere,
           another_secret_does_not_open_it, a_format_that_is_not_known_is_refused_though_signed,
           what_is_no_token_is_refused, a_quote_that_a_request_could_not_carry_is_refused)
