#pragma once

/*
 * redemption_repo: redemptions in the database. Two unique keys hold what is live: a quote has one
 * live redemption, and so has a pay order. Table: redemption.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "redemption.h"

struct db_tx;

/*
 * ALREADY_EXISTS DUPLICATE_KEY when the id is taken, or the quote or pay order has a live one; the
 * transaction goes on. `caller` is who did it.
 */
MUST_USE SUSPENDS struct status redemption_repo_insert(struct db_tx *tx,
                                                       const struct redemption *redemption,
                                                       const char *caller);
/* The cancellation of what never came: a row that is in its way. As above. */
MUST_USE SUSPENDS struct status redemption_repo_insert_cancelled(struct db_tx *tx, int64_t id,
                                                                 const char *caller);

/* False when there is none. */
MUST_USE SUSPENDS struct status redemption_repo_find(struct db_tx *tx, int64_t id,
                                                     struct redemption *ret, bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status redemption_repo_lock(struct db_tx *tx, int64_t id,
                                                     struct redemption *ret, bool *ret_found);

/* Has the quote, or the pay order, a live redemption? */
MUST_USE SUSPENDS struct status redemption_repo_quote_is_taken(struct db_tx *tx, int64_t quote_id,
                                                               bool *ret);
MUST_USE SUSPENDS struct status redemption_repo_pay_order_is_taken(struct db_tx *tx,
                                                                   int64_t pay_order_id, bool *ret);

/* Of a live one: its quote and pay order are free again. */
MUST_USE SUSPENDS struct status redemption_repo_save_cancelled(struct db_tx *tx, int64_t id,
                                                               const char *caller);
