#include "category_pb.h"

#include "souk/common/v1/types.types.h"

static AttributeType type_to_pb(enum category_attribute_type type)
{
    static const AttributeType types[] = {
        [CATEGORY_TEXT] = ATTRIBUTE_TYPE_TEXT, [CATEGORY_NUMBER] = ATTRIBUTE_TYPE_NUMBER,
        [CATEGORY_ENUM] = ATTRIBUTE_TYPE_ENUM, [CATEGORY_DATETIME] = ATTRIBUTE_TYPE_DATETIME,
        [CATEGORY_JSON] = ATTRIBUTE_TYPE_JSON,
    };
    return types[type];
}

static CategoryAttribute *attribute_to_pb(const struct category_attribute *attribute,
                                          struct arena *arena)
{
    CategoryAttribute *message = arena_new_of(arena, CategoryAttribute);

    category_attribute_init(message);
    message->code = arena_strdup(arena, attribute->code);
    message->name = arena_strdup(arena, attribute->name);
    message->type = type_to_pb(attribute->type);
    message->required = attribute->required;
    message->n_enum_values = attribute->enum_value_count;
    message->enum_values = arena_array_of(arena, char *, attribute->enum_value_count);
    for (size_t i = 0; i < attribute->enum_value_count; i++)
        message->enum_values[i] = arena_strdup(arena, attribute->enum_values[i]);
    message->min_number = attribute->min;
    message->max_number = attribute->max;
    message->max_length = (int32_t)attribute->max_length;
    return message;
}

Category *category_to_pb(const struct category *category, struct arena *arena)
{
    Category *message = arena_new_of(arena, Category);

    category_init(message);
    message->category_id = category->id;
    message->code = arena_strdup(arena, category->code);
    message->name = arena_strdup(arena, category->name);
    message->parent_id = category->parent_id;
    message->level = category->level;
    message->active = category->active;
    message->delivery = category->physical ? DELIVERY_PHYSICAL : DELIVERY_VIRTUAL;
    message->n_attributes = category->attribute_count;
    message->attributes = arena_array_of(arena, CategoryAttribute *, category->attribute_count);
    for (size_t i = 0; i < category->attribute_count; i++)
        message->attributes[i] = attribute_to_pb(&category->attributes[i], arena);
    return message;
}
