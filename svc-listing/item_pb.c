#include "item_pb.h"

#include "io/pb.h"
#include "io/pb_time.h"
#include "item_repo.h"
#include "listing_pb.h"
#include "souk/common/v1/types.types.h"

static const struct {
    int number;
    ItemStatus pb;
} statuses[] = {
    {ITEM_HIDDEN, ITEM_STATUS_HIDDEN},
    {ITEM_ONLINE, ITEM_STATUS_ONLINE},
    {ITEM_OFFLINE, ITEM_STATUS_OFFLINE},
    {ITEM_MAINTAIN, ITEM_STATUS_MAINTAIN},
    {ITEM_OUT_OF_STOCK, ITEM_STATUS_OUT_OF_STOCK},
};

int item_status_from_pb(ItemStatus status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].pb == status)
            return statuses[i].number;
    return ITEM_ANY;
}

static ItemStatus status_to_pb(enum item_status status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].number == (int)status)
            return statuses[i].pb;
    return ITEM_STATUS_UNSPECIFIED;
}

static Souk__Common__V1__Delivery delivery_to_pb(bool physical)
{
    return physical ? DELIVERY_PHYSICAL : DELIVERY_VIRTUAL;
}

static Sku *sku_of_draft(const SkuDraft *draft, int64_t sku_id, struct arena *arena)
{
    Sku *sku = arena_new_of(arena, Sku);

    sku_init(sku);
    sku->sku_id = sku_id;
    sku->sku_code = draft->sku_code;
    sku->title = draft->title;
    sku->n_attributes = draft->n_attributes;
    sku->attributes = draft->attributes;
    sku->base_price = draft->base_price;
    sku->stock_model = draft->stock_model;
    return sku;
}

void item_pack_document(struct item *item, const ItemDraft *draft, const int64_t *sku_ids,
                        struct arena *arena)
{
    Item message;

    item_init(&message);
    message.item_id = item->id;
    message.category_id = item->category_id;
    message.title = draft->title;
    message.description = draft->description;
    message.n_media_urls = draft->n_media_urls;
    message.media_urls = draft->media_urls;
    message.brand = draft->brand;
    message.n_attributes = draft->n_attributes;
    message.attributes = draft->attributes;
    message.shop_id = item->shop_id;
    message.supplier_id = item->supplier_id;
    message.n_skus = draft->n_skus;
    message.skus = arena_array_of(arena, Sku *, draft->n_skus);
    for (size_t i = 0; i < draft->n_skus; i++)
        message.skus[i] = sku_of_draft(draft->skus[i], sku_ids[i], arena);
    message.delivery = delivery_to_pb(item->physical);
    message.source = source_to_pb(item->source);
    const struct pb_bytes bytes = pb_pack(&message.base, arena);
    item->document = bytes.at;
    item->document_size = bytes.size;
}

static struct status unpack(const void *bytes, size_t size, struct arena *arena, Item **ret)
{
    ProtobufCMessage *message = pb_unpack(&souk__listing__v1__item__descriptor, bytes, size, arena);

    if (!message)
        return status_error(CODE_INTERNAL, "INTERNAL", "what is stored is no Item");
    *ret = (Item *)message;
    return STATUS_OK;
}

struct status item_to_pb(const struct item *item, struct arena *arena, Item **ret)
{
    TRY(unpack(item->document, item->document_size, arena, ret));
    (*ret)->status = status_to_pb(item->status);
    (*ret)->version = item->version;
    (*ret)->create_time = pb_timestamp(item->created_us, arena);
    (*ret)->update_time = pb_timestamp(item->updated_us, arena);
    return STATUS_OK;
}

struct status snapshot_to_pb(const struct snapshot *snapshot, struct arena *arena, Item **ret)
{
    TRY(unpack(snapshot->document, snapshot->document_size, arena, ret));
    (*ret)->version = snapshot->item_version;
    return STATUS_OK;
}

SkuSnapshot *sku_state_to_pb(const struct sku_state *state, struct arena *arena)
{
    SkuSnapshot *message = arena_new_of(arena, SkuSnapshot);

    sku_snapshot_init(message);
    message->snapshot_id = state->snapshot_id;
    message->item_id = state->item_id;
    message->sku_id = state->sku_id;
    message->item_version = state->item_version;
    message->category_id = state->category_id;
    message->item_title = arena_strdup(arena, state->item_title);
    message->sku_title = arena_strdup(arena, state->sku_title);
    message->sku_code = arena_strdup(arena, state->sku_code);
    message->shop_id = state->shop_id;
    message->supplier_id = state->supplier_id;
    message->delivery = delivery_to_pb(state->physical);
    return message;
}
