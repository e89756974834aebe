#include "watch.h"

bool watch_is_wanted(enum listing_status status)
{
    return status == LISTING_PENDING || status == LISTING_APPROVED;
}

static bool is_in_hands(const struct listing *listing)
{
    if (listing->status == LISTING_PENDING)
        return listing->strategy == AUDIT_MANUAL;
    return listing->publish_saga_id != 0;
}

enum watch_action watch_decide(const struct listing *listing, int retries)
{
    if (!watch_is_wanted(listing->status))
        return WATCH_NO_MORE;
    if (is_in_hands(listing))
        return WATCH_WAIT;
    return retries < WATCH_RETRIES_MAX ? WATCH_RETRY : WATCH_GIVE_UP;
}
