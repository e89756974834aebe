#include "listing.h"

#include <time.h>

#include "base/clock.h"

static const char *status_name(int status)
{
    switch (status) {
    case LISTING_DRAFT: return "DRAFT";
    case LISTING_PENDING: return "PENDING";
    case LISTING_APPROVED: return "APPROVED";
    case LISTING_REJECTED: return "REJECTED";
    case LISTING_ONLINE: return "ONLINE";
    case LISTING_OFFLINE: return "OFFLINE";
    case LISTING_MAINTAIN: return "MAINTAIN";
    case LISTING_OUT_OF_STOCK: return "OUT_OF_STOCK";
    default: return "an unknown status";
    }
}

static const char *event_name(int event)
{
    static const char *const names[] = {
        [LISTING_EDIT] = "update",      [LISTING_SUBMIT] = "submit",
        [LISTING_APPROVE] = "approve",  [LISTING_REJECT] = "reject",
        [LISTING_PUBLISH] = "publish",  [LISTING_FAIL] = "fail",
        [LISTING_RELIST] = "online",    [LISTING_DELIST] = "offline",
        [LISTING_SUSPEND] = "maintain", [LISTING_SELL_OUT] = "out_of_stock",
    };
    return names[event];
}

static const struct fsm_rule rules[] = {
    {.from = LISTING_DRAFT, .event = LISTING_EDIT, .to = LISTING_DRAFT},
    {.from = LISTING_REJECTED, .event = LISTING_EDIT, .to = LISTING_REJECTED},
    {.from = LISTING_DRAFT, .event = LISTING_SUBMIT, .to = LISTING_PENDING},
    {.from = LISTING_REJECTED, .event = LISTING_SUBMIT, .to = LISTING_PENDING},
    {.from = LISTING_PENDING, .event = LISTING_APPROVE, .to = LISTING_APPROVED},
    {.from = LISTING_PENDING, .event = LISTING_REJECT, .to = LISTING_REJECTED},
    {.from = LISTING_APPROVED, .event = LISTING_PUBLISH, .to = LISTING_ONLINE},
    {.from = LISTING_APPROVED, .event = LISTING_FAIL, .to = LISTING_REJECTED},
    {.from = LISTING_ONLINE, .event = LISTING_DELIST, .to = LISTING_OFFLINE},
    {.from = LISTING_ONLINE, .event = LISTING_SUSPEND, .to = LISTING_MAINTAIN},
    {.from = LISTING_ONLINE, .event = LISTING_SELL_OUT, .to = LISTING_OUT_OF_STOCK},
    {.from = LISTING_OFFLINE, .event = LISTING_RELIST, .to = LISTING_ONLINE},
    {.from = LISTING_MAINTAIN, .event = LISTING_RELIST, .to = LISTING_ONLINE},
    {.from = LISTING_OUT_OF_STOCK, .event = LISTING_RELIST, .to = LISTING_ONLINE},
    {.from = LISTING_MAINTAIN, .event = LISTING_DELIST, .to = LISTING_OFFLINE},
    {.from = LISTING_OUT_OF_STOCK, .event = LISTING_DELIST, .to = LISTING_OFFLINE},
};

const struct fsm listing_fsm = {
    .name = "listing",
    .state_name = status_name,
    .event_name = event_name,
    .rules = rules,
    .rule_count = ARRAY_LEN(rules),
};

struct status listing_expect_version(const struct listing *listing, int64_t version)
{
    if (listing->version == version)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                        (long long)listing->version, (long long)version);
}

struct status listing_apply(struct listing *listing, enum listing_event event,
                            struct listing_change *ret)
{
    int next;

    TRY(fsm_next(&listing_fsm, (int)listing->status, (int)event, listing, &next));
    *ret = (struct listing_change){
        .from = (int)listing->status,
        .to = (enum listing_status)next,
        .action = event_name((int)event),
        .version = listing->version + 1,
    };
    listing->status = ret->to;
    listing->version = ret->version;
    return STATUS_OK;
}

struct listing_change listing_created(const struct listing *listing)
{
    return (struct listing_change){
        .from = LISTING_NEW,
        .to = listing->status,
        .action = "create",
        .version = listing->version,
    };
}

enum listing_event listing_event_of_item(enum item_status status)
{
    switch (status) {
    case ITEM_OFFLINE: return LISTING_DELIST;
    case ITEM_MAINTAIN: return LISTING_SUSPEND;
    case ITEM_OUT_OF_STOCK: return LISTING_SELL_OUT;
    default: return LISTING_RELIST;
    }
}

/* Crockford's base 32: no letter that looks like a digit. */
static void write_number(int64_t id, char *ret)
{
    enum { DIGITS = 13 };
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (int i = 0; i < DIGITS; i++)
        ret[i] = digits[(uint64_t)id >> 5 * (DIGITS - 1 - i) & 31];
    ret[DIGITS] = '\0';
}

char *listing_task_code(const char *category_code, int64_t now_us, int64_t id, struct arena *arena)
{
    const time_t now_s = (time_t)(now_us / CLOCK_US_PER_S);
    struct tm day;
    char number[14];

    gmtime_r(&now_s, &day);
    write_number(id, number);
    return arena_printf(arena, "%s-%04d%02d%02d-%s", category_code, day.tm_year + 1900,
                        day.tm_mon + 1, day.tm_mday, number);
}
