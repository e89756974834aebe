#include "caller.h"

enum feeder caller_feeder(const struct caller *caller)
{
    switch (caller->role) {
    case ROLE_MERCHANT: return FEEDER_MERCHANT;
    case ROLE_SUPPLIER: return FEEDER_SUPPLIER;
    case ROLE_SERVICE: return FEEDER_SERVICE;
    default: return FEEDER_OPERATOR;
    }
}

bool caller_owns(const struct caller *caller, int64_t shop_id, int64_t supplier_id)
{
    switch (caller->role) {
    case ROLE_OPERATOR:
    case ROLE_SERVICE: return true;
    case ROLE_MERCHANT: return caller->shop_id == shop_id;
    case ROLE_SUPPLIER: return caller->supplier_id == supplier_id;
    default: return false;
    }
}

bool caller_sees_listing(const struct caller *caller, const struct listing *listing)
{
    return caller_owns(caller, listing->shop_id, listing->supplier_id);
}

bool caller_sees_item(const struct caller *caller, const struct item *item)
{
    if (item->status == ITEM_ONLINE || item->status == ITEM_OUT_OF_STOCK)
        return true;
    return item->status != ITEM_REMOVED && caller_owns(caller, item->shop_id, item->supplier_id);
}
