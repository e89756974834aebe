#include "run/sync.h"

#include "base/clock.h"
#include "tests/unit/in_task.h"

static char order[64];

static void note(char who)
{
    const size_t length = strlen(order);
    order[length] = who;
    order[length + 1] = '\0';
}

static struct task *spawn(void (*fn)(void *arg), void *arg)
{
    struct task *task = task_spawn("test", fn, arg);
    expect_true(task != NULL);
    return task;
}

static void let_all_run(void)
{
    expect_ok(task_yield());
    expect_ok(task_yield());
}

/* Wait queues. */

static struct wait_queue queue;

struct stander {
    char name;
    int64_t limit_us; /* 0: none */
    enum code ended;
    struct task *task;
};

static void stands_in_line(void *arg)
{
    struct stander *self = arg;
    AUTO(task_deadline_end)
    struct task_deadline limit =
        task_deadline_in_us(self->limit_us ? self->limit_us : 60 * CLOCK_US_PER_S);

    self->ended = wait_queue_wait(&queue, "the test").code;
    note(self->ended == CODE_OK ? self->name : (char)(self->name - 'a' + 'A'));
}

static void line_up(struct stander *standers, size_t count)
{
    *order = '\0';
    for (size_t i = 0; i < count; i++) {
        standers[i].name = (char)('a' + i);
        standers[i].task = spawn(stands_in_line, &standers[i]);
    }
    let_all_run();
}

static void join_all(struct stander *standers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_ok(task_join(standers[i].task));
    expect_true(wait_queue_is_empty(&queue));
}

static void body_wakes_one_by_one(void)
{
    struct stander standers[3] = {0};

    expect_true(!wait_queue_wake_one(&queue));
    line_up(standers, 3);
    expect_true(wait_queue_wake_one(&queue));
    let_all_run();
    expect_string_equal(order, "a");
    wait_queue_wake_all(&queue);
    expect_true(wait_queue_is_empty(&queue));
    join_all(standers, 3);
    expect_string_equal(order, "abc");
}

static void those_in_line_are_woken_in_their_order(void **state)
{
    in_task(body_wakes_one_by_one);
}

/* Each place of the line: first, middle, last, only. */
static void body_leaves_the_line(void)
{
    for (size_t count = 1; count <= 3; count++) {
        for (size_t leaver = 0; leaver < count; leaver++) {
            struct stander standers[3] = {0};
            line_up(standers, count);
            task_cancel(standers[leaver].task);
            let_all_run();
            expect_int_equal(standers[leaver].ended, CODE_CANCELLED);
            for (size_t i = 0; i + 1 < count; i++)
                expect_true(wait_queue_wake_one(&queue));
            expect_true(!wait_queue_wake_one(&queue));
            join_all(standers, count);
        }
    }
}

static void whoever_is_cancelled_leaves_the_line_whole(void **state)
{
    in_task(body_leaves_the_line);
}

static void body_waits_too_long(void)
{
    struct stander standers[2] = {{.limit_us = 1000}, {0}};

    line_up(standers, 2);
    expect_ok(task_join(standers[0].task));
    expect_int_equal(standers[0].ended, CODE_DEADLINE_EXCEEDED);
    expect_true(wait_queue_wake_one(&queue));
    expect_ok(task_join(standers[1].task));
    expect_string_equal(order, "Ab");
}

static void a_wait_ends_at_the_deadline(void **state)
{
    in_task(body_waits_too_long);
}

static void body_wakes_and_cancels(void)
{
    struct stander standers[2] = {0};

    line_up(standers, 2);
    expect_true(wait_queue_wake_one(&queue));
    task_cancel(standers[0].task); /* in the same turn: it has been woken, so it must say so */
    let_all_run();
    expect_int_equal(standers[0].ended, CODE_OK);
    task_cancel(standers[1].task);
    expect_true(wait_queue_wake_one(&queue));
    join_all(standers, 2);
    expect_int_equal(standers[1].ended, CODE_OK);
}

static void no_wake_is_lost_on_whoever_is_cancelled_in_the_same_turn(void **state)
{
    in_task(body_wakes_and_cancels);
}

/* Semaphores. */

static struct semaphore semaphore;
static int inside, most_inside;

static void goes_in_and_out(void *arg)
{
    expect_ok(semaphore_acquire(&semaphore, "the test"));
    note(*(const char *)arg);
    inside++;
    most_inside = inside > most_inside ? inside : most_inside;
    expect_ok(task_yield());
    inside--;
    semaphore_release(&semaphore);
}

static void body_passes_two_at_a_time(void)
{
    static const char names[] = "abcdefg";
    struct task *tasks[7];

    *order = '\0';
    inside = most_inside = 0;
    semaphore_init(&semaphore, 2);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        tasks[i] = spawn(goes_in_and_out, (void *)(uintptr_t)&names[i]);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        expect_ok(task_join(tasks[i]));
    expect_int_equal(most_inside, 2);
    expect_string_equal(order, "abcdefg");
    expect_int_equal(semaphore.free, 2);
}

static void so_many_pass_at_once_in_their_order(void **state)
{
    in_task(body_passes_two_at_a_time);
}

static void body_cannot_overtake(void)
{
    static const char waiter[] = "w";

    *order = '\0';
    semaphore_init(&semaphore, 1);
    expect_true(semaphore_try_acquire(&semaphore));
    struct task *task = spawn(goes_in_and_out, (void *)(uintptr_t)waiter);
    let_all_run();
    semaphore_release(&semaphore); /* belongs to the waiter, though it has not run yet */
    expect_true(!semaphore_try_acquire(&semaphore));
    expect_ok(task_join(task));
    expect_true(semaphore_try_acquire(&semaphore));
}

static void a_released_permit_belongs_to_the_first_in_line(void **state)
{
    in_task(body_cannot_overtake);
}

static void body_gives_up(void)
{
    semaphore_init(&semaphore, 1);
    expect_ok(semaphore_acquire(&semaphore, "the test"));
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(1000);
        expect_code(semaphore_acquire(&semaphore, "the test"), DEADLINE_EXCEEDED);
    }
    semaphore_release(&semaphore);
    expect_int_equal(semaphore.free, 1);
}

static void whoever_gives_up_takes_no_permit_along(void **state)
{
    in_task(body_gives_up);
}

/* Channels. */

static struct channel channel;
static int numbers[100];

static int received(void)
{
    void *item = NULL;
    expect_ok(channel_receive(&channel, &item));
    return item ? (int)((int *)item - numbers) : -1;
}

static void sends_twenty(void *arg)
{
    for (int i = 0; i < 20; i++)
        expect_ok(channel_send(&channel, &numbers[i]));
}

static void body_sends_and_receives(void)
{
    channel_init(&channel, 3);
    struct task *sender = spawn(sends_twenty, NULL);
    let_all_run();
    expect_int_equal(channel.count, 3); /* bounded */
    for (int i = 0; i < 20; i++)
        expect_int_equal(received(), i);
    expect_ok(task_join(sender));
    channel_release(&channel);
}

static void items_come_out_in_the_order_they_went_in(void **state)
{
    in_task(body_sends_and_receives);
}

static void receives_one(void *arg)
{
    struct stander *self = arg;
    void *item = NULL;

    self->ended = channel_receive(&channel, &item).code;
    note(item ? (char)('0' + ((int *)item - numbers)) : self->name);
}

static void sends_one(void *arg)
{
    struct stander *self = arg;
    self->ended = channel_send(&channel, &numbers[self->name - '0']).code;
}

static void body_receivers_in_line(void)
{
    struct stander first = {.name = 'a'}, second = {.name = 'b'};
    void *item;

    *order = '\0';
    channel_init(&channel, 4);
    first.task = spawn(receives_one, &first);
    second.task = spawn(receives_one, &second);
    let_all_run();
    expect_true(channel_try_send(&channel, &numbers[1]));
    expect_true(!channel_try_receive(&channel, &item)); /* it is the first receiver's */
    expect_true(channel_try_send(&channel, &numbers[2]));
    expect_ok(task_join(first.task));
    expect_ok(task_join(second.task));
    expect_string_equal(order, "12");
    channel_release(&channel);
}

static void nobody_takes_an_item_from_a_receiver_in_line(void **state)
{
    in_task(body_receivers_in_line);
}

static void body_senders_in_line(void)
{
    struct stander first = {.name = '1'}, second = {.name = '2'};

    channel_init(&channel, 1);
    expect_true(channel_try_send(&channel, &numbers[0]));
    first.task = spawn(sends_one, &first);
    second.task = spawn(sends_one, &second);
    let_all_run();
    expect_int_equal(received(), 0);
    expect_true(!channel_try_send(&channel, &numbers[9])); /* the room is the first sender's */
    expect_int_equal(received(), 1);
    expect_int_equal(received(), 2);
    expect_ok(task_join(first.task));
    expect_ok(task_join(second.task));
    expect_int_equal(first.ended, CODE_OK);
    channel_release(&channel);
}

static void nobody_takes_the_room_of_a_sender_in_line(void **state)
{
    in_task(body_senders_in_line);
}

static void body_closes(void)
{
    struct stander sender = {.name = '9'}, receiver = {.name = 'r'};
    void *item = NULL;

    channel_init(&channel, 2);
    expect_true(channel_try_send(&channel, &numbers[1]));
    expect_true(channel_try_send(&channel, &numbers[2]));
    sender.task = spawn(sends_one, &sender);
    let_all_run();
    channel_close(&channel);
    expect_ok(task_join(sender.task));
    expect_int_equal(sender.ended, CODE_UNAVAILABLE); /* not sent */
    const struct status st = channel_send(&channel, &item);
    expect_string_equal(st.reason, "CHANNEL_CLOSED");
    expect_true(!channel_try_send(&channel, &item));
    expect_int_equal(received(), 1); /* sent before the close */
    expect_int_equal(received(), 2);
    expect_code(channel_receive(&channel, &item), UNAVAILABLE);
    expect_true(item == NULL);
    channel_release(&channel);

    channel_init(&channel, 2);
    receiver.task = spawn(receives_one, &receiver);
    let_all_run();
    channel_close(&channel);
    expect_ok(task_join(receiver.task));
    expect_int_equal(receiver.ended, CODE_UNAVAILABLE);
    channel_release(&channel);
}

static void a_closed_channel_gives_out_what_it_has_and_takes_nothing(void **state)
{
    in_task(body_closes);
}

static void body_cancels_a_receiver(void)
{
    struct stander late = {.name = 'x'}, early = {.name = 'y'};
    void *item = NULL;

    *order = '\0';
    channel_init(&channel, 2);
    late.task = spawn(receives_one, &late);
    let_all_run();
    expect_true(channel_try_send(&channel, &numbers[5]));
    task_cancel(late.task); /* the item is its already */
    expect_ok(task_join(late.task));
    expect_int_equal(late.ended, CODE_OK);
    expect_string_equal(order, "5");

    early.task = spawn(receives_one, &early);
    let_all_run();
    task_cancel(early.task);
    expect_true(channel_try_send(&channel, &numbers[6])); /* before it could leave the line */
    expect_ok(task_join(early.task));
    if (early.ended == CODE_CANCELLED)
        expect_true(channel_try_receive(&channel, &item));
    else
        expect_string_equal(order, "56");
    channel_release(&channel);
}

static void no_item_is_lost_on_a_receiver_that_is_cancelled(void **state)
{
    in_task(body_cancels_a_receiver);
}

static void body_cancels_a_sender(void)
{
    struct stander sender = {.name = '7'};
    void *item;

    channel_init(&channel, 1);
    expect_true(channel_try_send(&channel, &numbers[0]));
    sender.task = spawn(sends_one, &sender);
    let_all_run();
    task_cancel(sender.task);
    expect_ok(task_join(sender.task));
    expect_int_equal(sender.ended, CODE_CANCELLED);
    expect_int_equal(received(), 0);
    expect_true(!channel_try_receive(&channel, &item)); /* what was not sent does not come */
    channel_release(&channel);
}

static void a_sender_that_is_cancelled_sent_nothing(void **state)
{
    in_task(body_cancels_a_sender);
}

/* Many of both, cancelled at random: every item that was sent is received once. */
static int sent_count, received_count;
static int seen[100];

static void sends_at_random(void *arg)
{
    const int number = (int)(intptr_t)arg;

    for (int i = 0; i < number % 3; i++)
        if (task_yield().code != CODE_OK)
            return;
    if (channel_send(&channel, &numbers[number]).code == CODE_OK) {
        sent_count++;
        seen[number]++;
    }
}

static void receives_at_random(void *arg)
{
    void *item;

    while (channel_receive(&channel, &item).code == CODE_OK) {
        received_count++;
        seen[(int *)item - numbers]--;
    }
}

static void run_random_round(unsigned seed)
{
    struct task *senders[60], *receivers[5];
    void *item;

    memset(seen, 0, sizeof seen);
    sent_count = received_count = 0;
    channel_init(&channel, 1 + seed % 4);
    for (size_t i = 0; i < ARRAY_LEN(receivers); i++)
        receivers[i] = spawn(receives_at_random, NULL);
    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        senders[i] = spawn(sends_at_random, (void *)(intptr_t)i);
        if (rand_r(&seed) % 4 == 0)
            task_cancel(senders[(unsigned)rand_r(&seed) % (i + 1)]);
        if (rand_r(&seed) % 8 == 0)
            task_cancel(receivers[rand_r(&seed) % 4]); /* the last one stays */
        if (rand_r(&seed) % 3 == 0)
            expect_ok(task_yield());
    }
    for (size_t i = 0; i < ARRAY_LEN(senders); i++)
        expect_ok(task_join(senders[i]));
    channel_close(&channel);
    for (size_t i = 0; i < ARRAY_LEN(receivers); i++)
        expect_ok(task_join(receivers[i]));
    while (channel_try_receive(&channel, &item)) {
        received_count++;
        seen[(int *)item - numbers]--;
    }
    expect_int_equal(received_count, sent_count);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        expect_int_equal(seen[i], 0);
    channel_release(&channel);
}

static void body_runs_at_random(void)
{
    for (unsigned seed = 1; seed <= 200; seed++)
        run_random_round(seed);
}

static void whatever_is_cancelled_each_item_is_received_once(void **state)
{
    in_task(body_runs_at_random);
}

static void release_under_a_receiver(void)
{
    channel_init(&channel, 1);
    struct task *task = task_spawn("receiver", receives_at_random, NULL);
    status_ignore(task_yield(), "it runs");
    channel_release(&channel);
    task_cancel(task);
}

static void aborts_in_task(void)
{
    in_task(release_under_a_receiver);
}

static void releasing_a_channel_that_is_waited_on_is_a_bug(void **state)
{
    assert_true(unit_aborts(aborts_in_task));
}

UNIT_TESTS(those_in_line_are_woken_in_their_order, whoever_is_cancelled_leaves_the_line_whole,
           a_wait_ends_at_the_deadline, no_wake_is_lost_on_whoever_is_cancelled_in_the_same_turn,
           so_many_pass_at_once_in_their_order, a_released_permit_belongs_to_the_first_in_line,
           whoever_gives_up_takes_no_permit_along, items_come_out_in_the_order_they_went_in,
           nobody_takes_an_item_from_a_receiver_in_line, nobody_takes_the_room_of_a_sender_in_line,
           a_closed_channel_gives_out_what_it_has_and_takes_nothing,
           no_item_is_lost_on_a_receiver_that_is_cancelled, a_sender_that_is_cancelled_sent_nothing,
           whatever_is_cancelled_each_item_is_received_once,
           releasing_a_channel_that_is_waited_on_is_a_bug)
