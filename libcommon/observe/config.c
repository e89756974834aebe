#include "observe/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { NAME_MAX_LENGTH = 64, SECRET_MAX = 64 * 1024 /* above that of any option */ };

struct load {
    const struct config_table *tables;
    size_t table_count;
    FILE *err;
    bool failed;
};

static void env_name(const struct config_option *option, char ret[NAME_MAX_LENGTH])
{
    snprintf(ret, NAME_MAX_LENGTH, "SOUK_%s", option->name);
    for (char *c = ret; *c; c++)
        *c = (char)toupper((unsigned char)*c);
}

static void flag_name(const struct config_option *option, char ret[NAME_MAX_LENGTH])
{
    snprintf(ret, NAME_MAX_LENGTH, "--%s", option->name);
    for (char *c = ret; *c; c++)
        if (*c == '_')
            *c = '-';
}

static void *value_of(const struct config_table *table, const struct config_option *option)
{
    return (char *)table->values + option->offset;
}

static void complain(struct load *load, const struct config_option *option, const char *text)
{
    char name[NAME_MAX_LENGTH];
    env_name(option, name);
    fprintf(load->err, "%s: %s\n", name, text);
    load->failed = true;
}

static bool length_fits(struct load *load, const struct config_option *option, size_t length)
{
    char text[96];

    if ((int64_t)length >= option->min && (int64_t)length <= option->max)
        return true;
    snprintf(text, sizeof text, "must have %" PRId64 " to %" PRId64 " characters%s", option->min,
             option->max, option->kind == CONFIG_SECRET_FILE ? " in its file" : "");
    complain(load, option, text);
    return false;
}

static void set_text(struct load *load, const struct config_option *option, const char **value,
                     const char *word)
{
    if (!length_fits(load, option, strlen(word)))
        return;
    mem_free((void *)(uintptr_t)*value);
    *value = mem_strdup(word);
}

static void set_int(struct load *load, const struct config_option *option, int64_t *value,
                    const char *word)
{
    char text[96];
    int64_t number;

    if (!str_to_i64(word, &number) || number < option->min || number > option->max) {
        snprintf(text, sizeof text, "must be a number from %" PRId64 " to %" PRId64, option->min,
                 option->max);
        complain(load, option, text);
        return;
    }
    *value = number;
}

static void set_bool(struct load *load, const struct config_option *option, bool *value,
                     const char *word)
{
    if (strcmp(word, "true") == 0)
        *value = true;
    else if (strcmp(word, "false") == 0)
        *value = false;
    else
        complain(load, option, "must be true or false");
}

static void set_secret(struct load *load, const struct config_option *option, const char **value,
                       const char *path)
{
    char text[160];

    if (!*path && option->fallback)
        return;
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(text, sizeof text, "cannot read the file: %s", strerror(errno));
        complain(load, option, text);
        return;
    }
    char *bytes = mem_alloc(SECRET_MAX); /* a task's stack has no room for it */
    setvbuf(file, NULL, _IONBF, 0);      /* no second copy that stays */
    size_t length = fread(bytes, 1, SECRET_MAX - 1, file);
    fclose(file);
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    bytes[length] = '\0';
    if (strlen(bytes) != length) {
        complain(load, option, "must not have a NUL in its file");
    } else if (length_fits(load, option, length)) {
        mem_free((void *)(uintptr_t)*value);
        *value = mem_strdup(bytes);
    }
    explicit_bzero(bytes, SECRET_MAX);
    mem_free(bytes);
}

static void set(struct load *load, const struct config_table *table,
                const struct config_option *option, const char *word)
{
    void *value = value_of(table, option);

    switch (option->kind) {
    case CONFIG_TEXT: set_text(load, option, value, word); break;
    case CONFIG_INT: set_int(load, option, value, word); break;
    case CONFIG_BOOL: set_bool(load, option, value, word); break;
    case CONFIG_SECRET_FILE: set_secret(load, option, value, word); break;
    }
}

/* The word given for an option by the last matching flag, or NULL. */
static const char *find_flag(const struct config_option *option, int argc, char **argv)
{
    char name[NAME_MAX_LENGTH];
    const char *found = NULL;

    flag_name(option, name);
    const size_t length = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            found = argv[i] + length + 1;
    return found;
}

static void load_option(struct load *load, const struct config_table *table,
                        const struct config_option *option, int argc, char **argv)
{
    char name[NAME_MAX_LENGTH];

    env_name(option, name);
    const char *word = find_flag(option, argc, argv);
    if (!word)
        word = getenv(name);
    if (!word)
        word = option->fallback;
    if (word)
        set(load, table, option, word);
    else
        complain(load, option, "must be given");
}

static bool is_known_flag(const struct load *load, const char *arg)
{
    char name[NAME_MAX_LENGTH];

    for (size_t t = 0; t < load->table_count; t++) {
        for (size_t i = 0; i < load->tables[t].option_count; i++) {
            flag_name(&load->tables[t].options[i], name);
            const size_t length = strlen(name);
            if (strncmp(arg, name, length) == 0 && arg[length] == '=')
                return true;
        }
    }
    return false;
}

static void print_help(const struct config_table *tables, size_t table_count, FILE *out)
{
    char env[NAME_MAX_LENGTH], flag[NAME_MAX_LENGTH];

    for (size_t t = 0; t < table_count; t++) {
        for (size_t i = 0; i < tables[t].option_count; i++) {
            const struct config_option *option = &tables[t].options[i];
            env_name(option, env);
            flag_name(option, flag);
            fprintf(out, "%s=...  (%s)\n    %s", flag, env, option->help);
            if (!option->fallback)
                fprintf(out, "; required\n");
            else if (*option->fallback)
                fprintf(out, "; default %s\n", option->fallback);
            else
                fprintf(out, "\n");
        }
    }
}

static void print_option(const struct config_table *table, const struct config_option *option,
                         FILE *out)
{
    char name[NAME_MAX_LENGTH];
    const void *value = value_of(table, option);
    const char *text = NULL;

    env_name(option, name);
    switch (option->kind) {
    case CONFIG_TEXT:
        text = *(const char *const *)value;
        fprintf(out, "%s=%s\n", name, text ? text : "");
        break;
    case CONFIG_INT: fprintf(out, "%s=%" PRId64 "\n", name, *(const int64_t *)value); break;
    case CONFIG_BOOL: fprintf(out, "%s=%s\n", name, *(const bool *)value ? "true" : "false"); break;
    case CONFIG_SECRET_FILE:
        text = *(const char *const *)value;
        fprintf(out, "%s=%s\n", name, text ? "(set)" : "(not set)");
        break;
    }
}

void config_print(const struct config_table *tables, size_t table_count, FILE *out)
{
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].option_count; i++)
            print_option(&tables[t], &tables[t].options[i], out);
}

enum config_outcome config_load(const struct config_table *tables, size_t table_count, int argc,
                                char **argv, FILE *out, FILE *err)
{
    struct load load = {.tables = tables, .table_count = table_count, .err = err};
    bool print = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(tables, table_count, out);
            return CONFIG_ANSWERED;
        }
        if (strcmp(argv[i], "--print-config") == 0) {
            print = true;
        } else if (!is_known_flag(&load, argv[i])) {
            const int length = (int)strcspn(argv[i], "="); /* its value may be a secret */
            fprintf(err, "%.*s: no such option; --help lists them\n", length, argv[i]);
            load.failed = true;
        }
    }
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].option_count; i++)
            load_option(&load, &tables[t], &tables[t].options[i], argc, argv);

    if (load.failed)
        return CONFIG_REFUSED;
    if (!print)
        return CONFIG_READY;
    config_print(tables, table_count, out);
    return CONFIG_ANSWERED;
}

bool config_read_files(const struct config_table *table, int argc, char **argv, FILE *err)
{
    struct load load = {.tables = table, .table_count = 1, .err = err};

    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].kind == CONFIG_SECRET_FILE)
            load_option(&load, table, &table->options[i], argc, argv);
    return !load.failed;
}

void config_release(const struct config_table *tables, size_t table_count)
{
    for (size_t t = 0; t < table_count; t++) {
        for (size_t i = 0; i < tables[t].option_count; i++) {
            const struct config_option *option = &tables[t].options[i];
            if (option->kind == CONFIG_TEXT || option->kind == CONFIG_SECRET_FILE)
                mem_freep(value_of(&tables[t], option));
        }
    }
}
