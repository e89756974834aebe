#pragma once

/*
 * pb_money: souk.common.v1.Money and struct money.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"
#include "souk/common/v1/types.pb-c.h"

/* In the arena. */
Souk__Common__V1__Money *pb_money(struct money money, struct arena *arena);

/* INVALID_ARGUMENT CURRENCY_UNKNOWN; also for NULL. */
MUST_USE struct status pb_money_read(const Souk__Common__V1__Money *money, struct money *ret);
