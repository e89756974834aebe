#include "draft_pb.h"

#include "attributes.h"
#include "goods_pb.h"
#include "io/pb.h"

static void explain(struct request *rq, const struct violations *violations)
{
    for (size_t i = 0; i < violations->count; i++)
        error_details_field(&rq->details, rq->arena, violations->list[i].field,
                            violations->list[i].description);
}

struct status draft_check(struct request *rq, const struct category *category,
                          const ItemDraft *draft, struct violations *violations,
                          struct listing *listing)
{
    const struct pb_bytes packed = pb_pack(&draft->base, rq->arena);
    struct goods goods;

    if (packed.size > DRAFT_SIZE_MAX)
        violations_add(violations, "draft", "must be at most %d bytes", DRAFT_SIZE_MAX);
    goods_from_pb(draft, rq->arena, &goods);
    goods_check(&goods, violations);
    attributes_check(category, &goods, violations);
    const struct status st = violations_status(violations);
    if (!status_ok(&st)) {
        explain(rq, violations);
        return st;
    }
    listing->draft = packed.at;
    listing->draft_size = packed.size;
    return STATUS_OK;
}
