#include "listing_goods.h"

#include "category_repo.h"
#include "goods_pb.h"

struct status listing_goods_read(struct db_tx *tx, const struct listing *listing,
                                 struct arena *arena, struct listing_goods *ret)
{
    bool found;

    TRY(category_repo_find(tx, listing->category_id, arena, &ret->category, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "category %lld is gone",
                            (long long)listing->category_id);
    TRY(goods_unpack(listing->draft, listing->draft_size, arena, &ret->draft));
    goods_from_pb(ret->draft, arena, &ret->goods);
    return STATUS_OK;
}
