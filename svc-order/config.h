#pragma once

/*
 * config: the options of svc-order besides those that every service has.
 */

#include "observe/config.h"

/* With HOLD_LONGER_S the time to pay is the longest that inventory holds stock, a day. */
#define ORDER_CONFIG(OPTION)                                                                    \
    OPTION(order_config, CONFIG_INT, int64_t, payment_timeout_s, "900", 1, 85800,               \
           "how long an order waits for its payment")                                           \
    OPTION(order_config, CONFIG_INT, int64_t, receipt_timeout_s, "864000", 1, 7776000,          \
           "how long after its shipment an order counts as received")                           \
    OPTION(order_config, CONFIG_SECRET_FILE, const char *, payment_secret_file, NULL, 32, 4096, \
           "file with the secret that we share with the payment provider")                      \
    OPTION(order_config, CONFIG_TEXT, const char *, payment_url, NULL, 8, 200,                  \
           "where customers pay: the provider's base address")

struct order_config {
    ORDER_CONFIG(CONFIG_MEMBER)
};
