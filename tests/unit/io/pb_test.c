#include "io/pb.h"

#include "souk/cart/v1/cart.pb-c.h"
#include "tests/unit/unit.h"

enum { LINES = 40 };

/* A cart of many lines, with texts and a message inside. */
static struct pb_bytes packed(struct arena *arena)
{
    Souk__Cart__V1__Cart cart = SOUK__CART__V1__CART__INIT;
    Souk__Cart__V1__CartLine line = SOUK__CART__V1__CART_LINE__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Souk__Cart__V1__CartLine *lines[LINES];

    time.seconds = 1;
    line.sku_id = 7;
    line.add_time = &time;
    for (size_t i = 0; i < LINES; i++)
        lines[i] = &line;
    cart.n_lines = LINES;
    cart.lines = lines;
    return pb_pack(&cart.base, arena);
}

static ProtobufCMessage *unpack_within(size_t limit, struct pb_bytes bytes)
{
    AUTO(arena_freep) struct arena *arena = arena_new(limit);
    return pb_unpack(&souk__cart__v1__cart__descriptor, bytes.at, bytes.size, arena);
}

static void a_message_that_does_not_fit_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct pb_bytes bytes = packed(arena);
    size_t limit = 0;

    while (!unpack_within(limit, bytes))
        limit++;
    assert_in_range(limit, LINES * sizeof(Souk__Cart__V1__CartLine), 1 << 20);
}

static void what_is_unpacked_is_what_was_packed(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct pb_bytes bytes = packed(arena);
    const Souk__Cart__V1__Cart *cart = (const Souk__Cart__V1__Cart *)pb_unpack(
        &souk__cart__v1__cart__descriptor, bytes.at, bytes.size, arena);

    assert_non_null(cart);
    assert_int_equal(cart->n_lines, LINES);
    assert_int_equal(cart->lines[LINES - 1]->sku_id, 7);
    assert_int_equal(cart->lines[LINES - 1]->add_time->seconds, 1);
    assert_null(pb_unpack(&souk__cart__v1__cart__descriptor, bytes.at, bytes.size - 1, arena));
}

UNIT_TESTS(a_message_that_does_not_fit_is_refused, what_is_unpacked_is_what_was_packed)
