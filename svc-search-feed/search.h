#pragma once

/*
 * search: what the handlers and workers of the service share.
 */

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

struct db;
struct metric;
struct metric_family;
struct rpc_client;
struct service;

/* The index worker's: how far it is. */
struct indexing {
    bool is_ready;          /* the index is there, and filled */
    int64_t look_at_us;     /* whether it still is; by clock_mono_us */
    char *due_for;          /* which filling of an index (index_live); NULL: none */
    int64_t due_up_to;      /* documents up to this item were made due since that one began */
    bool is_schema_checked; /* against that of the index that was there */
    bool has_more;          /* the last run left something over */
    struct metric_family *documents;
    struct metric *delay;
    struct metric *schema_differs;
};

struct search {
    struct service *service;
    struct db *db;
    struct engine engine;
    int64_t search_timeout_us;
    int64_t hydrate_timeout_us;
    struct rpc_client *pricing;   /* NULL: prices are as indexed */
    struct rpc_client *inventory; /* NULL: stock is as indexed */
    struct metric *partial;
    struct indexing indexing;
};
