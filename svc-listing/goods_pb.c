#include "goods_pb.h"

#include <stdio.h>

#include "io/pb.h"
#include "io/pb_time.h"
#include "souk/common/v1/types.types.h"

static struct attribute attribute_from_pb(const Attribute *message)
{
    struct attribute attribute = {.code = message->code};

    switch (message->value_case) {
    case ATTRIBUTE_VALUE_TEXT:
        attribute.kind = ATTRIBUTE_TEXT;
        attribute.text = message->text;
        break;
    case ATTRIBUTE_VALUE_NUMBER:
        attribute.kind = ATTRIBUTE_NUMBER;
        attribute.number = message->number;
        break;
    case ATTRIBUTE_VALUE_TIME:
        attribute.kind = ATTRIBUTE_TIME;
        attribute.number = pb_time_us(message->time);
        break;
    case ATTRIBUTE_VALUE_JSON:
        attribute.kind = ATTRIBUTE_JSON;
        attribute.text = message->json;
        break;
    default: break;
    }
    return attribute;
}

static struct attribute_list attributes_from_pb(Attribute *const *messages, size_t count,
                                                struct arena *arena)
{
    struct attribute *list = arena_array_of(arena, struct attribute, count);

    for (size_t i = 0; i < count; i++)
        list[i] = attribute_from_pb(messages[i]);
    return (struct attribute_list){.list = list, .count = count};
}

static struct sku sku_from_pb(const SkuDraft *message, struct arena *arena)
{
    struct sku sku = {
        .code = message->sku_code,
        .title = message->title,
        .attributes = attributes_from_pb(message->attributes, message->n_attributes, arena),
        .price = {.minor = message->base_price->minor},
        .unlimited = message->stock_model == STOCK_MODEL_UNLIMITED,
        .stock = message->stock_quantity,
    };

    snprintf(sku.price.currency, sizeof sku.price.currency, "%s", message->base_price->currency);
    return sku;
}

void goods_from_pb(const ItemDraft *draft, struct arena *arena, struct goods *ret)
{
    struct sku *skus = arena_array_of(arena, struct sku, draft->n_skus);

    for (size_t i = 0; i < draft->n_skus; i++)
        skus[i] = sku_from_pb(draft->skus[i], arena);
    *ret = (struct goods){
        .title = draft->title,
        .description = draft->description,
        .media_urls = (const char *const *)draft->media_urls,
        .media_url_count = draft->n_media_urls,
        .brand = draft->brand,
        .attributes = attributes_from_pb(draft->attributes, draft->n_attributes, arena),
        .skus = skus,
        .sku_count = draft->n_skus,
    };
}

struct status goods_unpack(const void *bytes, size_t size, struct arena *arena, ItemDraft **ret)
{
    ProtobufCMessage *message =
        pb_unpack(&souk__listing__v1__item_draft__descriptor, bytes, size, arena);

    if (!message)
        return status_error(CODE_INTERNAL, "INTERNAL", "the stored draft is no ItemDraft");
    *ret = (ItemDraft *)message;
    return STATUS_OK;
}
