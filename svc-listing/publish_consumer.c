#include "publish_consumer.h"

#include "app/service.h"
#include "catalog.h"
#include "goods_pb.h"
#include "listing_repo.h"
#include "patterns/ids.h"
#include "publish_saga.h"
#include "souk/listing/v1/events.types.h"
#include "souk/listing/v1/saga.types.h"

static struct status make_ids(const struct catalog *catalog, size_t sku_count, struct arena *arena,
                              PublishState *state)
{
    TRY(ids_next(catalog->ids, &state->item_id));
    TRY(ids_next(catalog->ids, &state->snapshot_id));
    state->sku_ids = arena_array_of(arena, int64_t, sku_count);
    for (; state->n_sku_ids < sku_count; state->n_sku_ids++)
        TRY(ids_next(catalog->ids, &state->sku_ids[state->n_sku_ids]));
    return STATUS_OK;
}

static struct status begin(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                           struct arena *arena)
{
    PublishState state;
    ItemDraft *draft;

    publish_state_init(&state);
    state.listing_id = listing->id;
    TRY(goods_unpack(listing->draft, listing->draft_size, arena, &draft));
    TRY(make_ids(catalog, draft->n_skus, arena, &state));
    TRY(ids_next(catalog->ids, &listing->publish_saga_id));
    TRY(listing_repo_save_saga(tx, listing));
    return saga_insert(service_sagas(catalog->service), tx, &publish_saga, listing->publish_saga_id,
                       &state.base, NULL);
}

struct status publish_consumer_on_ready(void *catalog, struct db_tx *tx,
                                        const struct consumer_event *event)
{
    const ListingPublishReady *message = (const ListingPublishReady *)event->message;
    struct listing listing;
    bool found;

    TRY(listing_repo_lock(tx, message->listing_id, event->arena, &listing, &found));
    if (!found || listing.status != LISTING_APPROVED || listing.version != message->version ||
        listing.publish_saga_id)
        return STATUS_OK;
    return begin(catalog, tx, &listing, event->arena);
}

void publish_consumer_after_commit(void *catalog)
{
    saga_nudge(service_sagas(((const struct catalog *)catalog)->service));
}
