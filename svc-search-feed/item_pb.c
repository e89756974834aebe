#include "item_pb.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/str.h"
#include "document.h"
#include "io/pb.h"
#include "io/pb_time.h"
#include "souk/listing/v1/listing.types.h"

static enum item_status status_from_pb(ItemStatus status)
{
    switch (status) {
    case ITEM_STATUS_HIDDEN: return ITEM_HIDDEN;
    case ITEM_STATUS_ONLINE: return ITEM_ONLINE;
    case ITEM_STATUS_OFFLINE: return ITEM_OFFLINE;
    case ITEM_STATUS_MAINTAIN: return ITEM_MAINTAIN;
    case ITEM_STATUS_OUT_OF_STOCK: return ITEM_OUT_OF_STOCK;
    default: return ITEM_UNKNOWN;
    }
}

/* Rising and each once: the order in which their rows are locked. */
static void take_skus(const Item *message, struct arena *arena, struct item *item)
{
    int64_t *ids = arena_array_of(arena, int64_t, message->n_skus);
    size_t count = 0;

    for (size_t i = 0; i < message->n_skus; i++)
        ids[i] = message->skus[i]->sku_id;
    qsort(ids, message->n_skus, sizeof *ids, id_order);
    for (size_t i = 0; i < message->n_skus && count < DOCUMENT_SKUS_MAX; i++)
        if (!count || ids[i] != ids[count - 1])
            ids[count++] = ids[i];
    item->sku_ids = ids;
    item->sku_count = count;
}

/* Times and JSON are for machines: nobody searches for them. */
static void add_words(struct str *words, Attribute *const *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        switch (attributes[i]->value_case) {
        case SOUK__LISTING__V1__ATTRIBUTE__VALUE_TEXT:
            str_printf(words, "%s\n", attributes[i]->text);
            break;
        case SOUK__LISTING__V1__ATTRIBUTE__VALUE_NUMBER:
            str_printf(words, "%lld\n", (long long)attributes[i]->number);
            break;
        default: break;
        }
    }
}

static const char *words_of(const Item *message, struct arena *arena)
{
    AUTO(str_release) struct str words = {0};

    add_words(&words, message->attributes, message->n_attributes);
    for (size_t i = 0; i < message->n_skus; i++) {
        str_printf(&words, "%s\n", message->skus[i]->title);
        add_words(&words, message->skus[i]->attributes, message->skus[i]->n_attributes);
    }
    return arena_strdup(arena, str_text(&words));
}

struct item item_from_pb(const Item *message, struct arena *arena)
{
    struct item item = {
        .item_id = message->item_id,
        .category_id = message->category_id,
        .shop_id = message->shop_id,
        .status = status_from_pb(message->status),
        .title = message->title,
        .description = message->description,
        .brand = message->brand,
        .attributes = words_of(message, arena),
        .media_url = message->n_media_urls ? message->media_urls[0] : "",
        .created_us = pb_time_us(message->create_time),
    };

    take_skus(message, arena, &item);
    return item;
}

bool item_unpack(const void *bytes, size_t size, struct arena *arena, struct item *ret)
{
    const ProtobufCMessage *message =
        pb_unpack(&souk__listing__v1__item__descriptor, bytes, size, arena);

    if (!message)
        return false;
    *ret = item_from_pb((const Item *)message, arena);
    return true;
}
