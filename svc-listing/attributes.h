#pragma once

/*
 * attributes: are a draft's attributes those that its category wants?
 *
 * Finds everything that is wrong at once: missing, unknown, there twice, of another type, not in
 * the enumeration, out of range, too long. Pure. Source: 002 chapter 4.5.2.
 */

#include "category.h"
#include "goods.h"
#include "violations.h"

void attributes_check(const struct category *category, const struct goods *goods,
                      struct violations *violations);
