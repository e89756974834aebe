#include "audit.h"

#include "attributes.h"
#include "audit_rules.h"
#include "listing_goods.h"

struct status audit_look_at(struct db_tx *tx, const struct listing *listing, int64_t now_us,
                            struct violations *violations, const char **ret_rules)
{
    struct listing_goods read;

    TRY(listing_goods_read(tx, listing, violations->arena, &read));
    attributes_check(&read.category, &read.goods, violations);
    *ret_rules = "attributes";
    if (listing->strategy == AUDIT_FAST_TRACK)
        return STATUS_OK;
    audit_rules_check(&read.category, &read.goods, now_us, violations);
    *ret_rules = arena_printf(violations->arena, "attributes, %s",
                              audit_rules_text(&read.category, violations->arena));
    return STATUS_OK;
}
