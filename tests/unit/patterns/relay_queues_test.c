#include "patterns/relay_queues.h"

#include "tests/unit/unit.h"

static struct relay_queues queues;

static void begin(void)
{
    queues = (struct relay_queues){.count = 0};
}

static void an_aggregate_stands_behind_its_own_before_its_topic_s(void **state)
{
    begin();
    assert_null(relay_queues_find(&queues, "order.order", 42));
    assert_true(relay_queues_add(&queues, "order.order/42", 0));
    assert_string_equal(relay_queues_find(&queues, "order.order", 42), "order.order/42");
    assert_null(relay_queues_find(&queues, "order.order", 4));
    assert_null(relay_queues_find(&queues, "order.payment", 42));
    assert_true(relay_queues_add(&queues, "order.order", 0));
    assert_string_equal(relay_queues_find(&queues, "order.order", 4), "order.order");
    assert_string_equal(relay_queues_find(&queues, "order.order", 42), "order.order/42");
}

static void is_tried_again_after_growing_pauses(void **state)
{
    int64_t now_us = 1000, before_us = 0;

    begin();
    assert_true(relay_queues_add(&queues, "a", now_us));
    assert_null(relay_queues_due(&queues, now_us));
    for (int i = 0; i < 12; i++) {
        now_us = queues.list[0].next_us;
        assert_null(relay_queues_due(&queues, now_us - 1));
        struct relay_queue *due = relay_queues_due(&queues, now_us);
        assert_string_equal(due->name, "a");
        relay_queue_postpone(due, now_us, 0);
        assert_true(due->next_us - now_us >= before_us);
        before_us = due->next_us - now_us;
    }
    assert_true(before_us <= 60 * 1000 * 1000);
}

static void another_failure_of_a_queue_changes_nothing(void **state)
{
    begin();
    assert_true(relay_queues_add(&queues, "a", 0));
    const int64_t next_us = queues.list[0].next_us;
    assert_true(relay_queues_add(&queues, "a", 5));
    assert_int_equal(queues.count, 1);
    assert_int_equal(queues.list[0].next_us, next_us);
}

static void has_room_for_so_many(void **state)
{
    char name[RELAY_QUEUE_NAME_MAX + 1];

    begin();
    for (int i = 0; i < RELAY_QUEUES_MAX; i++) {
        relay_queue_name("order.order", i, name);
        assert_true(relay_queues_add(&queues, name, 0));
    }
    assert_false(relay_queues_add(&queues, "one.more", 0));
    relay_queues_remove(&queues, &queues.list[0]);
    assert_null(relay_queues_find(&queues, "order.order", 0));
    assert_non_null(relay_queues_find(&queues, "order.order", RELAY_QUEUES_MAX - 1));
    assert_true(relay_queues_add(&queues, "one.more", 0));
}

UNIT_TESTS(an_aggregate_stands_behind_its_own_before_its_topic_s,
           is_tried_again_after_growing_pauses, another_failure_of_a_queue_changes_nothing,
           has_room_for_so_many)
