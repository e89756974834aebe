#pragma once

/*
 * ids: the process's id makers under a node lease. Of 64 nodes a service has, each process holds
 * one; its row keeps a high-water mark that no id of its holder passes and that the next holder
 * must start behind. A process that died costs nothing: its successor takes another node, or waits
 * out the mark.
 *
 * Clocks step. Backwards: ids go on behind the last one, and a process that starts then waits for
 * the mark or takes another node, so none comes twice. By more than IDS_SKEW_MAX_MS in either
 * direction (seen at the next renewal, against the database's clock; a step forward past the fence
 * at once): no ids until the clocks agree again, for their time would be wrong, and marks far ahead
 * would block the node.
 *
 * Table: node_lease (libcommon/patterns/migrations).
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;
struct ids;

enum { IDS_SKEW_MAX_MS = 10 * 1000 };

/*
 * Waits until a node is had; UNAVAILABLE DEPENDENCY_UNAVAILABLE when the database does not answer,
 * ID_CLOCK_SKEWED when its clock and this machine's do not agree.
 */
MUST_USE SUSPENDS struct status ids_start(struct db *db, unsigned service, const char *owner,
                                          struct ids **ret);
SUSPENDS void ids_stop(struct ids *ids); /* NULL is fine */

/* OK, or UNAVAILABLE ID_CLOCK_SKEWED. */
MUST_USE struct status ids_check(const struct ids *ids);
/* Calls `changed` whenever ids_check answers otherwise than before; it may not suspend. */
void ids_watch(struct ids *ids, void (*changed)(void *arg), void *arg);

/* UNAVAILABLE ID_FENCE_REACHED while the node lease cannot be renewed, ID_CLOCK_SKEWED. */
MUST_USE struct status ids_next(struct ids *ids, int64_t *ret);
/* For orders and pay orders: the user's shard is in the id. */
MUST_USE struct status ids_next_for_user(struct ids *ids, int64_t user_id, int64_t *ret);
/* `ret` has ORDER_NO_DIGITS + 1 characters. */
MUST_USE struct status ids_next_order_no(struct ids *ids, int64_t user_id, char *ret);

unsigned ids_node(const struct ids *ids);
