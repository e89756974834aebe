#pragma once

/*
 * config: the options of svc-pricing besides those that every service has.
 */

#include "observe/config.h"

#define PRICING_CONFIG(OPTION)                                                                  \
    OPTION(pricing_config, CONFIG_SECRET_FILE, const char *, quote_secret_file, NULL, 32, 4096, \
           "file with the secret that quotes are signed with, the same for all processes")      \
    OPTION(pricing_config, CONFIG_INT, int64_t, quote_ttl_s, "600", 1, 86400,                   \
           "how long a quote may be redeemed")

struct pricing_config {
    PRICING_CONFIG(CONFIG_MEMBER)
};
