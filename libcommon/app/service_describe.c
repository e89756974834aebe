#include <jansson.h>

#include "app/service_internal.h"

static const char *kind_name(enum config_kind kind)
{
    switch (kind) {
    case CONFIG_TEXT: return "text";
    case CONFIG_INT: return "int";
    case CONFIG_BOOL: return "bool";
    case CONFIG_SECRET_FILE: return "secret_file";
    }
    return "";
}

static json_t *describe_option(const struct config_option *option)
{
    return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s}", "name", option->name, "kind",
                     kind_name(option->kind), "fallback", option->fallback, "min",
                     (json_int_t)option->min, "max", (json_int_t)option->max, "help", option->help);
}

static json_t *describe_options(const struct config_table *tables, size_t table_count)
{
    json_t *options = json_array();

    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].option_count; i++)
            json_array_append_new(options, describe_option(&tables[t].options[i]));
    return options;
}

static json_t *describe_consumers(const struct service_description *description)
{
    json_t *consumers = json_array();

    for (size_t i = 0; i < description->consumer_count; i++) {
        const struct consumer_config *consumer = &description->consumers[i];
        json_t *events = json_array();
        for (size_t r = 0; r < consumer->route_count; r++)
            json_array_append_new(events, json_string(consumer->routes[r].type->type));
        json_array_append_new(consumers,
                              json_pack("{s:s, s:o}", "name", consumer->name, "events", events));
    }
    return consumers;
}

void service_describe(const struct service_description *description,
                      const struct config_table *tables, size_t table_count, FILE *out)
{
    const size_t own_count = description->config.options ? 1 : 0;
    const size_t common_count = table_count - own_count;
    json_t *whole = json_pack("{s:s, s:o, s:o, s:o}", "name", description->name, "common_options",
                              describe_options(tables, common_count), "own_options",
                              describe_options(&tables[common_count], own_count), "consumers",
                              describe_consumers(description));

    json_dumpf(whole, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(whole);
}
