#include "shipment.h"

enum {
    BODY_SIZE_MAX = 1024 * 1024, /* the engine likes several small requests better than a big one */
    TIMEOUT_US = 20 * 1000 * 1000,
};

void shipment_end(struct shipment *shipment)
{
    str_release(&shipment->body);
}

void shipment_load(const struct index_batch *batch, struct arena *arena, struct shipment *ret)
{
    ret->batch = batch;
    ret->results = arena_array_of(arena, struct bulk_result, batch->count);
    ret->is_sent = arena_array_of(arena, bool, batch->count);
    for (size_t i = 0; i < batch->count && ret->body.length < BODY_SIZE_MAX; i++) {
        const struct index_entry *entry = &batch->entries[i];
        ret->is_sent[i] = entry->is_readable &&
                          bulk_add(&ret->body, &entry->document, entry->due.version);
        ret->results[i] = (struct bulk_result){.outcome = BULK_REFUSED, .why = "it is broken here"};
        ret->count++;
    }
}

/* Results are of those that were sent, in their order. */
static struct status send(const struct engine *engine, const char *alias,
                          const struct shipment *shipment, struct arena *arena,
                          struct bulk_result **ret_results, size_t *ret_count)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    const struct engine_request request = {
        .method = "POST",
        .path = arena_printf(arena, "/%s/_bulk?require_alias=true", alias),
        .body = shipment->body.text,
        .body_size = shipment->body.length,
        .timeout_us = TIMEOUT_US,
    };

    *ret_results = arena_array_of(arena, struct bulk_result, shipment->count);
    *ret_count = 0;
    for (size_t i = 0; i < shipment->count; i++)
        *ret_count += shipment->is_sent[i];
    if (!*ret_count)
        return STATUS_OK;
    TRY(engine_call(engine, &request, arena, &answer));
    if (answer.status != 200)
        return engine_refusal(&answer);
    return bulk_read(answer.body, *ret_results, *ret_count);
}

struct status shipment_send(const struct engine *engine, const char *alias,
                            struct shipment *shipment, struct arena *arena)
{
    struct bulk_result *results;
    size_t count;

    TRY(send(engine, alias, shipment, arena, &results, &count));
    for (size_t i = 0; i < shipment->count; i++)
        if (shipment->is_sent[i])
            shipment->results[i] = *results++;
    return STATUS_OK;
}

struct status shipment_send_also(const struct engine *engine, const char *alias,
                                 struct shipment *shipment, struct arena *arena)
{
    struct bulk_result *results;
    size_t count;

    TRY(send(engine, alias, shipment, arena, &results, &count));
    for (size_t i = 0; i < shipment->count; i++) {
        struct bulk_result *result = &shipment->results[i];
        if (!shipment->is_sent[i])
            continue;
        if (result->outcome == BULK_INDEXED) {
            *result = *results;
            if (result->outcome == BULK_NO_INDEX)
                result->outcome = BULK_BUSY;
        }
        results++;
    }
    return STATUS_OK;
}
