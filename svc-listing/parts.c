#include "parts.h"

#include "json_text.h"

#define PART_QUANTITY_MAX 10000
#define PART_PRICE_MAX    1000000000000ll

static bool is_in_range(const json_t *number, int64_t min, int64_t max)
{
    return json_is_integer(number) && json_integer_value(number) >= min &&
           json_integer_value(number) <= max;
}

/* Within the limits above PARTS_MAX parts cannot overflow. */
static bool part_price(const json_t *part, int64_t *ret_minor)
{
    const json_t *name = json_object_get(part, "name");
    const json_t *quantity = json_object_get(part, "quantity");
    const json_t *price = json_object_get(part, "price");

    if (!json_is_string(name) || !json_string_length(name) ||
        !is_in_range(quantity, 1, PART_QUANTITY_MAX) || !is_in_range(price, 0, PART_PRICE_MAX))
        return false;
    *ret_minor = json_integer_value(quantity) * json_integer_value(price);
    return true;
}

bool parts_sum(const char *json, int64_t *ret_minor)
{
    AUTO(json_text_end) json_t *list = json_text_parse(json);
    const size_t count = json_array_size(list);
    int64_t sum = 0;

    if (!json_is_array(list) || !count || count > PARTS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t price;
        if (!part_price(json_array_get(list, i), &price))
            return false;
        sum += price;
    }
    *ret_minor = sum;
    return true;
}
