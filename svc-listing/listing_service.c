/*
 * ListingService: what each method does is said in souk/listing/v1/listing.rpc.h.
 */
#include "audit.h"
#include "caller.h"
#include "catalog.h"
#include "category_repo.h"
#include "draft_pb.h"
#include "goods_pb.h"
#include "io/db.h"
#include "io/request.h"
#include "listing_events.h"
#include "listing_flow.h"
#include "listing_pb.h"
#include "listing_repo.h"
#include "patterns/idempotency.h"
#include "patterns/ids.h"
#include "patterns/page_token.h"
#include "souk/listing/v1/listing.rpc.h"

enum { PAGE_SIZE_DEFAULT = 50, ANSWER_SIZE_MAX = 3 * 1024 * 1024 };

static struct status unknown(int64_t id)
{
    return status_error(CODE_NOT_FOUND, REASON_LISTING_UNKNOWN, "there is no listing %lld",
                        (long long)id);
}

static struct flow_cause cause_of(const struct request *rq, const char *comment)
{
    return (struct flow_cause){.by = rq->caller.key, .now_us = rq->now_us, .comment = comment};
}

static struct status find_category(struct db_tx *tx, struct request *rq, int64_t category_id,
                                   struct category *ret)
{
    bool found;

    TRY(category_repo_find(tx, category_id, rq->arena, ret, &found));
    if (!found)
        return status_error(CODE_INVALID_ARGUMENT, REASON_CATEGORY_UNKNOWN,
                            "there is no category %lld", (long long)category_id);
    if (!ret->active)
        return status_error(CODE_INVALID_ARGUMENT, REASON_CATEGORY_INACTIVE,
                            "category %s takes no goods", ret->code);
    return STATUS_OK;
}

/* An id that somebody must or must not name: merchants and suppliers are themselves. */
static int64_t take_owner(int64_t asked, int64_t own, const char *field,
                          struct violations *violations)
{
    if (own && asked && asked != own)
        violations_add(violations, field, "must be your own, or left out");
    return own ? own : asked;
}

static void take_owners(const struct request *rq, const CreateListingRequest *in,
                        struct violations *violations, struct listing *listing)
{
    const struct caller *caller = &rq->caller;

    listing->shop_id = take_owner(in->shop_id, caller->role == ROLE_MERCHANT ? caller->shop_id : 0,
                                  "shop_id", violations);
    listing->supplier_id = take_owner(in->supplier_id,
                                      caller->role == ROLE_SUPPLIER ? caller->supplier_id : 0,
                                      "supplier_id", violations);
    if (!listing->shop_id)
        violations_add(violations, "shop_id", "is required");
}

static struct status new_listing(const struct catalog *catalog, struct db_tx *tx,
                                 struct request *rq, const CreateListingRequest *in,
                                 struct listing *ret)
{
    struct violations *violations = violations_new(rq->arena);
    const enum feeder feeder = caller_feeder(&rq->caller);
    struct category category;

    *ret = (struct listing){
        .category_id = in->category_id,
        .source = (enum source)source_from_pb(in->source),
        .user_type = source_user_type(feeder),
        .status = LISTING_DRAFT,
        .comment = "",
        .version = 1,
        .created_us = rq->now_us,
        .updated_us = rq->now_us,
    };
    if (!source_is_fed_by(ret->source, feeder))
        return status_error(CODE_PERMISSION_DENIED, REASON_SOURCE_NOT_ALLOWED,
                            "your role does not feed this source");
    TRY(request_blame(rq, "category_id", find_category(tx, rq, in->category_id, &category)));
    take_owners(rq, in, violations, ret);
    TRY(draft_check(rq, &category, in->draft, violations, ret));
    TRY(ids_next(catalog->ids, &ret->id));
    ret->task_code = listing_task_code(category.code, rq->now_us, ret->id, rq->arena);
    return STATUS_OK;
}

struct status listing_create_listing(struct request *rq, const CreateListingRequest *in,
                                     CreateListingResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const struct flow_cause cause = cause_of(rq, "");
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    bool replayed;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(new_listing(catalog, &tx, rq, in, &listing));
    TRY(flow_create(catalog, &tx, &listing, &cause));
    ret->listing = listing_to_pb(&listing, in->draft, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

/* The caller's own, at the version that he saw. */
static struct status lock_listing(struct db_tx *tx, const struct request *rq, int64_t id,
                                  int64_t version, struct listing *ret)
{
    bool found;

    TRY(listing_repo_lock(tx, id, rq->arena, ret, &found));
    if (!found || !caller_sees_listing(&rq->caller, ret))
        return unknown(id);
    return listing_expect_version(ret, version);
}

static struct status lock_to_edit(struct db_tx *tx, const struct request *rq, int64_t id,
                                  int64_t version, struct listing *ret)
{
    TRY(lock_listing(tx, rq, id, version, ret));
    if (!source_may_edit(caller_feeder(&rq->caller), ret->user_type))
        return status_error(CODE_PERMISSION_DENIED, REASON_SOURCE_NOT_ALLOWED,
                            "others feed this listing");
    return STATUS_OK;
}

struct status listing_update_listing(struct request *rq, const UpdateListingRequest *in,
                                     UpdateListingResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const struct flow_cause cause = cause_of(rq, "");
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct category category;
    bool replayed;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_to_edit(&tx, rq, in->listing_id, in->version, &listing));
    TRY(find_category(&tx, rq, listing.category_id, &category));
    TRY(draft_check(rq, &category, in->draft, violations_new(rq->arena), &listing));
    TRY(flow_apply(&tx, &listing, LISTING_EDIT, &cause));
    TRY(listing_repo_save_draft(&tx, &listing));
    TRY(listing_tell_updated(catalog, &tx, &listing, in->draft));
    ret->listing = listing_to_pb(&listing, in->draft, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static struct status route(struct db_tx *tx, struct request *rq, struct listing *listing)
{
    struct category category;
    struct audit_policy *policies;
    size_t count;
    bool found;

    TRY(category_repo_find(tx, listing->category_id, rq->arena, &category, &found));
    if (!found || !category.active)
        return status_error(CODE_FAILED_PRECONDITION, REASON_CATEGORY_INACTIVE,
                            "the category takes no goods");
    TRY(category_repo_find_policies(tx, category.id, rq->arena, &policies, &count));
    return audit_policy_route(policies, count, listing->source, listing->user_type,
                              &listing->strategy);
}

static struct status submit(const struct catalog *catalog, struct db_tx *tx, struct request *rq,
                            struct listing *listing)
{
    const struct flow_cause cause = cause_of(rq, "");
    const struct flow_cause by_policy = {.by = CATALOG_CALLER, .now_us = rq->now_us, .comment = ""};

    TRY(route(tx, rq, listing));
    listing->comment = "";
    TRY(flow_apply(tx, listing, LISTING_SUBMIT, &cause));
    if (listing->strategy == AUDIT_SKIP)
        return flow_approve(catalog, tx, listing, &by_policy);
    return listing_tell_audit_pending(catalog, tx, listing);
}

struct status listing_submit_listing(struct request *rq, const SubmitListingRequest *in,
                                     SubmitListingResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    ItemDraft *draft;
    bool replayed;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_to_edit(&tx, rq, in->listing_id, in->version, &listing));
    TRY(submit(catalog, &tx, rq, &listing));
    TRY(goods_unpack(listing.draft, listing.draft_size, rq->arena, &draft));
    ret->listing = listing_to_pb(&listing, draft, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

/* The machine may not have looked yet, or found nothing because it was another day. */
static struct status check_as_machine(struct db_tx *tx, const struct request *rq,
                                      const struct listing *listing, const char **ret_rules)
{
    struct violations *violations = violations_new(rq->arena);

    TRY(audit_look_at(tx, listing, rq->now_us, violations, ret_rules));
    if (!violations->total)
        return STATUS_OK;
    return status_error(CODE_FAILED_PRECONDITION, REASON_NOT_FOR_REVIEW, "%s %s",
                        violations->list[0].field, violations->list[0].description);
}

static struct status review(const struct catalog *catalog, struct db_tx *tx,
                            const struct request *rq, const ReviewListingRequest *in,
                            struct listing *listing)
{
    struct flow_cause cause = cause_of(rq, in->comment);

    if (listing->status == LISTING_PENDING && listing->strategy != AUDIT_MANUAL)
        return status_error(CODE_FAILED_PRECONDITION, REASON_NOT_FOR_REVIEW,
                            "it is audited by the machine: %s",
                            audit_strategy_name(listing->strategy));
    if (in->decision == REVIEW_DECISION_REJECT)
        return flow_reject(catalog, tx, listing, &cause, rq->arena);
    if (listing->status == LISTING_PENDING)
        TRY(check_as_machine(tx, rq, listing, &cause.rules));
    return flow_approve(catalog, tx, listing, &cause);
}

struct status listing_review_listing(struct request *rq, const ReviewListingRequest *in,
                                     ReviewListingResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    ItemDraft *draft;
    bool replayed;

    if (in->decision == REVIEW_DECISION_REJECT && !*in->comment)
        return request_blame(
            rq, "comment",
            status_error(CODE_INVALID_ARGUMENT, REASON_COMMENT_MISSING, "a rejection says why"));
    TRY(db_tx_begin(&tx, catalog->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_listing(&tx, rq, in->listing_id, in->version, &listing));
    TRY(review(catalog, &tx, rq, in, &listing));
    TRY(goods_unpack(listing.draft, listing.draft_size, rq->arena, &draft));
    ret->listing = listing_to_pb(&listing, draft, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static struct status find_listing(struct db_tx *tx, const struct request *rq, int64_t id,
                                  struct listing *ret)
{
    bool found;

    TRY(listing_repo_find(tx, id, rq->arena, ret, &found));
    return found && caller_sees_listing(&rq->caller, ret) ? STATUS_OK : unknown(id);
}

struct status listing_get_listing(struct request *rq, const GetListingRequest *in,
                                  GetListingResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    ItemDraft *draft;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(find_listing(&tx, rq, in->listing_id, &listing));
    TRY(goods_unpack(listing.draft, listing.draft_size, rq->arena, &draft));
    ret->listing = listing_to_pb(&listing, draft, rq->arena);
    return STATUS_OK;
}

static size_t page_size(int32_t asked)
{
    return asked ? (size_t)asked : PAGE_SIZE_DEFAULT;
}

static uint64_t list_digest(const ListListingsRequest *in, struct arena *arena)
{
    ListListingsRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

/* As many as fit an answer, at least one: drafts may be large. */
static struct status fill_page(const struct listing *listings, size_t count, size_t page,
                               struct arena *arena, ListListingsResponse *ret)
{
    size_t size = 0;

    ret->listings = arena_array_of(arena, Listing *, page);
    while (ret->n_listings < page && ret->n_listings < count) {
        const struct listing *listing = &listings[ret->n_listings];
        ItemDraft *draft;
        size += listing->draft_size;
        if (ret->n_listings && size > ANSWER_SIZE_MAX)
            break;
        TRY(goods_unpack(listing->draft, listing->draft_size, arena, &draft));
        ret->listings[ret->n_listings++] = listing_to_pb(listing, draft, arena);
    }
    return STATUS_OK;
}

struct status listing_list_listings(struct request *rq, const ListListingsRequest *in,
                                    ListListingsResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const uint64_t digest = list_digest(in, rq->arena);
    const size_t page = page_size(in->page_size);
    struct listing_query query = {
        .shop_id = rq->caller.role == ROLE_MERCHANT ? rq->caller.shop_id : 0,
        .supplier_id = rq->caller.role == ROLE_SUPPLIER ? rq->caller.supplier_id : 0,
        .status = listing_status_from_pb(in->status),
        .before_id = INT64_MAX,
        .most = page + 1,
    };
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing *listings;
    size_t count;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &query.before_id, 1)));
    TRY(db_read_begin(&tx, catalog->db));
    TRY(listing_repo_query(&tx, &query, rq->arena, &listings, &count));
    TRY(fill_page(listings, count, page, rq->arena, ret));
    if (ret->n_listings < count)
        ret->next_page_token =
            page_token_make(digest, &listings[ret->n_listings - 1].id, 1, rq->arena);
    return STATUS_OK;
}

static uint64_t history_digest(const ListListingHistoryRequest *in, struct arena *arena)
{
    ListListingHistoryRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

struct status listing_list_listing_history(struct request *rq, const ListListingHistoryRequest *in,
                                           ListListingHistoryResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const uint64_t digest = history_digest(in, rq->arena);
    const size_t page = page_size(in->page_size);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct listing_record *records;
    int64_t after_version = 0;
    size_t count;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &after_version, 1)));
    TRY(db_read_begin(&tx, catalog->db));
    TRY(find_listing(&tx, rq, in->listing_id, &listing));
    TRY(listing_repo_find_changes(&tx, listing.id, after_version, page + 1, rq->arena, &records,
                                  &count));
    ret->changes = arena_array_of(rq->arena, ListingChange *, page);
    while (ret->n_changes < page && ret->n_changes < count) {
        ret->changes[ret->n_changes] = listing_record_to_pb(&records[ret->n_changes], rq->arena);
        ret->n_changes++;
    }
    if (ret->n_changes < count)
        ret->next_page_token =
            page_token_make(digest, &records[ret->n_changes - 1].change.version, 1, rq->arena);
    return STATUS_OK;
}
