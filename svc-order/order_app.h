#pragma once

/*
 * order_app: what handlers, sagas and workers of the service share.
 */

#include <stdint.h>

struct db;
struct ids;
struct order_config;
struct outbox;
struct rpc_client;
struct saga_kind;
struct service;

struct order_app {
    const struct order_config *config;
    struct service *service; /* for its saga runner */
    struct db *db;
    struct ids *ids;
    struct outbox *outbox;
    struct rpc_client *listing;
    struct rpc_client *pricing;
    struct rpc_client *inventory;
    struct rpc_client *cart;
};

/* The hold outlives the time to pay: only our own timeout ends it (DESIGN 4). */
enum { HOLD_LONGER_S = 600 };

extern const struct saga_kind place_order_saga;
extern const struct saga_kind settle_order_saga;
extern const struct saga_kind release_order_saga;
