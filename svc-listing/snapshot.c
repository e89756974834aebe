#include "snapshot.h"

#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

static void add_number(XXH3_state_t *state, int64_t number)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> 8 * i);
    XXH3_128bits_update(state, bytes, sizeof bytes);
}

static void add_text(XXH3_state_t *state, const char *text)
{
    const size_t length = strlen(text);

    add_number(state, (int64_t)length);
    XXH3_128bits_update(state, text, length);
}

static void add_attributes(XXH3_state_t *state, const struct attribute_list *attributes)
{
    add_number(state, (int64_t)attributes->count);
    for (size_t i = 0; i < attributes->count; i++) {
        const struct attribute *attribute = &attributes->list[i];
        const bool is_text = attribute->kind == ATTRIBUTE_TEXT || attribute->kind == ATTRIBUTE_JSON;
        add_text(state, attribute->code);
        add_number(state, (int64_t)attribute->kind);
        if (is_text)
            add_text(state, attribute->text);
        else
            add_number(state, attribute->number);
    }
}

static void add_sku(XXH3_state_t *state, const struct sku *sku, int64_t sku_id)
{
    add_number(state, sku_id);
    add_text(state, sku->code);
    add_text(state, sku->title);
    add_attributes(state, &sku->attributes);
    add_text(state, sku->price.currency);
    add_number(state, sku->price.minor);
    add_number(state, sku->unlimited);
}

static void add_item(XXH3_state_t *state, const struct item *item, const struct goods *goods)
{
    add_number(state, item->category_id);
    add_number(state, item->shop_id);
    add_number(state, item->supplier_id);
    add_number(state, item->physical);
    add_text(state, goods->title);
    add_text(state, goods->description);
    add_number(state, (int64_t)goods->media_url_count);
    for (size_t i = 0; i < goods->media_url_count; i++)
        add_text(state, goods->media_urls[i]);
    add_text(state, goods->brand);
    add_attributes(state, &goods->attributes);
}

void snapshot_digest(const struct item *item, const struct goods *goods, const int64_t *sku_ids,
                     unsigned char ret[ITEM_DIGEST_SIZE])
{
    XXH3_state_t *state = XXH3_createState();
    XXH128_canonical_t canonical;

    if (!state)
        BUG("no memory for a digest");
    XXH3_128bits_reset(state);
    add_item(state, item, goods);
    add_number(state, (int64_t)goods->sku_count);
    for (size_t i = 0; i < goods->sku_count; i++)
        add_sku(state, &goods->skus[i], sku_ids[i]);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    XXH3_freeState(state);
    memcpy(ret, canonical.digest, ITEM_DIGEST_SIZE);
}
