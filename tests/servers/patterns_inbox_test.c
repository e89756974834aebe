#include "patterns/inbox.h"

#include "io/migrate.h"
#include "patterns/patterns_migrations.h"
#include "tests/servers/db_kit_open.h"

static struct consumer_event event_of(const char *id)
{
    return (struct consumer_event){.id = id, .source = "souk/test"};
}

static struct db *open_db(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);

    assert_ok(migrate(db, "libcommon", patterns_migrations, patterns_migration_count));
    return db;
}

/* "110": which of the events, one letter each, the consumer is to handle. */
static void claim(struct db *db, const char *consumer, const char *letters, const char *wanted)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const size_t count = strlen(letters);
    struct consumer_event *events = arena_array_of(arena, struct consumer_event, count);
    bool *is_new = arena_array_of(arena, bool, count);
    char *got = arena_zalloc(arena, count + 1);

    for (size_t i = 0; i < count; i++)
        events[i] = event_of(arena_strndup(arena, &letters[i], 1));
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(inbox_claim_many(&tx, consumer, events, count, arena, is_new));
    assert_ok(db_tx_commit(&tx));
    for (size_t i = 0; i < count; i++)
        got[i] = is_new[i] ? '1' : '0';
    assert_string_equal(got, wanted);
}

static void what_was_claimed_is_known(struct loop *loop)
{
    struct db *db = open_db(loop);

    claim(db, "one", "ab", "11");
    claim(db, "one", "bcad", "0101");
    claim(db, "two", "ab", "11");
    db_close(db);
}

/* A relay that repeats begins with what came earlier: "c" then "a" would be the wrong order. */
static void of_equal_ones_the_first_counts(struct loop *loop)
{
    struct db *db = open_db(loop);

    claim(db, "three", "abcab", "11100");
    claim(db, "three", "adda", "0100");
    db_close(db);
}

SERVER_TESTS(what_was_claimed_is_known, of_equal_ones_the_first_counts)
