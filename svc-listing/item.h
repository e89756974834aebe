#pragma once

/*
 * item: goods that were published, and whether they are on the shelf.
 *
 * Pure. An item is HIDDEN while its publish is under way; a publish that is undone leaves it
 * REMOVED for good. Every change raises the version. Source: 002 chapter 3.1, 003 (item life
 * cycle).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/fsm.h"
#include "base/status.h"
#include "source.h"

/* In the database: never change the numbers. Those of the shelf are the documents' of a listing. */
enum item_status {
    ITEM_HIDDEN = 0,
    ITEM_ONLINE = 20,
    ITEM_OFFLINE = 21,
    ITEM_MAINTAIN = 22,
    ITEM_OUT_OF_STOCK = 23,
    ITEM_REMOVED = 99,
};

enum { ITEM_DIGEST_SIZE = 16 };

struct item {
    int64_t id;
    int64_t listing_id;
    int64_t category_id;
    enum source source;
    int64_t shop_id;
    int64_t supplier_id;
    bool physical;
    enum item_status status;
    int64_t version;
    const char *title;
    unsigned char digest[ITEM_DIGEST_SIZE]; /* of its content: snapshot.h */
    const void *document;                   /* its content, packed: item_pb */
    size_t document_size;
    int64_t created_us;
    int64_t updated_us;
};

struct item_change {
    enum item_status from;
    enum item_status to;
    int64_t version; /* after it */
};

extern const struct fsm item_fsm;

/* ABORTED VERSION_MISMATCH. */
MUST_USE struct status item_expect_version(const struct item *item, int64_t version);

/*
 * Where a change of its stock takes an item: off the shelf when nothing is left, back when there is
 * something again. Its own status where it stays: only what ran out comes back, not what somebody
 * calls OUT_OF_STOCK while there is some.
 */
enum item_status item_after_stock(enum item_status status, bool was_left, bool is_left);

/* FAILED_PRECONDITION ILLEGAL_TRANSITION. */
MUST_USE struct status item_move(struct item *item, enum item_status to, struct item_change *ret);
