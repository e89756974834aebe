#include "price_change.h"

struct price_change price_change_make(const struct price *want, const struct price_list *before,
                                      const char *comment)
{
    const struct price *old = price_at(before, want->kind, want->from_us);

    return (struct price_change){
        .price = *want,
        .old_amount_minor = old ? old->amount_minor : PRICE_NONE,
        .comment = comment,
    };
}
