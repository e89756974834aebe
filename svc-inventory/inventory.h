#pragma once

/*
 * inventory: what the handlers and workers of the service share.
 */

#include <stdint.h>

struct db;
struct ids;
struct outbox;

struct inventory {
    struct db *db;
    struct ids *ids;
    struct outbox *outbox;
};
