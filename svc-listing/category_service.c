/*
 * CategoryService: what each method does is said in souk/listing/v1/catalog.rpc.h.
 */
#include "catalog.h"
#include "category_pb.h"
#include "category_repo.h"
#include "io/db.h"
#include "io/request.h"
#include "souk/listing/v1/catalog.rpc.h"

struct status category_list_categories(struct request *rq, const ListCategoriesRequest *in,
                                       ListCategoriesResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct category *categories;
    size_t count;
    (void)in;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(category_repo_list(&tx, rq->arena, &categories, &count));
    ret->categories = arena_array_of(rq->arena, Category *, count);
    for (; ret->n_categories < count; ret->n_categories++)
        ret->categories[ret->n_categories] =
            category_to_pb(&categories[ret->n_categories], rq->arena);
    return STATUS_OK;
}
