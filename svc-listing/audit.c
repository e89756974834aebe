#include "audit.h"

#include "attributes.h"
#include "audit_rules.h"
#include "listing_goods.h"

struct status audit_look_at(struct db_tx *tx, const struct listing *listing, int64_t now_us,
                            struct violations *violations)
{
    struct listing_goods read;

    TRY(listing_goods_read(tx, listing, violations->arena, &read));
    attributes_check(&read.category, &read.goods, violations);
    if (listing->strategy != AUDIT_FAST_TRACK)
        audit_rules_check(&read.category, &read.goods, now_us, violations);
    return STATUS_OK;
}
