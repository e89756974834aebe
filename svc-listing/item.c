#include "item.h"

static const char *status_name(int status)
{
    switch (status) {
    case ITEM_HIDDEN: return "HIDDEN";
    case ITEM_ONLINE: return "ONLINE";
    case ITEM_OFFLINE: return "OFFLINE";
    case ITEM_MAINTAIN: return "MAINTAIN";
    case ITEM_OUT_OF_STOCK: return "OUT_OF_STOCK";
    case ITEM_REMOVED: return "REMOVED";
    default: return "an unknown status";
    }
}

/* An event is the status that is wanted. */
static const struct fsm_rule rules[] = {
    {.from = ITEM_HIDDEN, .event = ITEM_ONLINE, .to = ITEM_ONLINE},
    {.from = ITEM_HIDDEN, .event = ITEM_REMOVED, .to = ITEM_REMOVED},
    {.from = ITEM_ONLINE, .event = ITEM_OFFLINE, .to = ITEM_OFFLINE},
    {.from = ITEM_ONLINE, .event = ITEM_MAINTAIN, .to = ITEM_MAINTAIN},
    {.from = ITEM_ONLINE, .event = ITEM_OUT_OF_STOCK, .to = ITEM_OUT_OF_STOCK},
    {.from = ITEM_OFFLINE, .event = ITEM_ONLINE, .to = ITEM_ONLINE},
    {.from = ITEM_MAINTAIN, .event = ITEM_ONLINE, .to = ITEM_ONLINE},
    {.from = ITEM_OUT_OF_STOCK, .event = ITEM_ONLINE, .to = ITEM_ONLINE},
    {.from = ITEM_MAINTAIN, .event = ITEM_OFFLINE, .to = ITEM_OFFLINE},
    {.from = ITEM_OUT_OF_STOCK, .event = ITEM_OFFLINE, .to = ITEM_OFFLINE},
};

const struct fsm item_fsm = {
    .name = "item",
    .state_name = status_name,
    .event_name = status_name,
    .rules = rules,
    .rule_count = ARRAY_LEN(rules),
};

struct status item_expect_version(const struct item *item, int64_t version)
{
    if (item->version == version)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                        (long long)item->version, (long long)version);
}

enum item_status item_after_stock(enum item_status status, bool was_left, bool is_left)
{
    if (status == ITEM_ONLINE && !is_left)
        return ITEM_OUT_OF_STOCK;
    if (status == ITEM_OUT_OF_STOCK && !was_left && is_left)
        return ITEM_ONLINE;
    return status;
}

struct status item_move(struct item *item, enum item_status to, struct item_change *ret)
{
    int next;

    TRY(fsm_next(&item_fsm, (int)item->status, (int)to, item, &next));
    *ret = (struct item_change){
        .from = item->status,
        .to = (enum item_status)next,
        .version = item->version + 1,
    };
    item->status = ret->to;
    item->version = ret->version;
    return STATUS_OK;
}
