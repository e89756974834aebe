/*
 * Brokers that are away, slow or refuse: librdkafka's mock cluster does so on command. One test
 * kills the real broker; SOUK_TEST_KAFKA_RESTART is the command that does it and brings it back at
 * the same address.
 */

#include "tests/servers/mq_kit.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka_mock.h> /* needs rdkafka.h before it */
#include <netdb.h>
#include <spawn.h>
#include <stdatomic.h>
#include <unistd.h>

enum { KEYS = 16, BROKER = 1, PRODUCE_REQUEST = 0 };

extern char **environ;

struct mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct mq_config config;
};

static struct mock mock_begin(void)
{
    rd_kafka_t *rk = kit_client(RD_KAFKA_PRODUCER, "127.0.0.1:1");
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);

    assert_non_null(cluster);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "topic", 4, 1), 0);
    return (struct mock){
        .rk = rk,
        .cluster = cluster,
        .config = {.brokers = rd_kafka_mock_cluster_bootstraps(cluster), .client_id = "mq-test"},
    };
}

static void mock_end(struct mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
}

static struct mq_producer *mock_producer(const struct mock *mock, struct loop *loop)
{
    struct mq_producer *producer = NULL;
    assert_ok(mq_producer_new(loop, &mock->config, &producer));
    return producer;
}

static struct status see(void *arg, const struct mq_message *message)
{
    kit_see(arg, kit_number(message), KEYS);
    return STATUS_OK;
}

static struct mq_consumer *mock_consumer(const struct mock *mock, struct loop *loop,
                                         struct kit_seen *seen)
{
    const struct mq_subscription subscription = {
        .group = "group", .topics = {"topic"}, .topic_count = 1, .handler = see, .arg = seen};
    struct mq_consumer *consumer = NULL;

    assert_ok(mq_consumer_new(loop, &mock->config, &subscription, &consumer));
    return consumer;
}

/* What arrived, in the end, without faults. */
static void assert_arrived(const struct mock *mock, struct loop *loop, int count)
{
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_consumer *consumer = mock_consumer(mock, loop, seen);

    server_test_wait(60000, seen->count == count);
    assert_int_equal(seen->out_of_order, 0);
    mq_consumer_stop(consumer);
    mem_free(seen);
}

static struct status produce_within(struct mq_producer *producer, int64_t limit_ms, int from,
                                    int to)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(limit_ms * CLOCK_US_PER_MS);
    return kit_produce(producer, "topic", from, to, KEYS);
}

static void fails_at_the_deadline_while_the_broker_is_away_and_works_after(struct loop *loop)
{
    struct mock mock = mock_begin();
    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    struct mq_producer *producer = mock_producer(&mock, loop);

    const int64_t start_us = clock_mono_us();
    assert_reason(produce_within(producer, 500, 0, 100), "DEADLINE_EXCEEDED");
    assert_true(clock_mono_us() - start_us < MQ_PRODUCE_TIMEOUT_MS * CLOCK_US_PER_MS);
    assert_reason(produce_within(producer, 200, 0, 100), "DEADLINE_EXCEEDED");

    rd_kafka_mock_broker_set_up(mock.cluster, BROKER);
    assert_ok(produce_within(producer, 60000, 0, 100));
    assert_arrived(&mock, loop, 100);
    mq_producer_stop(producer);
    mock_end(&mock);
}

static void sends_again_when_the_connection_breaks(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct mq_producer *producer = mock_producer(&mock, loop);

    assert_ok(produce_within(producer, 60000, 0, 10));
    /* Only cuts: the mock does not refuse later batches when it failed an earlier one. */
    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE_REQUEST, 3,
                                      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TRANSPORT,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    assert_ok(produce_within(producer, 60000, 10, 1000));
    assert_arrived(&mock, loop, 1000);
    mq_producer_stop(producer);
    mock_end(&mock);
}

static void starts_anew_after_an_error_that_ends_the_client(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct mq_producer *producer = mock_producer(&mock, loop);

    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_reason(produce_within(producer, 60000, 0, 100), "DEPENDENCY_UNAVAILABLE");
    assert_ok(produce_within(producer, 60000, 0, 100));
    assert_arrived(&mock, loop, 100);
    mq_producer_stop(producer);
    mock_end(&mock);
}

struct attempt {
    struct mq_producer *producer;
    struct status st;
    bool is_over;
};

static void attempt(void *arg)
{
    struct attempt *attempt = arg;
    attempt->st = kit_produce(attempt->producer, "topic", 0, 400, KEYS);
    attempt->is_over = true;
}

static void gives_up_at_once_when_cancelled(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct attempt cancelled = {.producer = mock_producer(&mock, loop)};

    assert_ok(produce_within(cancelled.producer, 60000, 0, 10));
    rd_kafka_mock_broker_set_rtt(mock.cluster, BROKER, 5000);
    struct task *task = task_spawn("attempt", attempt, &cancelled);
    assert_ok(task_sleep_us(100 * 1000)); /* sent, and not answered for long */
    assert_false(cancelled.is_over);

    task_cancel(task);
    assert_ok(task_join(task));
    assert_int_equal(cancelled.st.code, CODE_CANCELLED); /* who waits for the answer hears OK */

    rd_kafka_mock_broker_set_rtt(mock.cluster, BROKER, 0);
    assert_ok(produce_within(cancelled.producer, 60000, 0, 400));
    assert_ok(task_sleep_us(5500 * 1000)); /* the late answers to the first attempt */
    assert_ok(produce_within(cancelled.producer, 60000, 400, 500));
    assert_arrived(&mock, loop, 500);
    mq_producer_stop(cancelled.producer);
    mock_end(&mock);
}

static void is_stopped_with_an_attempt_just_given_up(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct mq_producer *producer = mock_producer(&mock, loop);

    rd_kafka_mock_broker_set_rtt(mock.cluster, BROKER, 3000);
    for (int i = 0; i < 5; i++)
        assert_reason(produce_within(producer, 20, 0, 100), "DEADLINE_EXCEEDED");
    mq_producer_stop(producer);
    mock_end(&mock);
}

/* The resolver has no answer for names in .silent until it is told to. librdkafka calls it, too. */
static struct {
    atomic_int asked;
    atomic_bool answers;
} resolver;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    enum { PATIENCE_S = 15 };

    if (!name || !strstr(name, ".silent")) {
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(name, service, hints, ret);
    }
    resolver.asked++;
    for (int ms = 0; !resolver.answers && ms < PATIENCE_S * 1000; ms++)
        usleep(1000);
    return EAI_AGAIN;
}

/* What ends the threads is another task. */
static void answer_after_a_while(void *arg)
{
    (void)arg;
    for (int turns = 0; turns < 20; turns++)
        assert_ok(task_sleep_us(CLOCK_US_PER_MS));
    resolver.answers = true;
}

static void stops_beside_other_tasks_while_its_threads_are_held_up(struct loop *loop)
{
    const struct mq_config config = {.brokers = "kafka.silent:9092", .client_id = "mq-test"};
    struct mq_producer *producer = NULL;

    assert_ok(mq_producer_new(loop, &config, &producer));
    server_test_wait(20000, resolver.asked);
    struct task *other = task_spawn("other", answer_after_a_while, NULL);
    mq_producer_stop(producer);
    assert_true(resolver.answers);
    assert_ok(task_join(other));
}

static void consumes_from_a_broker_that_comes_late_and_goes_between(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct kit_seen *seen = mem_new(struct kit_seen);
    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    struct mq_consumer *consumer = mock_consumer(&mock, loop, seen);
    struct mq_producer *producer = mock_producer(&mock, loop);

    assert_ok(task_sleep_us(1500 * 1000));
    assert_false(mq_consumer_is_joined(consumer));
    rd_kafka_mock_broker_set_up(mock.cluster, BROKER);
    assert_ok(produce_within(producer, 60000, 0, 100));
    server_test_wait(60000, seen->count == 100);

    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    assert_ok(task_sleep_us(1500 * 1000));
    rd_kafka_mock_broker_set_up(mock.cluster, BROKER);
    assert_ok(produce_within(producer, 60000, 100, 200));
    server_test_wait(60000, seen->count == 200);
    assert_int_equal(seen->out_of_order, 0);
    mq_consumer_stop(consumer);
    mq_producer_stop(producer);
    mock_end(&mock);
    mem_free(seen);
}

static void stops_in_bounded_time_while_the_broker_is_away(struct loop *loop)
{
    struct mock mock = mock_begin();
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct mq_consumer *consumer = mock_consumer(&mock, loop, seen);
    struct mq_producer *producer = mock_producer(&mock, loop);

    assert_ok(produce_within(producer, 60000, 0, 100));
    server_test_wait(60000, seen->count > 0);
    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    const int64_t start_us = clock_mono_us();
    mq_consumer_stop(consumer);
    assert_true(clock_mono_us() - start_us < 30 * CLOCK_US_PER_S);
    mq_producer_stop(producer);
    mock_end(&mock);
    mem_free(seen);
}

/* The real broker dies. */

struct stream {
    struct mq_producer *producer;
    const char *topic;
    int sent;
    int attempts;
    bool is_over;
};

/* As the relay of an outbox does: what failed is sent again. */
static void produce_stream(void *arg)
{
    struct stream *stream = arg;

    while (!stream->is_over) {
        stream->attempts++;
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(3000 * 1000);
        const struct status st =
            kit_produce(stream->producer, stream->topic, stream->sent, stream->sent + 10, KEYS);
        if (status_ok(&st))
            stream->sent += 10;
        status_ignore(task_sleep_us(10 * 1000), "a pause");
    }
}

static bool has_ended(pid_t child, int *ret_how)
{
    return waitpid(child, ret_how, WNOHANG) == child;
}

static void loses_nothing_when_the_broker_is_killed(struct loop *loop)
{
    const char *command[] = {"sh", "-c", server_test_env("SOUK_TEST_KAFKA_RESTART"), NULL};
    const char *topic = kit_topic("killed", 4);
    struct kit_seen *seen = mem_new(struct kit_seen);
    struct stream stream = {.producer = kit_producer(loop), .topic = topic};
    struct mq_consumer *consumer = kit_consumer(loop, kit_name("group"), topic, see, seen);
    pid_t child;
    int how = 1;

    struct task *producing = task_spawn("stream", produce_stream, &stream);
    server_test_wait(60000, seen->count > 200);
    assert_int_equal(posix_spawn(&child, "/bin/sh", NULL, NULL, (char *const *)command, environ),
                     0);
    server_test_wait(150000, has_ended(child, &how));
    assert_int_equal(how, 0);
    const int at_restart = stream.sent;
    server_test_wait(60000, stream.sent > at_restart + 300);
    stream.is_over = true;
    assert_ok(task_join(producing));
    server_test_wait(60000, seen->count == stream.sent);
    assert_int_equal(seen->out_of_order, 0);
    print_message("%d messages in %d attempts, %d handled again\n", stream.sent, stream.attempts,
                  seen->calls - seen->count);
    mq_consumer_stop(consumer);
    mq_producer_stop(stream.producer);
    mem_free(seen);
}

SERVER_TESTS(fails_at_the_deadline_while_the_broker_is_away_and_works_after,
             sends_again_when_the_connection_breaks,
             starts_anew_after_an_error_that_ends_the_client, gives_up_at_once_when_cancelled,
             is_stopped_with_an_attempt_just_given_up,
             stops_beside_other_tasks_while_its_threads_are_held_up,
             consumes_from_a_broker_that_comes_late_and_goes_between,
             stops_in_bounded_time_while_the_broker_is_away,
             loses_nothing_when_the_broker_is_killed)
