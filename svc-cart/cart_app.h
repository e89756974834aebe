#pragma once

/*
 * cart_app: what the handlers of the service share.
 */

#include <stdint.h>

struct db;
struct rpc_client;

struct cart_app {
    struct db *db;
    struct rpc_client *listing;
    struct rpc_client *pricing;
    struct rpc_client *inventory;
    int64_t enrich_timeout_us;
};
