#include "io/pb_money.h"

Souk__Common__V1__Money *pb_money(struct money money, struct arena *arena)
{
    Souk__Common__V1__Money *message = arena_new_of(arena, Souk__Common__V1__Money);

    souk__common__v1__money__init(message);
    message->currency = arena_strdup(arena, money.currency);
    message->minor = money.minor;
    return message;
}

struct status pb_money_read(const Souk__Common__V1__Money *money, struct money *ret)
{
    if (!money)
        return status_error(CODE_INVALID_ARGUMENT, "CURRENCY_UNKNOWN", "there is no amount");
    return money_make(money->currency, money->minor, ret);
}
