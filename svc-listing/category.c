#include "category.h"

#include <string.h>

const struct category_attribute *category_find_attribute(const struct category *category,
                                                         const char *code)
{
    for (size_t i = 0; i < category->attribute_count; i++)
        if (strcmp(category->attributes[i].code, code) == 0)
            return &category->attributes[i];
    return NULL;
}
