#pragma once

/*
 * publish_saga: from an approved listing to an item on sale. The item is made, hidden; its SKUs get
 * prices and stock, and with them their owner; then listing and item go online together.
 *
 * Undone, the item is marked removed for good. Prices and stock of its SKUs stay: nobody can order
 * them, and their ids are never used again. A peer that is down is waited for, half an hour.
 * Source: 002 chapters 5.6, 9.1.3.
 */

#include "patterns/saga.h"

extern const struct saga_kind publish_saga;
