#include "audit.h"

#include "attributes.h"
#include "audit_rules.h"
#include "category_repo.h"
#include "goods_pb.h"

struct status audit_look_at(struct db_tx *tx, const struct listing *listing, int64_t now_us,
                            struct violations *violations)
{
    struct arena *arena = violations->arena;
    struct category category;
    struct goods goods;
    ItemDraft *draft;
    bool found;

    TRY(category_repo_find(tx, listing->category_id, arena, &category, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "category %lld is gone",
                            (long long)listing->category_id);
    TRY(goods_unpack(listing->draft, listing->draft_size, arena, &draft));
    goods_from_pb(draft, arena, &goods);
    attributes_check(&category, &goods, violations);
    if (listing->strategy != AUDIT_FAST_TRACK)
        audit_rules_check(&category, &goods, now_us, violations);
    return STATUS_OK;
}
