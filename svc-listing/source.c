#include "source.h"

#define BIT(source) (1u << (source))

bool source_is_fed_by(enum source source, enum feeder feeder)
{
    static const unsigned sources[] = {
        [FEEDER_OPERATOR] = BIT(SOURCE_OPERATOR_FORM) | BIT(SOURCE_EXCEL_BATCH) | BIT(SOURCE_API),
        [FEEDER_MERCHANT] = BIT(SOURCE_MERCHANT_PORTAL) | BIT(SOURCE_MERCHANT_APP) |
                            BIT(SOURCE_API),
        [FEEDER_SUPPLIER] = BIT(SOURCE_SUPPLIER_PUSH) | BIT(SOURCE_SUPPLIER_PULL) | BIT(SOURCE_API),
        [FEEDER_SERVICE] = ~0u,
    };
    return sources[feeder] & BIT(source);
}

enum user_type source_user_type(enum feeder feeder)
{
    switch (feeder) {
    case FEEDER_OPERATOR: return USER_OPERATOR;
    case FEEDER_MERCHANT: return USER_MERCHANT;
    default: return USER_SYSTEM;
    }
}

bool source_may_edit(enum feeder feeder, enum user_type made_by)
{
    return feeder == FEEDER_OPERATOR || feeder == FEEDER_SERVICE ||
           source_user_type(feeder) == made_by;
}
