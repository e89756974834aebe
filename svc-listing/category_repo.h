#pragma once

/*
 * category_repo: categories in the database. Tables: category, category_attribute, audit_rule,
 * audit_policy.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit_policy.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "category.h"

struct db_tx;

enum { CATEGORIES_MAX = 2000 };

/* With its attributes and rules, all in the arena. */
MUST_USE SUSPENDS struct status category_repo_find(struct db_tx *tx, int64_t id,
                                                   struct arena *arena, struct category *ret,
                                                   bool *ret_found);

/* The tree, parents before children, with the attributes of each but no rules. */
MUST_USE SUSPENDS struct status category_repo_list(struct db_tx *tx, struct arena *arena,
                                                   struct category **ret, size_t *ret_count);

/* How listings of a category are audited. */
MUST_USE SUSPENDS struct status category_repo_find_policies(struct db_tx *tx, int64_t id,
                                                            struct arena *arena,
                                                            struct audit_policy **ret,
                                                            size_t *ret_count);
