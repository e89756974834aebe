#pragma once

/*
 * listing: the task that carries goods onto the shelves, and what may happen to it.
 *
 *     DRAFT -submit-> PENDING -approve-> APPROVED -publish-> ONLINE <-> OFFLINE, MAINTAIN, ...
 *                        |                  |
 *                        +--reject-----> REJECTED -submit-> PENDING
 *
 * Pure. Every event raises the version; what happened is in `ret` for the history. From ONLINE on
 * the listing follows its item. Source: 002 chapter 3.1.
 */

#include <stddef.h>
#include <stdint.h>

#include "audit_policy.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/fsm.h"
#include "base/status.h"
#include "item.h"
#include "source.h"

/* In the database, and the documents': never change the numbers. */
enum listing_status {
    LISTING_DRAFT = 0,
    LISTING_PENDING = 10,
    LISTING_APPROVED = 11,
    LISTING_REJECTED = 12,
    LISTING_ONLINE = 20,
    LISTING_OFFLINE = 21,
    LISTING_MAINTAIN = 22,
    LISTING_OUT_OF_STOCK = 23,
};

enum listing_event {
    LISTING_EDIT,
    LISTING_SUBMIT,
    LISTING_APPROVE,
    LISTING_REJECT,
    LISTING_PUBLISH,
    LISTING_FAIL,     /* its publish was refused */
    LISTING_RELIST,   /* its item came back to the shelf */
    LISTING_DELIST,   /* its item was taken off */
    LISTING_SUSPEND,  /* its item is in maintenance */
    LISTING_SELL_OUT, /* its item is out of stock */
};

enum { LISTING_COMMENT_MAX = 1000, DRAFT_SIZE_MAX = 64 * 1024 };

struct listing {
    int64_t id;
    const char *task_code;
    int64_t category_id;
    enum source source;
    enum user_type user_type; /* of whoever made it */
    enum listing_status status;
    enum audit_strategy strategy;
    const char *comment;
    int64_t shop_id;
    int64_t supplier_id;
    int64_t item_id;         /* 0 until published */
    int64_t publish_saga_id; /* 0: nobody publishes it */
    int64_t version;
    const void *draft; /* packed: goods_pb */
    size_t draft_size;
    int64_t created_us;
    int64_t updated_us;
};

enum { LISTING_NEW = -1 }; /* listing_change.from of a creation */

struct listing_change {
    int from;
    enum listing_status to;
    const char *action; /* "submit" */
    int64_t version;    /* after it */
};

extern const struct fsm listing_fsm;

/* ABORTED VERSION_MISMATCH. */
MUST_USE struct status listing_expect_version(const struct listing *listing, int64_t version);

/* FAILED_PRECONDITION ILLEGAL_TRANSITION. */
MUST_USE struct status listing_apply(struct listing *listing, enum listing_event event,
                                     struct listing_change *ret);
struct listing_change listing_created(const struct listing *listing);

/* What an item's new status, other than HIDDEN and REMOVED, means for its listing. */
enum listing_event listing_event_of_item(enum item_status status);

/* "DEAL-20260722-0D5MZV3K7R400", in the arena; unique because the id is. */
MUST_USE char *listing_task_code(const char *category_code, int64_t now_us, int64_t id,
                                 struct arena *arena);
