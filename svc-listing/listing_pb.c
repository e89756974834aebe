#include "listing_pb.h"

#include "io/pb_time.h"

struct pair {
    int number;
    int pb;
};

static const struct pair statuses[] = {
    {LISTING_DRAFT, LISTING_STATUS_DRAFT},
    {LISTING_PENDING, LISTING_STATUS_PENDING},
    {LISTING_APPROVED, LISTING_STATUS_APPROVED},
    {LISTING_REJECTED, LISTING_STATUS_REJECTED},
    {LISTING_ONLINE, LISTING_STATUS_ONLINE},
    {LISTING_OFFLINE, LISTING_STATUS_OFFLINE},
    {LISTING_MAINTAIN, LISTING_STATUS_MAINTAIN},
    {LISTING_OUT_OF_STOCK, LISTING_STATUS_OUT_OF_STOCK},
};

int listing_status_from_pb(ListingStatus status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].pb == (int)status)
            return statuses[i].number;
    return LISTING_ANY;
}

ListingStatus listing_status_to_pb(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].number == status)
            return (ListingStatus)statuses[i].pb;
    return LISTING_STATUS_UNSPECIFIED;
}

static const struct pair sources[] = {
    {SOURCE_OPERATOR_FORM, SOURCE_TYPE_OPERATOR_FORM},
    {SOURCE_MERCHANT_PORTAL, SOURCE_TYPE_MERCHANT_PORTAL},
    {SOURCE_MERCHANT_APP, SOURCE_TYPE_MERCHANT_APP},
    {SOURCE_EXCEL_BATCH, SOURCE_TYPE_EXCEL_BATCH},
    {SOURCE_SUPPLIER_PUSH, SOURCE_TYPE_SUPPLIER_PUSH},
    {SOURCE_SUPPLIER_PULL, SOURCE_TYPE_SUPPLIER_PULL},
    {SOURCE_API, SOURCE_TYPE_API},
};

int source_from_pb(SourceType source)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (sources[i].pb == (int)source)
            return sources[i].number;
    return 0;
}

SourceType source_to_pb(enum source source)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (sources[i].number == (int)source)
            return (SourceType)sources[i].pb;
    return SOURCE_TYPE_UNSPECIFIED;
}

static AuditStrategy strategy_to_pb(enum audit_strategy strategy)
{
    static const AuditStrategy strategies[] = {
        [AUDIT_NONE] = AUDIT_STRATEGY_UNSPECIFIED,      [AUDIT_SKIP] = AUDIT_STRATEGY_SKIP,
        [AUDIT_FAST_TRACK] = AUDIT_STRATEGY_FAST_TRACK, [AUDIT_AUTO] = AUDIT_STRATEGY_AUTO,
        [AUDIT_MANUAL] = AUDIT_STRATEGY_MANUAL,
    };
    return strategies[strategy];
}

Listing *listing_to_pb(const struct listing *listing, ItemDraft *draft, struct arena *arena)
{
    Listing *message = arena_new_of(arena, Listing);

    listing_init(message);
    message->listing_id = listing->id;
    message->task_code = arena_strdup(arena, listing->task_code);
    message->category_id = listing->category_id;
    message->source = source_to_pb(listing->source);
    message->status = listing_status_to_pb((int)listing->status);
    message->audit_strategy = strategy_to_pb(listing->strategy);
    message->comment = arena_strdup(arena, listing->comment);
    message->draft = draft;
    message->item_id = listing->item_id;
    message->shop_id = listing->shop_id;
    message->supplier_id = listing->supplier_id;
    message->version = listing->version;
    message->create_time = pb_timestamp(listing->created_us, arena);
    message->update_time = pb_timestamp(listing->updated_us, arena);
    return message;
}

ListingChange *listing_record_to_pb(const struct listing_record *record, struct arena *arena)
{
    ListingChange *message = arena_new_of(arena, ListingChange);

    listing_change_init(message);
    message->from_status = listing_status_to_pb(record->change.from);
    message->to_status = listing_status_to_pb((int)record->change.to);
    message->action = arena_strdup(arena, record->change.action);
    message->comment = arena_strdup(arena, record->comment);
    message->changed_by = arena_strdup(arena, record->changed_by);
    message->change_time = pb_timestamp(record->changed_us, arena);
    message->version = record->change.version;
    return message;
}
