#pragma once

/*
 * source: where a listing comes from, and who may feed which source.
 *
 * Pure. Source: 002 chapters 1.2.2, 3.2, 3.3.1 (source_type, source_user_type).
 */

#include <stdbool.h>

#include "base/attributes.h"

/* In the database: never change the numbers. */
enum source {
    SOURCE_OPERATOR_FORM = 1,
    SOURCE_MERCHANT_PORTAL = 2,
    SOURCE_MERCHANT_APP = 3,
    SOURCE_EXCEL_BATCH = 4,
    SOURCE_SUPPLIER_PUSH = 5,
    SOURCE_SUPPLIER_PULL = 6,
    SOURCE_API = 7,
};

/* In the database: never change the numbers. */
enum user_type {
    USER_OPERATOR = 1,
    USER_MERCHANT = 2,
    USER_SYSTEM = 3, /* a supplier's system, or a service of ours that fetches from one */
};

/* Who stands behind a call. */
enum feeder { FEEDER_OPERATOR, FEEDER_MERCHANT, FEEDER_SUPPLIER, FEEDER_SERVICE };

MUST_USE bool source_is_fed_by(enum source source, enum feeder feeder);
enum user_type source_user_type(enum feeder feeder);

/* May it change and hand in what a feeder of that type made? */
MUST_USE bool source_may_edit(enum feeder feeder, enum user_type made_by);
