#include "observe/config.h"

#include "base/mem.h"
#include "tests/unit/unit.h"

#define LAMP_CONFIG(OPTION)                                                                      \
    OPTION(lamp_config, CONFIG_TEXT, const char *, lamp_name, "desk", 1, 8, "what it is called") \
    OPTION(lamp_config, CONFIG_INT, int64_t, lamp_watts, "40", 1, 100, "how bright")             \
    OPTION(lamp_config, CONFIG_BOOL, bool, lamp_on, "false", 0, 0, "does it burn")               \
    OPTION(lamp_config, CONFIG_SECRET_FILE, const char *, lamp_key_file, "", 1, 64, "its key")   \
    OPTION(lamp_config, CONFIG_TEXT, const char *, lamp_place, NULL, 1, 8, "where it stands")

struct lamp_config {
    LAMP_CONFIG(CONFIG_MEMBER)
};

static const struct config_option options[] = {LAMP_CONFIG(CONFIG_ENTRY)};

/* What one start reads and says. */
static struct {
    struct lamp_config lamp;
    struct config_table table;
    char *out, *err;
    enum config_outcome outcome;
} start;

static void start_with(char **argv)
{
    size_t out_size, err_size;
    int argc = 0;

    memset(&start, 0, sizeof start);
    start.table = (struct config_table){options, ARRAY_LEN(options), &start.lamp};
    FILE *out = open_memstream(&start.out, &out_size);
    FILE *err = open_memstream(&start.err, &err_size);
    while (argv[argc])
        argc++;
    start.outcome = config_load(&start.table, 1, argc, argv, out, err);
    fclose(out);
    fclose(err);
}

#define START(...) start_with((char *[]){(char *)"lamp", ##__VA_ARGS__, NULL})

static int forget(void **state)
{
    config_release(&start.table, 1);
    free(start.out);
    free(start.err);
    memset(&start, 0, sizeof start);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        char name[64] = "SOUK_";
        for (size_t c = 0; options[i].name[c]; c++)
            name[5 + c] = options[i].name[c] == '_' ? '_' : (char)(options[i].name[c] - 'a' + 'A');
        unsetenv(name);
    }
    return 0;
}

static char secret_path[] = "/tmp/config_test.XXXXXX";

static void write_secret(const char *bytes, size_t size)
{
    strcpy(secret_path + strlen(secret_path) - 6, "XXXXXX");
    const int fd = mkstemp(secret_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    setenv("SOUK_LAMP_KEY_FILE", secret_path, 1);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_silent_about(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static void what_is_not_given_is_the_fallback(void **state)
{
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    START();
    assert_int_equal(start.outcome, CONFIG_READY);
    assert_string_equal(start.lamp.lamp_name, "desk");
    assert_int_equal(start.lamp.lamp_watts, 40);
    assert_false(start.lamp.lamp_on);
    assert_null(start.lamp.lamp_key_file);
    assert_string_equal(start.lamp.lamp_place, "hall");
    assert_string_equal(start.err, "");
    forget(state);
}

static void the_environment_gives_every_kind(void **state)
{
    setenv("SOUK_LAMP_NAME", "floor", 1);
    setenv("SOUK_LAMP_WATTS", "100", 1);
    setenv("SOUK_LAMP_ON", "true", 1);
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    write_secret("s3cret\nline\r\n", 13);
    START();
    assert_int_equal(start.outcome, CONFIG_READY);
    assert_string_equal(start.lamp.lamp_name, "floor");
    assert_int_equal(start.lamp.lamp_watts, 100);
    assert_true(start.lamp.lamp_on);
    assert_string_equal(start.lamp.lamp_key_file, "s3cret\nline");
    unlink(secret_path);
    forget(state);
}

static void a_flag_wins_over_the_environment_and_the_last_over_the_first(void **state)
{
    setenv("SOUK_LAMP_WATTS", "7", 1);
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    START((char *)"--lamp-watts=60", (char *)"--lamp-watts=75", (char *)"--lamp-name=a=b");
    assert_int_equal(start.outcome, CONFIG_READY);
    assert_int_equal(start.lamp.lamp_watts, 75);
    assert_string_equal(start.lamp.lamp_name, "a=b");
    forget(state);
}

static void a_flag_saves_from_a_bad_environment(void **state)
{
    setenv("SOUK_LAMP_WATTS", "bright", 1);
    START((char *)"--lamp-watts=60", (char *)"--lamp-place=hall");
    assert_int_equal(start.outcome, CONFIG_READY);
    forget(state);
}

static void all_errors_are_told_at_once(void **state)
{
    setenv("SOUK_LAMP_NAME", "too long a name", 1);
    setenv("SOUK_LAMP_WATTS", "101", 1);
    setenv("SOUK_LAMP_ON", "yes", 1);
    setenv("SOUK_LAMP_KEY_FILE", "/nowhere/key", 1);
    START((char *)"--brightness=3", (char *)"on");
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_says(start.err, "SOUK_LAMP_NAME: must have 1 to 8 characters\n");
    assert_says(start.err, "SOUK_LAMP_WATTS: must be a number from 1 to 100\n");
    assert_says(start.err, "SOUK_LAMP_ON: must be true or false\n");
    assert_says(start.err, "SOUK_LAMP_KEY_FILE: cannot read the file: No such file");
    assert_says(start.err, "SOUK_LAMP_PLACE: must be given\n");
    assert_says(start.err, "--brightness: no such option");
    assert_says(start.err, "on: no such option");
    assert_string_equal(start.out, "");
    forget(state);
}

static void numbers_and_lengths_are_taken_at_their_limits_and_not_beyond(void **state)
{
    static const struct {
        const char *flag;
        enum config_outcome outcome;
    } rows[] = {
        {"--lamp-watts=1", CONFIG_READY},       {"--lamp-watts=100", CONFIG_READY},
        {"--lamp-watts=0", CONFIG_REFUSED},     {"--lamp-watts=101", CONFIG_REFUSED},
        {"--lamp-watts=", CONFIG_REFUSED},      {"--lamp-watts=1e1", CONFIG_REFUSED},
        {"--lamp-name=12345678", CONFIG_READY}, {"--lamp-name=123456789", CONFIG_REFUSED},
        {"--lamp-name=", CONFIG_REFUSED},       {"--lamp-on=TRUE", CONFIG_REFUSED},
        {"--lamp-watt=1", CONFIG_REFUSED},      {"--lamp-watts", CONFIG_REFUSED},
        {"--lamp_watts=1", CONFIG_REFUSED},     {"-lamp-watts=1", CONFIG_REFUSED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setenv("SOUK_LAMP_PLACE", "hall", 1);
        START((char *)(uintptr_t)rows[i].flag);
        if (start.outcome != rows[i].outcome)
            fail_msg("%s: outcome %d", rows[i].flag, start.outcome);
        forget(state);
    }
}

static void a_secret_is_shown_nowhere(void **state)
{
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    write_secret("s3cret\n", 7);
    START((char *)"--print-config");
    assert_int_equal(start.outcome, CONFIG_ANSWERED);
    assert_says(start.out, "SOUK_LAMP_KEY_FILE=(set)\n");
    assert_silent_about(start.out, "s3cret");
    assert_silent_about(start.err, "s3cret");
    unlink(secret_path);
    forget(state);
}

static void the_value_of_a_mistyped_flag_is_not_shown(void **state)
{
    START((char *)"--lamp-key=s3cret");
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_says(start.err, "--lamp-key: no such option");
    assert_silent_about(start.err, "s3cret");
    forget(state);
}

static void a_secret_file_that_is_empty_or_endless_is_refused(void **state)
{
    static char large[64 * 1024 + 1];

    memset(large, 'k', sizeof large);
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    write_secret("\n\n", 2);
    START();
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_says(start.err, "SOUK_LAMP_KEY_FILE: must have 1 to 64 characters in its file\n");
    unlink(secret_path);
    forget(state);

    setenv("SOUK_LAMP_PLACE", "hall", 1);
    write_secret(large, sizeof large);
    START();
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_says(start.err, "SOUK_LAMP_KEY_FILE: must have 1 to 64 characters in its file\n");
    unlink(secret_path);
    forget(state);
}

/* Binary keys are written with digits: as a text it would end at its first NUL. */
static void a_secret_with_a_nul_is_refused(void **state)
{
    setenv("SOUK_LAMP_PLACE", "hall", 1);
    write_secret("k\0y-of-thirty-two-bytes", 23);
    START();
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_says(start.err, "SOUK_LAMP_KEY_FILE: must not have a NUL in its file\n");
    unlink(secret_path);
    forget(state);
}

static void help_names_each_option_and_needs_nothing(void **state)
{
    START((char *)"--what-is-this", (char *)"--help");
    assert_int_equal(start.outcome, CONFIG_ANSWERED);
    assert_says(start.out,
                "--lamp-name=...  (SOUK_LAMP_NAME)\n    what it is called; default desk\n");
    assert_says(start.out, "--lamp-place=...  (SOUK_LAMP_PLACE)\n    where it stands; required\n");
    assert_says(start.out, "--lamp-key-file=...  (SOUK_LAMP_KEY_FILE)\n    its key\n");
    forget(state);
}

static void print_config_shows_what_was_read(void **state)
{
    START((char *)"--print-config", (char *)"--lamp-place=hall", (char *)"--lamp-on=true");
    assert_int_equal(start.outcome, CONFIG_ANSWERED);
    assert_string_equal(start.out, "SOUK_LAMP_NAME=desk\nSOUK_LAMP_WATTS=40\nSOUK_LAMP_ON=true\n"
                                   "SOUK_LAMP_KEY_FILE=(not set)\nSOUK_LAMP_PLACE=hall\n");
    forget(state);
}

static void print_config_of_a_wrong_one_shows_the_errors_alone(void **state)
{
    START((char *)"--print-config");
    assert_int_equal(start.outcome, CONFIG_REFUSED);
    assert_string_equal(start.out, "");
    assert_says(start.err, "SOUK_LAMP_PLACE: must be given\n");
    forget(state);
}

static void tables_are_read_together(void **state)
{
    struct lamp_config first = {0}, second = {0};
    const struct config_table tables[] = {{options, 2, &first}, {options + 2, 3, &second}};
    char *argv[] = {(char *)"lamp", (char *)"--lamp-name=one", (char *)"--lamp-place=two", NULL};

    assert_int_equal(config_load(tables, 2, 3, argv, stdout, stderr), CONFIG_READY);
    assert_string_equal(first.lamp_name, "one");
    assert_string_equal(second.lamp_place, "two");
    config_release(tables, 2);
    assert_null(first.lamp_name);
}

UNIT_TESTS(what_is_not_given_is_the_fallback, the_environment_gives_every_kind,
           a_flag_wins_over_the_environment_and_the_last_over_the_first,
           a_flag_saves_from_a_bad_environment, all_errors_are_told_at_once,
           numbers_and_lengths_are_taken_at_their_limits_and_not_beyond, a_secret_is_shown_nowhere,
           the_value_of_a_mistyped_flag_is_not_shown,
           a_secret_file_that_is_empty_or_endless_is_refused, a_secret_with_a_nul_is_refused,
           help_names_each_option_and_needs_nothing, print_config_shows_what_was_read,
           print_config_of_a_wrong_one_shows_the_errors_alone, tables_are_read_together)
