#include "bulk.h"

#include <stdio.h>

static json_t *sku_ids(const struct item *item)
{
    json_t *list = json_array();

    for (size_t i = 0; i < item->sku_count; i++)
        json_array_append_new(list, json_integer(item->sku_ids[i]));
    return list;
}

/* False where there is no value: JSON has no place for texts that are no UTF-8. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static bool put_all(json_t *source, const struct document *document)
{
    const struct item *item = &document->item;

    return put(source, "item_id", json_integer(item->item_id)) &&
           put(source, "category_id", json_integer(item->category_id)) &&
           put(source, "shop_id", json_integer(item->shop_id)) &&
           put(source, "status", json_string(item_status_name(item->status))) &&
           put(source, "title", json_string(item->title)) &&
           put(source, "description", json_string(item->description)) &&
           put(source, "brand", json_string(item->brand)) &&
           put(source, "attributes", json_string(item->attributes)) &&
           put(source, "media_url", json_string(item->media_url)) &&
           put(source, "created_us", json_integer(item->created_us)) &&
           put(source, "in_stock", json_boolean(document->in_stock)) &&
           put(source, "sku_ids", sku_ids(item));
}

static bool put_price(json_t *source, const struct document *document)
{
    return !document->is_priced ||
           (put(source, "price_from", json_integer(document->price_from.minor)) &&
            put(source, "price_step", json_integer(price_step(document->price_from.minor))) &&
            put(source, "currency", json_string(document->price_from.currency)));
}

static json_t *action(int64_t item_id, int64_t version)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)item_id);
    return json_pack("{s:{s:s, s:I, s:s}}", "index", "_id", id, "version", (json_int_t)version,
                     "version_type", "external_gte");
}

static int append(const char *text, size_t size, void *body)
{
    str_append_bytes(body, text, size);
    return 0;
}

static void add_line(struct str *body, const json_t *json)
{
    if (json_dump_callback(json, append, body, JSON_COMPACT) != 0)
        BUG("JSON of ours that cannot be written");
    str_append(body, "\n");
}

bool bulk_add(struct str *body, const struct document *document, int64_t version)
{
    json_auto_t *source = json_object();
    json_auto_t *head = action(document->item.item_id, version);

    if (!put_all(source, document) || !put_price(source, document))
        return false;
    add_line(body, head);
    add_line(body, source);
    return true;
}

static enum bulk_outcome outcome_of(json_int_t status)
{
    switch (status) {
    case 200:
    case 201:
    case 409: return BULK_INDEXED;
    case 404: return BULK_NO_INDEX;
    case 429: return BULK_BUSY;
    default: return status >= 500 ? BULK_BUSY : BULK_REFUSED;
    }
}

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void read_result(const json_t *item, struct bulk_result *ret)
{
    const json_t *done = json_object_get(item, "index");
    const json_t *error = json_object_get(done, "error");
    const json_t *cause = json_object_get(error, "caused_by");

    ret->outcome = outcome_of(json_integer_value(json_object_get(done, "status")));
    snprintf(ret->why, sizeof ret->why, "%s: %s %s", word(error, "type"), word(error, "reason"),
             word(cause, "reason"));
}

struct status bulk_read(const json_t *answer, struct bulk_result *ret, size_t count)
{
    const json_t *items = json_object_get(answer, "items");

    if (json_array_size(items) != count)
        return status_error(CODE_INTERNAL, "INTERNAL", "%zu documents sent, %zu answered", count,
                            json_array_size(items));
    for (size_t i = 0; i < count; i++)
        read_result(json_array_get(items, i), &ret[i]);
    return STATUS_OK;
}
