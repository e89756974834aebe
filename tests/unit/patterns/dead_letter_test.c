#include "patterns/dead_letter.h"

#include "tests/unit/unit.h"

static const struct dead_letter_reason reason = {
    .cause = "refused", .detail = "FAILED_PRECONDITION SOLD_OUT told to", .tries = 6};

static struct mq_message event(void)
{
    return (struct mq_message){
        .topic = "order.order",
        .key = "42",
        .key_size = 2,
        .value = "value",
        .value_size = 5,
        .headers = {{"ce_id", "7"}, {"ce_source", "souk/order"}, {"ce_type", "order.paid"}},
        .header_count = 3,
        .partition = 2,
        .offset = 99,
    };
}

static void says_why_and_from_where_beside_what_it_was(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    const struct mq_message from = event();
    struct mq_message letter;

    dead_letter_write(&from, "search.documents", &reason, arena, &letter);
    assert_string_equal(letter.topic, "order.order.dlq");
    assert_memory_equal(letter.key, "42", 2);
    assert_memory_equal(letter.value, "value", 5);
    assert_string_equal(mq_header(&letter, "ce_id"), "7");
    assert_string_equal(mq_header(&letter, "ce_type"), "order.paid");
    assert_string_equal(mq_header(&letter, "dlq_consumer"), "search.documents");
    assert_string_equal(mq_header(&letter, "dlq_topic"), "order.order");
    assert_string_equal(mq_header(&letter, "dlq_partition"), "2");
    assert_string_equal(mq_header(&letter, "dlq_offset"), "99");
    assert_string_equal(mq_header(&letter, "dlq_cause"), "refused");
    assert_string_equal(mq_header(&letter, "dlq_detail"), reason.detail);
    assert_string_equal(mq_header(&letter, "dlq_tries"), "6");
    arena_free(arena);
}

static void a_message_with_many_headers_keeps_room_for_ours(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct mq_message from = event(), letter;

    while (from.header_count < MQ_HEADERS_MAX)
        from.headers[from.header_count++] = (struct mq_header){"other", "x"};
    dead_letter_write(&from, "search.documents", &reason, arena, &letter);
    assert_int_equal(letter.header_count, MQ_HEADERS_MAX);
    assert_string_equal(mq_header(&letter, "dlq_tries"), "6");
    assert_string_equal(mq_header(&letter, "ce_id"), "7");
    arena_free(arena);
}

static void headers_survive_in_one_piece_without_those_of_the_letter(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct mq_message from = event(), letter, back = {0};

    from.headers[from.header_count++] = (struct mq_header){"empty", ""};
    dead_letter_write(&from, "search.documents", &reason, arena, &letter);
    dead_letter_unpack(dead_letter_pack(&letter, arena), arena, &back);
    assert_int_equal(back.header_count, from.header_count);
    for (size_t i = 0; i < from.header_count; i++) {
        assert_string_equal(back.headers[i].name, from.headers[i].name);
        assert_string_equal(back.headers[i].value, from.headers[i].value);
    }
    dead_letter_unpack((struct dead_letter_headers){.at = "", .size = 0}, arena, &back);
    assert_int_equal(back.header_count, 0);
    arena_free(arena);
}

static void assert_identity(const struct mq_message *message, const char *source, const char *id)
{
    struct arena *arena = arena_new(1 << 20);
    const char *its_source, *its_id;

    dead_letter_identity(message, arena, &its_source, &its_id);
    assert_string_equal(its_source, source);
    assert_string_equal(its_id, id);
    arena_free(arena);
}

static void an_event_without_a_name_has_that_of_its_place_wherever_it_goes(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct mq_message nameless = event(), letter;

    assert_identity(&nameless, "souk/order", "7");
    nameless.headers[0].value = "1234567890123456789012345678901234567890123456789012345678901234x";
    assert_identity(&nameless, "kafka", "99/2/order.order");
    nameless.header_count = 0;
    assert_identity(&nameless, "kafka", "99/2/order.order");
    dead_letter_write(&nameless, "search.documents", &reason, arena, &letter);
    letter.partition = 0;
    letter.offset = 3;
    assert_identity(&letter, "kafka", "99/2/order.order");
    arena_free(arena);
}

static enum dead_letter_order order_of(const char *consumer, const char *order)
{
    struct mq_message message = event();

    if (consumer)
        message.headers[message.header_count++] = (struct mq_header){"dlq_consumer", consumer};
    if (order)
        message.headers[message.header_count++] = (struct mq_header){"dlq_order", order};
    return dead_letter_order(&message, "search.documents");
}

static void what_comes_back_is_for_the_one_that_gave_it_up(void **state)
{
    assert_int_equal(order_of(NULL, NULL), DEAD_LETTER_NO);
    assert_int_equal(order_of("search.documents", "redrive"), DEAD_LETTER_REDRIVE);
    assert_int_equal(order_of("search.documents", "discard"), DEAD_LETTER_DISCARD);
    assert_int_equal(order_of("order.payments", "redrive"), DEAD_LETTER_FOREIGN);
    assert_int_equal(order_of("search.documents", NULL), DEAD_LETTER_FOREIGN);
}

UNIT_TESTS(says_why_and_from_where_beside_what_it_was,
           a_message_with_many_headers_keeps_room_for_ours,
           headers_survive_in_one_piece_without_those_of_the_letter,
           an_event_without_a_name_has_that_of_its_place_wherever_it_goes,
           what_comes_back_is_for_the_one_that_gave_it_up)
