#pragma once

/*
 * audit_rules: what the machine looks at before goods are sold: the rules of their category, and
 * that nothing is free of charge.
 *
 * Pure. Source: 002 chapters 3.4, 5.4.
 */

#include <stdint.h>

#include "category.h"
#include "goods.h"
#include "violations.h"

enum { AUDIT_RULES_TEXT_MAX = 1900 };

/*
 * What is looked at, for the audit log: "price, future(session_time), range(size 1..9)". Ends at a
 * rule, with so many bytes at the most.
 */
MUST_USE char *audit_rules_text(const struct category *category, struct arena *arena);

/*
 * Finds everything that is wrong. Attributes that are not there, or of another type, are not its
 * business: attributes.h.
 */
void audit_rules_check(const struct category *category, const struct goods *goods, int64_t now_us,
                       struct violations *violations);
