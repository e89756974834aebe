#pragma once

/*
 * pricing: what the handlers of the service share.
 */

#include <stdint.h>

struct db;
struct ids;
struct outbox;

struct pricing {
    struct db *db;
    struct ids *ids;
    struct outbox *outbox;
    const char *quote_secret;
    int64_t quote_life_us;
};
