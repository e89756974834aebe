#include "redemption.h"

struct status redemption_repeat(const struct redemption *existing, const struct redemption *want)
{
    if (existing->status == REDEMPTION_CANCELLED)
        return status_error(CODE_FAILED_PRECONDITION, "REDEMPTION_CANCELLED",
                            "redemption %lld was cancelled", (long long)existing->id);
    if (existing->quote_id == want->quote_id && existing->pay_order_id == want->pay_order_id &&
        existing->user_id == want->user_id)
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                        "redemption %lld is of something else", (long long)existing->id);
}

bool redemption_cancel(struct redemption *redemption)
{
    if (redemption->status == REDEMPTION_CANCELLED)
        return false;
    redemption->status = REDEMPTION_CANCELLED;
    return true;
}
