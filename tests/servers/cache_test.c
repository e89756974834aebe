#include "io/cache.h"

#include <hiredis/hiredis.h>

#include "tests/servers/server_test.h"

enum { ARENA = 1024 * 1024, HOUR_MS = 3600 * 1000 };

struct kit {
    struct cache *cache;
    struct arena *arena;
    struct cache_value value;
    redisContext *direct; /* beside the cache; blocks */
};

static bool answers(struct cache *cache)
{
    const struct status st = cache_ping(cache);
    return status_ok(&st);
}

static bool is_ok(struct status st)
{
    return status_ok(&st);
}

/*
 * The cache gives up after CACHE_TIMEOUT_MS, which is less than a busy machine is away at times. For
 * what may be done twice.
 */
#define assert_soon_ok(call) server_test_wait(60000, is_ok(call))

static void kit_begin(struct kit *kit, struct loop *loop)
{
    const char *address = server_test_env("SOUK_TEST_REDIS");
    char host[64];
    int port = 0;

    *kit = (struct kit){.arena = arena_new(ARENA)};
    assert_ok(cache_new(loop, address, &kit->cache));
    assert_int_equal(sscanf(address, "%63[^:]:%d", host, &port), 2);
    kit->direct = redisConnect(host, port);
    assert_int_equal(kit->direct->err, 0);
    server_test_wait(60000, answers(kit->cache));
}

static void kit_end(struct kit *kit)
{
    cache_free(kit->cache);
    redisFree(kit->direct);
    arena_free(kit->arena);
}

static void direct(struct kit *kit, const char *command)
{
    redisReply *reply = redisCommand(kit->direct, command);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply->str);
    freeReplyObject(reply);
}

static struct status get(struct kit *kit, const char *key)
{
    return cache_get_many(kit->cache, &key, 1, kit->arena, &kit->value);
}

static void assert_value(struct kit *kit, const char *key, const void *bytes, size_t size)
{
    assert_soon_ok(get(kit, key));
    assert_non_null(kit->value.bytes);
    assert_int_equal(kit->value.size, size);
    assert_memory_equal(kit->value.bytes, bytes, size);
}

static void brings_back_what_was_set(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    assert_soon_ok(cache_set(kit.cache, "test:v1:a", "value", 5, HOUR_MS));
    assert_value(&kit, "test:v1:a", "value", 5);
    assert_soon_ok(cache_set(kit.cache, "test:v1:a", "other", 5, HOUR_MS));
    assert_value(&kit, "test:v1:a", "other", 5);
    const char *key = "test:v1:a";
    assert_soon_ok(cache_delete(kit.cache, &key, 1));
    assert_soon_ok(get(&kit, key));
    assert_null(kit.value.bytes);
    assert_soon_ok(cache_delete(kit.cache, &key, 1)); /* once more is fine */
    kit_end(&kit);
}

static void keeps_every_byte(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);
    unsigned char bytes[512];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_soon_ok(cache_set(kit.cache, "test:v1:bytes", bytes, sizeof bytes, HOUR_MS));
    assert_value(&kit, "test:v1:bytes", bytes, sizeof bytes);
    assert_soon_ok(cache_set(kit.cache, "test:v1:bytes", "\r\n$5\r\n\0x", 8, HOUR_MS));
    assert_value(&kit, "test:v1:bytes", "\r\n$5\r\n\0x", 8);
    assert_soon_ok(cache_set(kit.cache, "test:v1:bytes", "", 0, HOUR_MS));
    assert_value(&kit, "test:v1:bytes", "", 0);
    kit_end(&kit);
}

static void keeps_a_large_value(struct loop *loop)
{
    enum { SIZE = 900 * 1000 };
    struct kit kit;
    kit_begin(&kit, loop);
    char *bytes = mem_alloc(SIZE);

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31);
    assert_soon_ok(cache_set(kit.cache, "test:v1:large", bytes, SIZE, HOUR_MS));
    assert_value(&kit, "test:v1:large", bytes, SIZE);
    mem_free(bytes);
    kit_end(&kit);
}

static void answers_in_the_order_of_the_keys(struct loop *loop)
{
    enum { KEYS = 1200 }; /* more than go at once */
    struct kit kit;
    kit_begin(&kit, loop);
    static char keys[KEYS][32];
    static const char *pointers[KEYS];
    static struct cache_value values[KEYS];

    for (int i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "test:v1:many:%d", i);
        pointers[i] = keys[i];
        if (i % 3)
            assert_soon_ok(cache_set(kit.cache, keys[i], keys[i], strlen(keys[i]), HOUR_MS));
    }
    assert_soon_ok(cache_get_many(kit.cache, pointers, KEYS, kit.arena, values));
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(values[i].size, i % 3 ? strlen(keys[i]) : 0);
        assert_true(!values[i].bytes == !(i % 3));
        if (i % 3)
            assert_memory_equal(values[i].bytes, keys[i], values[i].size);
    }
    assert_soon_ok(cache_delete(kit.cache, pointers, KEYS));
    assert_soon_ok(cache_get_many(kit.cache, pointers, KEYS, kit.arena, values));
    assert_null(values[1].bytes);
    assert_soon_ok(cache_get_many(kit.cache, NULL, 0, kit.arena, NULL));
    kit_end(&kit);
}

static void forgets_after_its_time(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    assert_soon_ok(cache_set(kit.cache, "test:v1:brief", "x", 1, 3000));
    assert_value(&kit, "test:v1:brief", "x", 1);
    server_test_wait(60000, is_ok(get(&kit, "test:v1:brief")) && !kit.value.bytes);
    kit_end(&kit);
}

static void finds_no_value_where_another_type_is(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    direct(&kit, "DEL test:v1:list");
    direct(&kit, "LPUSH test:v1:list x");
    assert_soon_ok(get(&kit, "test:v1:list"));
    assert_null(kit.value.bytes);
    kit_end(&kit);
}

static void connects_again_when_redis_cuts_it_off(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    for (int i = 0; i < 3; i++) {
        direct(&kit, "CLIENT KILL TYPE normal SKIPME yes");
        server_test_wait(60000, !answers(kit.cache));
        server_test_wait(60000, answers(kit.cache));
    }
    kit_end(&kit);
}

static bool is_away(struct status st)
{
    return status_is(&st, "DEPENDENCY_UNAVAILABLE");
}

/* False: it was this process that was slow, for as long as the pause or longer. */
static bool gives_up_in_a_pause(struct kit *kit)
{
    assert_soon_ok(cache_set(kit->cache, "test:v1:slow", "one", 3, HOUR_MS));
    direct(kit, "CLIENT PAUSE 1500 ALL"); /* who waits for its end hears OK */
    const bool gave_up = is_away(get(kit, "test:v1:slow")) &&
                         is_away(cache_set(kit->cache, "test:v1:slow", "two", 3, HOUR_MS));
    server_test_wait(60000, answers(kit->cache));
    assert_soon_ok(get(kit, "test:v1:slow"));
    return gave_up && kit->value.size == 3 &&
           memcmp(kit->value.bytes, "two", 3) == 0; /* late, but it was run */
}

static void does_not_wait_for_a_slow_redis(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    server_test_wait(60000, gives_up_in_a_pause(&kit));
    kit_end(&kit);
}

static void leaves_a_redis_that_stands_still(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    direct(&kit, "CLIENT PAUSE 10000 ALL");
    server_test_wait(CACHE_SILENCE_MS + 6000, ({
                         const int64_t start_us = clock_mono_us();
                         assert_false(answers(kit.cache));
                         clock_mono_us() - start_us < 50 * 1000; /* failed without waiting */
                     }));
    server_test_wait(60000, answers(kit.cache));
    kit_end(&kit);
}

static void sets_many_at_once(struct loop *loop)
{
    enum { ENTRIES = 2000 };
    struct kit kit;
    kit_begin(&kit, loop);
    static char keys[ENTRIES][32];
    static const char *pointers[ENTRIES];
    static struct cache_entry entries[ENTRIES];
    static struct cache_value values[ENTRIES];

    for (int i = 0; i < ENTRIES; i++) {
        snprintf(keys[i], sizeof keys[i], "test:v1:at_once:%d", i);
        pointers[i] = keys[i];
        entries[i] = (struct cache_entry){keys[i], keys[i], strlen(keys[i])};
    }
    assert_soon_ok(cache_set_many(kit.cache, entries, ENTRIES, HOUR_MS));
    assert_soon_ok(cache_get_many(kit.cache, pointers, ENTRIES, kit.arena, values));
    for (int i = 0; i < ENTRIES; i++) {
        assert_int_equal(values[i].size, strlen(keys[i]));
        assert_memory_equal(values[i].bytes, keys[i], values[i].size);
    }
    assert_soon_ok(cache_set_many(kit.cache, NULL, 0, HOUR_MS));
    kit_end(&kit);
}

/* Takes ARGV[1] of the ARGV[2] that KEYS[1] began with: 1 or 0, and what is left. */
#define TAKE                                                         \
    "local left = tonumber(redis.call('GET', KEYS[1]) or ARGV[2])\n" \
    "if left < tonumber(ARGV[1]) then return {0, left} end\n"        \
    "redis.call('SET', KEYS[1], left - ARGV[1], 'PX', 3600000)\n"    \
    "return {1, left - ARGV[1]}\n"

static struct status take(struct cache *cache, const char *key, int64_t count, int64_t of,
                          int64_t ret[2])
{
    static struct cache_script script;
    const int64_t numbers[] = {count, of};
    const struct cache_script_input input = {&key, 1, numbers, ARRAY_LEN(numbers)};

    if (!script.lua)
        script = cache_script_of(TAKE);
    return cache_run(cache, &script, input, ret, 2);
}

/* False: an answer was late, and whether it ran nobody knows. */
static bool takes_until_there_is_no_more(struct kit *kit)
{
    int64_t answer[2];

    direct(kit, "DEL test:v1:bucket");
    for (int i = 1; i <= 3; i++) {
        direct(kit, "SCRIPT FLUSH");
        if (!is_ok(take(kit->cache, "test:v1:bucket", 2, 7, answer)))
            return false;
        assert_int_equal(answer[0], 1);
        assert_int_equal(answer[1], 7 - 2 * i); /* it ran once each time */
    }
    assert_soon_ok(take(kit->cache, "test:v1:bucket", 2, 7, answer));
    assert_int_equal(answer[0], 0);
    assert_int_equal(answer[1], 1);
    return true;
}

static void runs_a_script_that_redis_did_not_know_or_has_forgotten(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);

    server_test_wait(60000, takes_until_there_is_no_more(&kit));
    kit_end(&kit);
}

static struct status run_wrong(struct cache *cache, const char *lua, int64_t *ret)
{
    const struct cache_script script = cache_script_of(lua);

    return cache_run(cache, &script, (struct cache_script_input){0}, ret, 1);
}

static bool is_refused_for_good(struct status st)
{
    assert_false(status_ok(&st));
    return status_is(&st, "INTERNAL");
}

static bool cannot_take_in_a_pause(struct kit *kit)
{
    int64_t answer[2];

    direct(kit, "CLIENT PAUSE 300 ALL");
    return is_away(take(kit->cache, "test:v1:bucket", 1, 1, answer));
}

static void tells_a_wrong_script_from_a_redis_that_is_away(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);
    static const char *const wrong[] = {
        "return {1, 2}", "return 1", "return {'1'}", "return redis.call('nothing_such')",
        "return {",
    };
    int64_t answer = 5;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        server_test_wait(60000, is_refused_for_good(run_wrong(kit.cache, wrong[i], &answer)));
    assert_int_equal(answer, 5);
    server_test_wait(60000, cannot_take_in_a_pause(&kit));
    server_test_wait(60000, answers(kit.cache));
    kit_end(&kit);
}

struct takers {
    struct cache *cache;
    int ended, allowed, failed;
};

static void takes_one(void *arg)
{
    struct takers *takers = arg;
    int64_t answer[2] = {0};
    const struct status st = take(takers->cache, "test:v1:last", 1, 10, answer);

    takers->failed += !status_ok(&st);
    takers->allowed += answer[0] == 1;
    takers->ended++;
}

static void gives_the_last_ones_once(struct loop *loop)
{
    enum { TAKERS = 64 };
    struct kit kit;
    kit_begin(&kit, loop);
    struct takers takers = {.cache = kit.cache};

    direct(&kit, "DEL test:v1:last");
    direct(&kit, "SCRIPT FLUSH"); /* so that all of them have to send it */
    for (int i = 0; i < TAKERS; i++)
        assert_true(task_go("takes", takes_one, &takers));
    server_test_wait(60000, takers.ended == TAKERS);
    /* Who was not answered in time may have had one. */
    assert_in_range(takers.allowed, takers.failed < 10 ? 10 - takers.failed : 0, 10);
    kit_end(&kit);
}

struct crowd {
    struct cache *cache;
    int number, ended, answered, wrong;
};

static void set_and_get(void *arg)
{
    struct crowd *crowd = arg;
    const int number = crowd->number++;
    struct arena *arena = arena_new(4096);
    char key[32], value[32];
    const char *keys = key;
    struct cache_value got;

    snprintf(key, sizeof key, "test:v1:crowd:%d", number);
    for (int i = 0; i < 200; i++) {
        arena_reset(arena);
        snprintf(value, sizeof value, "%d-%d", number, i);
        const struct status set = cache_set(crowd->cache, key, value, strlen(value), HOUR_MS);
        const struct status st = cache_get_many(crowd->cache, &keys, 1, arena, &got);
        if (!status_ok(&set) || !status_ok(&st)) /* a busy machine is late at times */
            continue;
        crowd->answered++;
        crowd->wrong += got.size != strlen(value) || memcmp(got.bytes, value, got.size) != 0;
    }
    arena_free(arena);
    crowd->ended++;
}

static void serves_many_tasks(struct loop *loop)
{
    struct kit kit;
    kit_begin(&kit, loop);
    struct crowd crowd = {.cache = kit.cache};

    for (int i = 0; i < 64; i++)
        assert_true(task_go("crowd", set_and_get, &crowd));
    server_test_wait(60000, crowd.ended == 64);
    assert_true(crowd.answered > 0);
    assert_int_equal(crowd.wrong, 0);
    kit_end(&kit);
}

/* One of many that ask for their own key alone, while connections come and go. */
struct asker {
    struct cache *cache;
    int number;
    int *stop, *answered, *failed, *wrong, *ended;
};

static void asks_for_its_own(void *arg)
{
    struct asker *asker = arg;
    AUTO(arena_freep) struct arena *arena = arena_new(4096);
    char key[32];
    const char *keys = key;
    struct cache_value got;

    snprintf(key, sizeof key, "test:v1:own:%d", asker->number);
    while (!*asker->stop) {
        const struct status st = cache_get_many(asker->cache, &keys, 1, arena, &got);
        if (!status_ok(&st)) {
            ++*asker->failed;
            status_ignore(task_sleep_us(1000), "it is connected to anew");
        } else if (got.size == strlen(key) && memcmp(got.bytes, key, got.size) == 0) {
            ++*asker->answered;
        } else {
            ++*asker->wrong;
        }
        arena_reset(arena);
    }
    ++*asker->ended;
}

/* Is over when Redis goes on. */
static void pause_for(struct kit *kit, int ms)
{
    char command[40];

    snprintf(command, sizeof command, "CLIENT PAUSE %d ALL", ms);
    direct(kit, command);
    assert_ok(task_sleep_us(ms * CLOCK_US_PER_MS));
}

/* Each round is cut off with commands on their way, some of them given up, and then goes on. */
static void nobody_gets_anothers_reply_however_often_it_is_cut_off(struct loop *loop)
{
    enum { ASKERS = 64, ROUNDS = 20 };
    struct kit kit;
    kit_begin(&kit, loop);
    static struct asker askers[ASKERS];
    static struct cache_entry entries[ASKERS];
    static char keys[ASKERS][32];
    int stop = 0, answered = 0, failed = 0, wrong = 0, ended = 0;

    for (int i = 0; i < ASKERS; i++) {
        snprintf(keys[i], sizeof keys[i], "test:v1:own:%d", i);
        entries[i] = (struct cache_entry){keys[i], keys[i], strlen(keys[i])};
        askers[i] = (struct asker){kit.cache, i, &stop, &answered, &failed, &wrong, &ended};
    }
    assert_soon_ok(cache_set_many(kit.cache, entries, ASKERS, HOUR_MS));
    for (int i = 0; i < ASKERS; i++)
        assert_true(task_go("asks", asks_for_its_own, &askers[i]));
    for (int round = 0; round < ROUNDS; round++) {
        const int answered_before = answered, failed_before = failed;
        if (round % 4 == 3) /* longer than a call waits: replies come to those who gave up */
            server_test_wait(60000, (pause_for(&kit, 150), failed > failed_before));
        else
            direct(&kit, "CLIENT KILL TYPE normal SKIPME yes");
        server_test_wait(60000, failed > failed_before);
        server_test_wait(60000, answered > answered_before + ASKERS);
    }
    stop = 1;
    server_test_wait(60000, ended == ASKERS);
    assert_int_equal(wrong, 0);
    kit_end(&kit);
}

SERVER_TESTS(brings_back_what_was_set, keeps_every_byte, keeps_a_large_value,
             answers_in_the_order_of_the_keys, forgets_after_its_time,
             finds_no_value_where_another_type_is, connects_again_when_redis_cuts_it_off,
             does_not_wait_for_a_slow_redis, leaves_a_redis_that_stands_still, sets_many_at_once,
             runs_a_script_that_redis_did_not_know_or_has_forgotten,
             tells_a_wrong_script_from_a_redis_that_is_away, gives_the_last_ones_once,
             serves_many_tasks, nobody_gets_anothers_reply_however_often_it_is_cut_off)
