#pragma once

/*
 * config: the options of svc-cart besides those that every service has.
 */

#include "observe/config.h"

#define CART_CONFIG(OPTION)                                                                      \
    OPTION(cart_config, CONFIG_INT, int64_t, enrich_timeout_ms, "300", 1, 1000,                  \
           "how long listing, pricing and inventory have to say what they know of the goods in " \
           "a cart")

struct cart_config {
    CART_CONFIG(CONFIG_MEMBER)
};
