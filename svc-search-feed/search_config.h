#pragma once

/*
 * search_config: the service's own options.
 */

#include <stdint.h>

#include "observe/config.h"

#define SEARCH_CONFIG(OPTION)                                                                     \
    OPTION(search_config, CONFIG_TEXT, const char *, search_url, "http://127.0.0.1:9200", 8, 256, \
           "the search engine: http://host:port")                                                 \
    OPTION(search_config, CONFIG_TEXT, const char *, search_index_prefix, "souk", 1, 32,          \
           "its indexes are called <prefix>-...")                                                 \
    OPTION(search_config, CONFIG_INT, int64_t, search_shards, "1", 1, 64,                         \
           "shards of an index that is made new")                                                 \
    OPTION(search_config, CONFIG_INT, int64_t, search_replicas, "0", 0, 5,                        \
           "copies of each shard of an index that is made new")                                   \
    OPTION(search_config, CONFIG_INT, int64_t, search_timeout_ms, "500", 10, 10000,               \
           "how long a search waits for the engine")                                              \
    OPTION(search_config, CONFIG_INT, int64_t, hydrate_timeout_ms, "150", 1, 1000,                \
           "how long a search waits for fresh prices and stock")

struct search_config {
    SEARCH_CONFIG(CONFIG_MEMBER)
};
