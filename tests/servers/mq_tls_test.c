#include <string.h>

#include "base/status.h"
#include "tests/servers/mq_kit.h"

/* TLS: to whom messages are given, from whom they are taken. The topics are made without it. */

static char *file_of(const char *variable)
{
    char *text = mem_alloc(32768);
    FILE *file = fopen(server_test_env(variable), "re");

    assert_non_null(file);
    text[fread(text, 1, 32767, file)] = '\0';
    fclose(file);
    return text;
}

/* Of the test. */
static struct mq_config encrypted(const char *ca, const char *certificate)
{
    struct mq_config config = kit_config();

    config.brokers = server_test_env("SOUK_TEST_KAFKA_TLS");
    config.tls.ca = file_of(ca);
    if (certificate) {
        config.tls.certificate = file_of(certificate);
        config.tls.key = file_of("SOUK_TEST_KAFKA_KEY");
    }
    return config;
}

static void encrypted_end(struct mq_config *config)
{
    mem_free((void *)(uintptr_t)config->tls.ca);
    mem_free((void *)(uintptr_t)config->tls.certificate);
    mem_free((void *)(uintptr_t)config->tls.key);
}

static struct status see(void *arg, const struct mq_message *message)
{
    kit_see(arg, kit_number(message), 1);
    return STATUS_OK;
}

static void messages_go_and_come_by_tls(struct loop *loop)
{
    struct mq_config config = encrypted("SOUK_TEST_KAFKA_CA", "SOUK_TEST_KAFKA_CERT");
    const char *topic = kit_topic("tls", 2);
    struct kit_seen *seen = mem_new(struct kit_seen);
    const struct mq_subscription subscription = {.group = kit_name("group"),
                                                 .topics = {topic},
                                                 .topic_count = 1,
                                                 .handler = see,
                                                 .arg = seen};
    struct mq_producer *producer;
    struct mq_consumer *consumer;

    assert_ok(mq_producer_new(loop, &config, &producer));
    assert_ok(mq_consumer_new(loop, &config, &subscription, &consumer));
    encrypted_end(&config); /* they have their own */
    assert_ok(kit_produce(producer, topic, 0, 1000, 1));
    server_test_wait(60000, seen->count == 1000);
    assert_int_equal(seen->calls, 1000);
    mq_consumer_stop(consumer);
    mq_producer_stop(producer);
    mem_free(seen);
}

struct attempt {
    struct mq_producer *producer;
    const char *topic;
    struct status outcome;
};

static void try_to_send(void *arg)
{
    struct attempt *attempt = arg;

    attempt->outcome = kit_produce(attempt->producer, attempt->topic, 0, 1, 1);
}

/* Not though others, who come later and may, have long been heard. */
static void assert_not_sent(struct loop *loop, const struct mq_config *config)
{
    const char *others = kit_topic("others", 1);
    struct mq_config good = encrypted("SOUK_TEST_KAFKA_CA", "SOUK_TEST_KAFKA_CERT");
    struct attempt attempt = {.topic = kit_topic("nothing", 1)};
    struct mq_producer *producer;

    assert_ok(mq_producer_new(loop, config, &attempt.producer));
    struct task *task = task_spawn("attempt", try_to_send, &attempt);
    assert_ok(mq_producer_new(loop, &good, &producer));
    for (int i = 0; i < 50; i++)
        assert_ok(kit_produce(producer, others, i, i + 1, 1));
    task_cancel(task);
    assert_ok(task_join(task));
    assert_false(status_ok(&attempt.outcome));
    assert_int_equal(kit_end_of(attempt.topic, 0), 0);
    mq_producer_stop(producer);
    mq_producer_stop(attempt.producer);
    encrypted_end(&good);
}

static void a_broker_that_another_ca_vouches_for_gets_nothing(struct loop *loop)
{
    struct mq_config config = encrypted("SOUK_TEST_KAFKA_OTHER_CA", "SOUK_TEST_KAFKA_CERT");

    assert_not_sent(loop, &config);
    encrypted_end(&config);
}

/* The certificate is for 127.0.0.1. */
static void a_broker_with_a_certificate_for_another_host_gets_nothing(struct loop *loop)
{
    struct mq_config config = encrypted("SOUK_TEST_KAFKA_CA", "SOUK_TEST_KAFKA_CERT");
    char brokers[64];

    snprintf(brokers, sizeof brokers, "localhost%s", strchr(config.brokers, ':'));
    config.brokers = brokers;
    assert_not_sent(loop, &config);
    encrypted_end(&config);
}

static void who_shows_no_certificate_sends_nothing(struct loop *loop)
{
    struct mq_config config = encrypted("SOUK_TEST_KAFKA_CA", NULL);

    assert_not_sent(loop, &config);
    encrypted_end(&config);
}

static void what_is_no_certificate_is_told_at_once(struct loop *loop)
{
    struct mq_config config = kit_config();
    struct mq_producer *producer;

    config.tls.ca = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----";
    assert_reason(mq_producer_new(loop, &config, &producer), "INVALID_CONFIG");
}

static void half_of_a_configuration_is_told_at_once(struct loop *loop)
{
    struct mq_config whole = encrypted("SOUK_TEST_KAFKA_CA", "SOUK_TEST_KAFKA_CERT");
    const struct mq_tls halves[] = {
        {.certificate = whole.tls.certificate, .key = whole.tls.key},
        {.ca = whole.tls.ca, .certificate = whole.tls.certificate},
        {.ca = whole.tls.ca, .key = whole.tls.key},
    };
    struct mq_producer *producer;

    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        struct mq_config config = whole;
        config.tls = halves[i];
        assert_reason(mq_producer_new(loop, &config, &producer), "INVALID_CONFIG");
    }
    encrypted_end(&whole);
}

SERVER_TESTS(messages_go_and_come_by_tls, a_broker_that_another_ca_vouches_for_gets_nothing,
             a_broker_with_a_certificate_for_another_host_gets_nothing,
             who_shows_no_certificate_sends_nothing, what_is_no_certificate_is_told_at_once,
             half_of_a_configuration_is_told_at_once)
