#include "change.h"

#include <stdlib.h>

static int by_id_then_newest(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->version < y->version) - (x->version > y->version);
}

size_t changes_newest(struct change *changes, size_t count)
{
    size_t kept = 0;

    qsort(changes, count, sizeof *changes, by_id_then_newest);
    for (size_t i = 0; i < count; i++)
        if (!kept || changes[i].id != changes[kept - 1].id)
            changes[kept++] = changes[i];
    return kept;
}
