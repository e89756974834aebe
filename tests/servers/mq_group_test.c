/* Several consumers in a group, and how one goes. */

#include <dlfcn.h>

#include "tests/servers/mq_kit.h"

enum { KEYS = 16 };

struct member {
    struct kit_seen *seen; /* of the group */
    int calls;
    int64_t work_us;
    struct mq_consumer *consumer;
};

static struct status work(void *arg, const struct mq_message *message)
{
    struct member *member = arg;

    TRY(task_sleep_us(member->work_us));
    member->calls++;
    kit_see(member->seen, kit_number(message), KEYS);
    return STATUS_OK;
}

static void join_group(struct member *member, struct loop *loop, const char *group,
                       const char *topic)
{
    member->consumer = kit_consumer(loop, group, topic, work, member);
}

struct stream {
    struct mq_producer *producer;
    const char *topic;
    int sent;
    bool is_over;
    struct status st;
};

/* Ten messages each few milliseconds until told to stop. */
static void produce_stream(void *arg)
{
    struct stream *stream = arg;

    while (!stream->is_over && status_ok(&stream->st)) {
        stream->st =
            kit_produce(stream->producer, stream->topic, stream->sent, stream->sent + 10, KEYS);
        stream->sent += 10;
        status_ignore(task_sleep_us(4000), "a pause");
    }
}

static void hands_partitions_over_without_loss_or_repetition(struct loop *loop)
{
    const char *topic = kit_topic("handover", 4);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member first = {.seen = seen, .work_us = 100}, second = {.seen = seen, .work_us = 100};
    struct stream stream = {.producer = kit_producer(loop), .topic = topic, .st = STATUS_OK};

    join_group(&first, loop, group, topic);
    server_test_wait(60000, mq_consumer_is_joined(first.consumer));
    struct task *producing = task_spawn("stream", produce_stream, &stream);
    server_test_wait(60000, first.calls > 100);

    join_group(&second, loop, group, topic);
    server_test_wait(60000, second.calls > 100);
    const int before = first.calls;
    server_test_wait(60000, first.calls > before); /* it kept a part */
    mq_consumer_stop(first.consumer);
    const int at_stop = second.calls;
    server_test_wait(60000, second.calls > at_stop + 200);
    stream.is_over = true;
    assert_ok(task_join(producing));
    assert_ok(stream.st);
    server_test_wait(60000, seen->count == stream.sent);
    mq_consumer_stop(second.consumer);

    assert_int_equal(seen->calls, stream.sent);
    assert_int_equal(seen->out_of_order, 0);
    mq_producer_stop(stream.producer);
    mem_free(seen);
}

static void joins_with_nothing_to_do_when_others_have_all(struct loop *loop)
{
    const char *topic = kit_topic("spare", 1);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member members[2] = {{.seen = seen}, {.seen = seen}};
    struct mq_producer *producer = kit_producer(loop);

    join_group(&members[0], loop, group, topic);
    join_group(&members[1], loop, group, topic);
    server_test_wait(60000, mq_consumer_is_joined(members[0].consumer) &&
                                mq_consumer_is_joined(members[1].consumer));
    assert_ok(kit_produce(producer, topic, 0, 10, KEYS));
    server_test_wait(60000, seen->count == 10);
    const bool first_has_it = members[0].calls == 10;
    assert_int_equal(members[!first_has_it].calls + members[first_has_it].calls, 10);

    mq_consumer_stop(members[first_has_it ? 0 : 1].consumer);
    assert_ok(kit_produce(producer, topic, 10, 20, KEYS));
    server_test_wait(60000, seen->count == 20);
    mq_consumer_stop(members[first_has_it ? 1 : 0].consumer);
    assert_int_equal(seen->calls, 20);
    mq_producer_stop(producer);
    mem_free(seen);
}

/* Lanes: keys of a partition side by side. */

struct lane_seen {
    struct kit_seen *seen;
    int at_work, most_at_work;
    int64_t work_us;
    int stuck; /* the key that is not done before it is set free; -1: none */
    int of_others;
};

static struct status work_in_lane(void *arg, const struct mq_message *message)
{
    struct lane_seen *lanes = arg;
    const int number = kit_number(message);

    if (number % KEYS == lanes->stuck)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "stuck");
    if (++lanes->at_work > lanes->most_at_work)
        lanes->most_at_work = lanes->at_work;
    const struct status st = task_sleep_us(lanes->work_us);
    lanes->at_work--;
    if (status_ok(&st)) {
        kit_see(lanes->seen, number, KEYS);
        lanes->of_others += lanes->stuck >= 0;
    }
    return st;
}

static struct mq_consumer *consumer_with_lanes(struct loop *loop, const char *group,
                                               const char *topic, struct lane_seen *lanes)
{
    const struct mq_config config = kit_config();
    const struct mq_subscription subscription = {
        .group = group,
        .topics = {topic},
        .topic_count = 1,
        .handler = work_in_lane,
        .lanes = 8,
        .arg = lanes,
    };
    struct mq_consumer *consumer = NULL;

    assert_ok(mq_consumer_new(loop, &config, &subscription, &consumer));
    return consumer;
}

static void handles_keys_of_a_partition_side_by_side(struct loop *loop)
{
    const char *topic = kit_topic("lanes", 1);
    const char *group = kit_name("group");
    struct lane_seen lanes = {.seen = mem_new(struct kit_seen), .work_us = 2000, .stuck = -1};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 2000, KEYS));
    struct mq_consumer *consumer = consumer_with_lanes(loop, group, topic, &lanes);
    server_test_wait(60000, lanes.seen->count == 2000);
    mq_consumer_stop(consumer);

    assert_int_equal(lanes.seen->calls, 2000);
    assert_int_equal(lanes.seen->out_of_order, 0);
    assert_in_range(lanes.most_at_work, 2, 8);
    assert_int_equal(kit_committed(group, topic, 0), 2000);
    mq_producer_stop(producer);
    mem_free(lanes.seen);
}

/* Others go on up to the window, then the partition waits; what was not handled comes again. */
static void a_stuck_key_holds_others_up_only_at_the_window_s_end(struct loop *loop)
{
    const char *topic = kit_topic("stuck", 1);
    const char *group = kit_name("group");
    struct lane_seen lanes = {.seen = mem_new(struct kit_seen), .stuck = 3};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 1000, KEYS));
    struct mq_consumer *consumer = consumer_with_lanes(loop, group, topic, &lanes);
    server_test_wait(60000, lanes.of_others > 20);
    assert_ok(task_sleep_us(500 * 1000)); /* could it go on, it would */
    assert_in_range(lanes.of_others, 20, MQ_WINDOW_MAX + 3);
    mq_consumer_stop(consumer);
    assert_int_equal(kit_committed(group, topic, 0), 3);

    lanes.stuck = -1;
    consumer = consumer_with_lanes(loop, group, topic, &lanes);
    server_test_wait(60000, lanes.seen->count == 1000);
    mq_consumer_stop(consumer);
    assert_int_equal(lanes.seen->out_of_order, 0);
    assert_int_equal(kit_committed(group, topic, 0), 1000);
    mq_producer_stop(producer);
    mem_free(lanes.seen);
}

static void hands_lanes_over_without_loss_or_disorder(struct loop *loop)
{
    const char *topic = kit_topic("lanestorm", 4);
    const char *group = kit_name("group");
    struct lane_seen lanes = {.seen = mem_new(struct kit_seen), .work_us = 500, .stuck = -1};
    struct stream stream = {.producer = kit_producer(loop), .topic = topic, .st = STATUS_OK};
    struct mq_consumer *stays = consumer_with_lanes(loop, group, topic, &lanes);

    server_test_wait(60000, mq_consumer_is_joined(stays));
    struct task *producing = task_spawn("stream", produce_stream, &stream);
    for (int i = 0; i < 5; i++) {
        const int before = lanes.seen->count;
        struct mq_consumer *comes = consumer_with_lanes(loop, group, topic, &lanes);
        server_test_wait(60000, mq_consumer_is_joined(comes) && lanes.seen->count > before + 200);
        mq_consumer_stop(comes);
    }
    stream.is_over = true;
    assert_ok(task_join(producing));
    assert_ok(stream.st);
    server_test_wait(60000, lanes.seen->count == stream.sent);
    mq_consumer_stop(stays);
    assert_int_equal(lanes.seen->out_of_order, 0);
    mq_producer_stop(stream.producer);
    mem_free(lanes.seen);
}

/* Slow handlers and the end. */

struct slow {
    int64_t work_us;
    int begun, done, cancelled;
};

static struct status work_slowly(void *arg, const struct mq_message *message)
{
    struct slow *slow = arg;
    (void)message;

    slow->begun++;
    const struct status st = task_sleep_us(slow->work_us);
    if (status_ok(&st))
        slow->done++;
    if (st.code == CODE_CANCELLED)
        slow->cancelled++;
    return st;
}

static void lets_the_running_handler_finish_when_it_stops(struct loop *loop)
{
    const char *topic = kit_topic("finish", 1);
    const char *group = kit_name("group");
    struct slow slow = {.work_us = 500 * 1000};
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *consumer = kit_consumer(loop, group, topic, work_slowly, &slow);

    assert_ok(kit_produce(producer, topic, 0, 10, KEYS));
    server_test_wait(60000, slow.begun == 1);
    mq_consumer_stop(consumer);
    assert_int_equal(slow.begun, 1);
    assert_int_equal(slow.done, 1);
    assert_int_equal(kit_committed(group, topic, 0), 1);
    mq_producer_stop(producer);
}

static void cancels_the_handler_at_the_deadline_of_the_stop(struct loop *loop)
{
    const char *topic = kit_topic("deadline", 1);
    const char *group = kit_name("group");
    struct slow slow = {.work_us = 60 * CLOCK_US_PER_S};
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *consumer = kit_consumer(loop, group, topic, work_slowly, &slow);

    assert_ok(kit_produce(producer, topic, 0, 10, KEYS));
    server_test_wait(60000, slow.begun == 1);
    const int64_t start_us = clock_mono_us();
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(200 * 1000);
        mq_consumer_stop(consumer);
    }
    assert_true(clock_mono_us() - start_us < MQ_HANDLER_GRACE_MS * CLOCK_US_PER_MS);
    assert_int_equal(slow.cancelled, 1);
    assert_int_equal(kit_committed(group, topic, 0), RD_KAFKA_OFFSET_INVALID);
    mq_producer_stop(producer);
}

static void gives_up_a_partition_whose_handler_takes_too_long(struct loop *loop)
{
    const char *topic = kit_topic("toolong", 2);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member quick = {.seen = seen, .work_us = 0};
    struct slow slow = {.work_us = 60 * CLOCK_US_PER_S};
    struct mq_producer *producer = kit_producer(loop);
    struct mq_consumer *stuck = kit_consumer(loop, group, topic, work_slowly, &slow);

    assert_ok(kit_produce(producer, topic, 0, 100, KEYS));
    server_test_wait(60000, slow.begun == 2);
    join_group(&quick, loop, group, topic);
    server_test_wait(60000, quick.calls > 0);
    assert_int_equal(slow.cancelled, 2);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(100 * 1000);
        mq_consumer_stop(stuck);
    }
    server_test_wait(60000, seen->count == 100);
    mq_consumer_stop(quick.consumer);
    mq_producer_stop(producer);
    mem_free(seen);
}

/* A crash: another process, which does not say good-bye. */

static struct status crash_at_fifty(void *arg, const struct mq_message *message)
{
    (void)arg;
    if (kit_number(message) == 49)
        _exit(0);
    return STATUS_OK;
}

static void crash_task(void *arg)
{
    (void)kit_consumer(arg, getenv("CRASH_GROUP"), getenv("CRASH_TOPIC"), crash_at_fifty, NULL);
}

static int crash(void)
{
    struct loop *loop;

    if (!freopen("/dev/null", "w", stderr))
        return 1;
    assert_ok(loop_new(&loop));
    assert_true(task_go("crash", crash_task, loop));
    loop_run(loop);
    return 1;
}

static bool has_ended(pid_t child, int *ret_how)
{
    return waitpid(child, ret_how, WNOHANG) == child;
}

static void sees_again_what_a_crash_left_uncommitted(struct loop *loop)
{
    const char *topic = kit_topic("crash", 1);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member member = {.seen = seen};
    struct mq_producer *producer = kit_producer(loop);
    int how = 1;

    assert_ok(kit_produce(producer, topic, 0, 100, KEYS));
    setenv("CRASH_TOPIC", topic, 1);
    setenv("CRASH_GROUP", group, 1);
    const pid_t child = fork();
    if (child == 0)
        execl("/proc/self/exe", "mq_group_test", "crash", NULL);
    server_test_wait(60000, has_ended(child, &how));
    assert_int_equal(how, 0);

    /* All of it, unless it had already come to its first commit. */
    const int64_t committed = kit_committed(group, topic, 0);
    const int left = 100 - (committed > 0 ? (int)committed : 0);
    assert_true(left > 50);
    join_group(&member, loop, group, topic);
    server_test_wait(60000, seen->count == left);
    mq_consumer_stop(member.consumer);
    assert_int_equal(seen->calls, left);
    mq_producer_stop(producer);
    mem_free(seen);
}

/* The group waits for the dead member's session to run out, ten seconds, and so does who joins. */
static void stops_at_once_while_the_group_waits_for_a_dead_member(struct loop *loop)
{
    const char *topic = kit_topic("dead", 1);
    const char *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member member = {.seen = seen};
    struct mq_producer *producer = kit_producer(loop);
    int how = 1;

    assert_ok(kit_produce(producer, topic, 0, 100, KEYS));
    setenv("CRASH_TOPIC", topic, 1);
    setenv("CRASH_GROUP", group, 1);
    const pid_t child = fork();
    if (child == 0)
        execl("/proc/self/exe", "mq_group_test", "crash", NULL);
    server_test_wait(60000, has_ended(child, &how));

    join_group(&member, loop, group, topic);
    assert_ok(task_sleep_us(2 * CLOCK_US_PER_S)); /* it asks to join */
    assert_false(mq_consumer_is_joined(member.consumer));
    const int64_t start_us = clock_mono_us();
    mq_consumer_stop(member.consumer);
    assert_true(clock_mono_us() - start_us < 5 * CLOCK_US_PER_S); /* what a farewell takes */
    mq_producer_stop(producer);
    mem_free(seen);
}

static void stops_before_it_ever_joined(struct loop *loop)
{
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_consumer *consumer =
        kit_consumer(loop, kit_name("group"), kit_name("none"), work, seen);
    mq_consumer_stop(consumer);

    consumer = kit_consumer(loop, kit_name("group"), kit_name("none"), work, seen);
    assert_ok(task_sleep_us(300 * 1000)); /* in the middle of something */
    mq_consumer_stop(consumer);
    mem_free(seen);
}

static void waits_for_a_topic_that_is_not_there_yet(struct loop *loop)
{
    const char *topic = kit_name("later");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member member = {.seen = seen};
    struct mq_producer *producer = kit_producer(loop);

    join_group(&member, loop, kit_name("group"), topic);
    assert_ok(task_sleep_us(CLOCK_US_PER_S));
    kit_topic_with(topic, 2, NULL);
    assert_ok(kit_produce(producer, topic, 0, 20, KEYS));
    server_test_wait(60000, seen->count == 20);
    mq_consumer_stop(member.consumer);
    mq_producer_stop(producer);
    mem_free(seen);
}

/*
 * In place of librdkafka's, for libcommon: so many assignments fail, as those of a client in trouble
 * do.
 */
static int assignments_to_fail;

rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
    static rd_kafka_resp_err_t (*real)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "rd_kafka_assign");
    if (list && list->cnt && assignments_to_fail > 0) {
        assignments_to_fail--;
        return RD_KAFKA_RESP_ERR__STATE;
    }
    return real(rk, list);
}

static void joins_again_when_it_cannot_take_its_partitions(struct loop *loop)
{
    const char *topic = kit_topic("untaken", 4);
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member member = {.seen = seen};
    struct mq_producer *producer = kit_producer(loop);

    assert_ok(kit_produce(producer, topic, 0, 100, KEYS));
    assignments_to_fail = 2;
    join_group(&member, loop, kit_name("group"), topic);
    server_test_wait(60 * 1000, seen->count == 100);
    assert_int_equal(assignments_to_fail, 0);
    assert_int_equal(seen->out_of_order, 0);
    mq_consumer_stop(member.consumer);
    mq_producer_stop(producer);
    mem_free(seen);
}

struct wanted_task {
    char name[200];
    bool is_seen;
};

static void look_for(const char *name, const char *waits_for, void *arg)
{
    struct wanted_task *wanted = arg;
    (void)waits_for;
    wanted->is_seen |= strcmp(name, wanted->name) == 0;
}

static void its_tasks_say_whose_they_are(struct loop *loop)
{
    const char *topic = kit_topic("named", 1), *group = kit_name("group");
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct member member = {.seen = seen};
    struct wanted_task of_partition = {0}, of_group = {0};

    join_group(&member, loop, group, topic);
    server_test_wait(60 * 1000, mq_consumer_is_joined(member.consumer));
    snprintf(of_partition.name, sizeof of_partition.name, "mq %s %s/0", group, topic);
    snprintf(of_group.name, sizeof of_group.name, "mq %s", group);
    task_each(look_for, &of_partition);
    task_each(look_for, &of_group);
    assert_true(of_partition.is_seen);
    assert_true(of_group.is_seen);
    mq_consumer_stop(member.consumer);
    mem_free(seen);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return crash();
    return SERVER_TESTS_RUN(
        hands_partitions_over_without_loss_or_repetition,
        joins_with_nothing_to_do_when_others_have_all, handles_keys_of_a_partition_side_by_side,
        a_stuck_key_holds_others_up_only_at_the_window_s_end,
        hands_lanes_over_without_loss_or_disorder, lets_the_running_handler_finish_when_it_stops,
        cancels_the_handler_at_the_deadline_of_the_stop,
        gives_up_a_partition_whose_handler_takes_too_long, sees_again_what_a_crash_left_uncommitted,
        stops_at_once_while_the_group_waits_for_a_dead_member, stops_before_it_ever_joined,
        waits_for_a_topic_that_is_not_there_yet, joins_again_when_it_cannot_take_its_partitions,
        its_tasks_say_whose_they_are);
}
