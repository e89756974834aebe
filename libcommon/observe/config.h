#pragma once

/*
 * config: what a process is told at start. One X-macro table yields the struct, the parser, --help
 * and --print-config. Environment first (SOUK_DB_HOST), flags override (--db-host=..). All errors
 * are reported together. Nothing changes after start but the content of files, which may be read
 * again (config_read_files).
 *
 *     #define CART_CONFIG(OPTION)                                                       \
 *         OPTION(cart_config, CONFIG_INT, int64_t, lines_max, "200", 1, 1000, "most lines")
 *     struct cart_config {
 *         CART_CONFIG(CONFIG_MEMBER)
 *     };
 *     static const struct config_option options[] = {CART_CONFIG(CONFIG_ENTRY)};
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/status.h"

enum config_kind {
    CONFIG_TEXT,        /* const char *; min and max are its length */
    CONFIG_INT,         /* int64_t between min and max */
    CONFIG_BOOL,        /* bool: true or false */
    CONFIG_SECRET_FILE, /* const char *: the content of the named file, without a final newline;
                           never shown. min and max are its length; NULL where the fallback ""
                           holds */
};

struct config_option {
    enum config_kind kind;
    const char *name; /* lower_snake */
    size_t offset;
    const char *fallback; /* as it would be written; NULL: must be given */
    int64_t min;
    int64_t max;
    const char *help;
};

#define CONFIG_MEMBER(struct_type, kind, type, name, fallback, min, max, help) type name;
#define CONFIG_ENTRY(struct_type, kind, type, name, fallback, min, max, help) \
    {kind, #name, offsetof(struct struct_type, name), fallback, min, max, help},

struct config_table {
    const struct config_option *options;
    size_t option_count;
    void *values; /* the struct that the offsets are of */
};

enum config_outcome {
    CONFIG_READY,    /* go on */
    CONFIG_ANSWERED, /* --help or --print-config was printed: exit 0 */
    CONFIG_REFUSED,  /* errors were printed to `err`: exit 2 */
};

/* Values of text are allocated and live as long as the process (config_release for tests). */
MUST_USE enum config_outcome config_load(const struct config_table *tables, size_t table_count,
                                         int argc, char **argv, FILE *out, FILE *err);
void config_release(const struct config_table *tables, size_t table_count);

/*
 * The files that the table's options of kind CONFIG_SECRET_FILE name, as they are now, into
 * `table->values`, whose other members stay as they are. False: errors were printed to `err`.
 */
MUST_USE bool config_read_files(const struct config_table *table, int argc, char **argv, FILE *err);

/* Every option and its value as lines "NAME=value", secrets as "(set)" or "(not set)". */
void config_print(const struct config_table *tables, size_t table_count, FILE *out);
