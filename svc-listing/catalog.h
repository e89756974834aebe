#pragma once

/*
 * catalog: what the handlers, consumers and sagas of the service share.
 */

struct db;
struct ids;
struct outbox;
struct rpc_client;
struct service;

struct catalog {
    struct service *service; /* its saga runner is there before anything is served */
    struct db *db;
    struct ids *ids;
    struct outbox *outbox;
    struct rpc_client *pricing;
    struct rpc_client *inventory;
};

/* Who changes things on the service's own account. */
#define CATALOG_CALLER "service/listing"
