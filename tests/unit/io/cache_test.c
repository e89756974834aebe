/* cache against a Redis that the test plays. */

#include "io/cache.h"

#include "observe/span.h"
#include "tests/unit/peer.h"

enum { ARENA = 4096 };

struct script {
    const char *reply; /* to every command; NULL: none */
    int64_t delay_us;
    int one_in;     /* answers each n-th command; 0: all */
    int held_until; /* answers nothing until so many came, then all */
    int cut_after;  /* closes instead of answering the n-th command; 0: never */
    int commands;
};

/* Commands begin with '*': good enough for ours. */
static int count_commands(const struct str *input)
{
    int count = 0;

    for (size_t i = 0; i < input->length; i++)
        if (input->text[i] == '*' && (i == 0 || input->text[i - 1] == '\n'))
            count++;
    return count;
}

static void play(struct peer *peer, void *arg)
{
    struct script *script = arg;
    int held = 0;

    while (peer_receive(peer)) {
        const int commands = count_commands(&peer->input);
        peer_take(peer, peer->input.length);
        const struct status st = task_sleep_us(script->delay_us);
        if (!status_ok(&st))
            return;
        held += commands;
        if (script->commands + held < script->held_until)
            continue;
        for (; held; held--) {
            if (++script->commands == script->cut_after)
                return;
            if (script->one_in && script->commands % script->one_in)
                continue;
            if (script->reply && !peer_send(peer, script->reply))
                return;
        }
    }
}

struct kit {
    struct script script;
    struct peer_server server;
    struct cache *cache;
    struct arena *arena;
    struct cache_value value;
};

static bool answers(struct cache *cache)
{
    const struct status st = cache_ping(cache);
    return status_ok(&st);
}

static struct kit *kit_begin(struct loop *loop)
{
    struct kit *kit = mem_new(struct kit);
    char address[32];

    kit->script.reply = "+PONG\r\n";
    kit->server = (struct peer_server){.serve = play, .arg = &kit->script};
    peer_server_start(&kit->server);
    snprintf(address, sizeof address, "127.0.0.1:%d", kit->server.port);
    assert_ok(cache_new(loop, address, &kit->cache));
    kit->arena = arena_new(ARENA);
    server_test_wait(60000, answers(kit->cache));
    return kit;
}

static void kit_end(struct kit *kit)
{
    cache_free(kit->cache);
    peer_server_stop(&kit->server);
    arena_free(kit->arena);
    mem_free(kit);
}

static struct status get(struct kit *kit)
{
    static const char *const key = "test:v1:key";
    return cache_get_many(kit->cache, &key, 1, kit->arena, &kit->value);
}

static void fails_at_once_while_redis_is_away(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    peer_server_stop(&kit->server);
    server_test_wait(60000, !answers(kit->cache));

    for (int i = 0; i < 100; i++) {
        const struct status st = get(kit);
        assert_string_equal(st.detail, "redis: not connected"); /* nobody waited for anything */
    }

    peer_server_start(&kit->server);
    server_test_wait(60000, answers(kit->cache));
    kit_end(kit);
}

static void starts_without_redis(struct loop *loop)
{
    struct peer_server server = {.serve = play};
    struct cache *cache;
    char address[32];

    peer_server_start(&server);
    peer_server_stop(&server);
    snprintf(address, sizeof address, "127.0.0.1:%d", server.port);
    assert_ok(cache_new(loop, address, &cache));
    assert_reason(cache_ping(cache), "DEPENDENCY_UNAVAILABLE");
    assert_ok(task_sleep_us(30000));
    assert_reason(cache_ping(cache), "DEPENDENCY_UNAVAILABLE");
    cache_free(cache);
}

static void connects_again_when_it_was_cut_off(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);

    kit->script.cut_after = kit->script.commands + 1;
    assert_reason(get(kit), "DEPENDENCY_UNAVAILABLE");
    assert_reason(get(kit), "DEPENDENCY_UNAVAILABLE");
    server_test_wait(60000, answers(kit->cache));
    assert_int_equal(kit->server.accepted, 2);
    kit_end(kit);
}

/* A tunnel whose other end is away accepts, too; so does a Redis that stands still. */
static void is_not_there_before_it_has_answered(struct loop *loop)
{
    struct script script = {.reply = NULL};
    struct peer_server server = {.serve = play, .arg = &script};
    struct cache *cache;
    char address[32];

    peer_server_start(&server);
    snprintf(address, sizeof address, "127.0.0.1:%d", server.port);
    assert_ok(cache_new(loop, address, &cache));
    server_test_wait(60000, script.commands == 1);
    const struct status st = cache_ping(cache);
    assert_string_equal(st.detail, "redis: not connected");
    script.reply = "-LOADING Redis is loading the dataset in memory\r\n";
    server_test_wait(60000, !answers(cache) && script.commands == 3); /* it says so itself */
    assert_int_equal(server.accepted, 2);
    cache_free(cache);
    peer_server_stop(&server);
}

/* The local port from which somebody asks for a connection to `port`; 0: nobody does. */
static unsigned asking_port(unsigned port)
{
    enum { SYN_SENT = 2 };
    FILE *table = fopen("/proc/net/tcp", "r");
    char line[256];
    unsigned from, to, state, asking = 0;

    assert_non_null(table);
    while (fgets(line, sizeof line, table))
        if (sscanf(line, " %*d: %*x:%x %*x:%x %x", &from, &to, &state) == 3 && to == port &&
            state == SYN_SENT)
            asking = from;
    fclose(table);
    return asking;
}

/* A full line of connections that nobody accepts: the kernel drops the next one's packets. */
static void asks_anew_where_nobody_answers(struct loop *loop)
{
    struct sockaddr_in at = peer_address(0);
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char address[32];
    struct cache *cache;

    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    struct peer first = peer_connect(ntohs(at.sin_port));
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));
    assert_ok(cache_new(loop, address, &cache));
    const unsigned asking = asking_port(ntohs(at.sin_port));
    assert_int_not_equal(asking, 0);
    server_test_wait(60000, asking_port(ntohs(at.sin_port)) != asking &&
                                asking_port(ntohs(at.sin_port)) != 0);
    cache_free(cache);
    peer_close(&first);
    close(fd);
}

static void drops_the_reply_that_comes_late(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);

    const int replies = kit->script.commands;
    kit->script.delay_us = CLOCK_US_PER_S;
    kit->script.reply = "*1\r\n$4\r\nlate\r\n";
    assert_reason(get(kit), "DEPENDENCY_UNAVAILABLE");
    assert_int_equal(kit->script.commands, replies);
    server_test_wait(60000, kit->script.commands == replies + 1); /* it comes, and finds nobody */

    kit->script.delay_us = 0;
    kit->script.reply = "*1\r\n$3\r\nnew\r\n";
    assert_ok(get(kit));
    assert_memory_equal(kit->value.bytes, "new", 3);
    assert_int_equal(kit->server.accepted, 1);
    kit_end(kit);
}

static void obeys_an_earlier_deadline(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    kit->script.reply = NULL;
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(20 * 1000);
        assert_reason(get(kit), "DEADLINE_EXCEEDED");
    }
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(-1);
        const int commands = kit->script.commands;
        assert_reason(get(kit), "DEADLINE_EXCEEDED");
        assert_int_equal(kit->script.commands, commands);
    }
    kit_end(kit);
}

static void get_cancelled(void *arg)
{
    struct kit *kit = arg;
    const struct status st = get(kit);
    assert_int_equal(st.code, CODE_CANCELLED);
}

static void gives_up_when_cancelled(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    kit->script.delay_us = 90 * 1000;
    struct task *task = task_spawn("get", get_cancelled, kit);

    assert_ok(task_sleep_us(1000));
    task_stop(task);
    assert_ok(task_sleep_us(120 * 1000)); /* its reply */
    kit_end(kit);
}

static void is_freed_while_replies_are_missing(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);

    kit->script.reply = NULL;
    for (int i = 0; i < 3; i++) {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(1000);
        assert_reason(get(kit), "DEADLINE_EXCEEDED");
    }
    kit_end(kit);
}

static void tells_errors_apart(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    static const struct {
        const char *reply, *reason;
    } cases[] = {
        {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "OVERLOADED"},
        {"-LOADING Redis is loading the dataset in memory\r\n", "DEPENDENCY_UNAVAILABLE"},
        {"-READONLY You can't write against a read only replica.\r\n", "DEPENDENCY_UNAVAILABLE"},
        {"-ERR unknown command\r\n", "INTERNAL"},
        {"-NOAUTH Authentication required.\r\n", "INTERNAL"},
        {"+OK\r\n", "INTERNAL"},
        {"*0\r\n", "INTERNAL"},
        {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", "INTERNAL"},
        {"no reply at all\r\n", "DEPENDENCY_UNAVAILABLE"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        kit->script.reply = cases[i].reply;
        assert_reason(get(kit), cases[i].reason);
    }
    kit->script.reply = "+PONG\r\n";
    server_test_wait(60000, answers(kit->cache));
    kit_end(kit);
}

static void takes_no_value_larger_than_the_arena(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    struct str reply = {0};
    char *value = mem_zalloc(ARENA + 1);

    memset(value, 'v', ARENA);
    str_printf(&reply, "*1\r\n$%d\r\n%s\r\n", ARENA, value);
    kit->script.reply = reply.text;
    assert_ok(get(kit));
    assert_int_equal(kit->value.size, ARENA);

    kit->value = (struct cache_value){.size = 7};
    assert_reason(get(kit), "RESPONSE_TOO_LARGE"); /* now it is full */
    assert_int_equal(kit->value.size, 7);
    str_release(&reply);
    mem_free(value);
    kit_end(kit);
}

struct crowd {
    struct kit *kit;
    int ended, overloaded;
};

static void get_in_crowd(void *arg)
{
    struct crowd *crowd = arg;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(20 * 1000);
    const struct status st = cache_ping(crowd->kit->cache);

    crowd->overloaded += status_is(&st, "OVERLOADED");
    crowd->ended++;
}

static void bounds_what_is_on_its_way(struct loop *loop)
{
    enum { AT_ONCE = 1000, ROUNDS = 50 };
    struct kit *kit = kit_begin(loop);
    struct crowd crowd = {.kit = kit};

    kit->script.one_in = 100; /* not silent, but who gave up still counts */
    for (int round = 1; round <= ROUNDS && !crowd.overloaded; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            assert_true(task_go("get", get_in_crowd, &crowd));
        server_test_wait(60000, crowd.ended == round * AT_ONCE);
    }
    assert_true(crowd.overloaded > 0);
    assert_true(crowd.ended >= CACHE_PENDING_MAX);
    kit_end(kit);
}

/* In one turn of the loop: however slow that is, nothing is answered or given up meanwhile. */
static void bounds_the_bytes_that_are_on_their_way(struct loop *loop)
{
    enum { SIZE = 1024 * 1024 - 100, FIT = CACHE_PENDING_BYTES_MAX / (SIZE + 100) };
    struct kit *kit = kit_begin(loop);
    void *value = mem_zalloc(SIZE);
    struct cache_entry entries[FIT + 1];

    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = (struct cache_entry){.key = "k", .bytes = value, .size = SIZE};
    assert_reason(cache_set_many(kit->cache, entries, FIT + 1, 1000), "OVERLOADED");
    mem_free(value);
    kit_end(kit);
}

static void sends_at_once_what_one_call_has_to_send(struct loop *loop)
{
    enum { ENTRIES = 50, KEYS = 1200, COMMANDS = 3 };
    static char keys[KEYS][16];
    static const char *pointers[KEYS];
    struct cache_entry entries[ENTRIES];
    struct kit *kit = kit_begin(loop);

    for (int i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        pointers[i] = keys[i];
        if (i < ENTRIES)
            entries[i] = (struct cache_entry){.key = keys[i], .bytes = keys[i], .size = 1};
    }
    kit->script.held_until = kit->script.commands + ENTRIES;
    assert_ok(cache_set_many(kit->cache, entries, ENTRIES, 1000));
    kit->script.held_until = kit->script.commands + COMMANDS;
    assert_ok(cache_delete(kit->cache, pointers, KEYS));
    kit_end(kit);
}

static void of_several_replies_the_first_failure_counts(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    const struct cache_entry entries[] = {{"a", "1", 1}, {"b", "2", 1}, {"c", "3", 1}};

    kit->script.held_until = kit->script.commands + 3;
    kit->script.reply = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_reason(cache_set_many(kit->cache, entries, 3, 1000), "OVERLOADED");
    kit->script.reply = "+PONG\r\n"; /* the other replies found nobody, and no other's command */
    kit->script.held_until = 0;
    assert_ok(cache_ping(kit->cache));
    assert_int_equal(kit->server.accepted, 1);
    kit_end(kit);
}

static void a_script_that_redis_has_forgotten_is_sent_again_once(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    const struct cache_script script = cache_script_of("return {1}");
    const int before = kit->script.commands;
    int64_t number = 0;

    kit->script.reply = "-NOSCRIPT No matching script. Please use EVAL.\r\n";
    const struct status st =
        cache_run(kit->cache, &script, (struct cache_script_input){0}, &number, 1);
    assert_false(status_ok(&st));
    assert_int_equal(kit->script.commands - before, 2);
    kit->script.reply = "*1\r\n:7\r\n";
    assert_ok(cache_run(kit->cache, &script, (struct cache_script_input){0}, &number, 1));
    assert_int_equal(number, 7);
    assert_int_equal(kit->script.commands - before, 3);
    kit_end(kit);
}

static struct span spans[4];
static size_t span_count;

static void keep_span(void *arg, const struct span *span)
{
    (void)arg;
    assert_true(span_count < ARRAY_LEN(spans));
    spans[span_count++] = *span;
}

/* One for each call, by the name of its command; a key may say who somebody is. */
static void a_call_is_a_span_without_keys_and_values(struct loop *loop)
{
    struct kit *kit = kit_begin(loop);
    struct trace_context *trace = trace_current();

    trace_enter(trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    const struct trace_context entered = *trace;
    span_to(keep_span, NULL);
    kit->script.reply = "*1\r\n$-1\r\n";
    assert_ok(get(kit));
    kit->script.reply = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_reason(cache_set(kit->cache, "test:v1:key", "secret", 6, 1000), "OVERLOADED");
    span_to(NULL, NULL);

    assert_int_equal(span_count, 2);
    assert_string_equal(spans[0].name, "MGET");
    assert_ok(spans[0].status);
    assert_string_equal(spans[1].name, "SET");
    assert_string_equal(spans[1].status.reason, "OVERLOADED");
    for (size_t i = 0; i < span_count; i++) {
        assert_int_equal(spans[i].kind, SPAN_CLIENT);
        assert_memory_equal(spans[i].parent_id, entered.span_id, sizeof entered.span_id);
        assert_int_equal(spans[i].attribute_count, 1);
        assert_string_equal(spans[i].attributes[0].text, "redis"); /* db.system */
    }
    kit_end(kit);
}

static void wants_an_address_and_a_port(struct loop *loop)
{
    static const char *const bad[] = {"",          "6379",        "redis:6379",
                                      "127.0.0.1", "127.0.0.1:0", "[::1]"};
    struct cache *cache;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_reason(cache_new(loop, bad[i], &cache), "INVALID_CONFIG");
    assert_ok(cache_new(loop, "[::1]:1", &cache));
    cache_free(cache);
}

SERVER_TESTS(fails_at_once_while_redis_is_away, starts_without_redis,
             connects_again_when_it_was_cut_off, is_not_there_before_it_has_answered,
             asks_anew_where_nobody_answers, drops_the_reply_that_comes_late,
             obeys_an_earlier_deadline, gives_up_when_cancelled, is_freed_while_replies_are_missing,
             tells_errors_apart, takes_no_value_larger_than_the_arena, bounds_what_is_on_its_way,
             bounds_the_bytes_that_are_on_their_way, sends_at_once_what_one_call_has_to_send,
             of_several_replies_the_first_failure_counts,
             a_script_that_redis_has_forgotten_is_sent_again_once,
             a_call_is_a_span_without_keys_and_values, wants_an_address_and_a_port)
