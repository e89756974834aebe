#include "io/reflection.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "tests/unit/unit.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static const char *file_name(struct pb_bytes bytes, struct arena *arena)
{
    const Google__Protobuf__FileDescriptorProto *file =
        (const Google__Protobuf__FileDescriptorProto *)pb_unpack(
            &google__protobuf__file_descriptor_proto__descriptor, bytes.at, bytes.size, arena);

    assert_non_null(file);
    return file->name;
}

/* The file that defines it, or "". */
static const char *home_of(const char *symbol, struct arena *arena)
{
    struct pb_bytes *files;
    const size_t count = reflection_symbol(reflection_open(arena), symbol, arena, &files);
    return count ? file_name(files[0], arena) : "";
}

static void a_symbol_leads_to_the_file_that_defines_it(void **state)
{
    static const char *const symbols[] = {
        "souk.inventory.v1.InventoryService",
        "souk.inventory.v1.InventoryService.SetStock",
        "souk.inventory.v1.Stock",
        "souk.inventory.v1.Stock.sku_id",
        "souk.inventory.v1.ReservationStatus",
    };
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);

    for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
        assert_string_equal(home_of(symbols[i], arena), "souk/inventory/v1/inventory.proto");
    assert_string_equal(home_of("google.protobuf.DescriptorProto.ExtensionRange", arena),
                        "google/protobuf/descriptor.proto");
    assert_string_equal(home_of("grpc.health.v1.Health.Check", arena),
                        "grpc/health/v1/health.proto");
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const symbols[] = {
        "",
        ".",
        "souk",
        "souk.inventory.v1",
        "souk.inventory.v1.",
        "souk.inventory.v1.Stoc",
        "souk.inventory.v1.Stocks",
        "souk.inventory.v1.Stock.",
        "souk.inventory.v1.Stock.sku_id.x",
        "souk.inventory.v1.InventoryService.Set",
        "Stock",
    };
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct pb_bytes *files;

    for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
        if (*home_of(symbols[i], arena))
            fail_msg("found: \"%s\"", symbols[i]);
    assert_int_equal(reflection_file(reflection_open(arena), "souk/nothing.proto", arena, &files),
                     0);
}

static bool has_file(const struct pb_bytes *files, size_t count, const char *name,
                     struct arena *arena)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(file_name(files[i], arena), name) == 0)
            return true;
    return false;
}

/* A client can build its types from the answer alone: each import is there, each file once. */
static void a_file_comes_with_all_that_it_imports(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct pb_bytes *files;
    const size_t count =
        reflection_file(reflection_open(arena), "souk/inventory/v1/events.proto", arena, &files);

    assert_true(count > 5);
    assert_string_equal(file_name(files[0], arena), "souk/inventory/v1/events.proto");
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__FileDescriptorProto *file =
            (const Google__Protobuf__FileDescriptorProto *)pb_unpack(
                &google__protobuf__file_descriptor_proto__descriptor, files[i].at, files[i].size,
                arena);
        for (size_t d = 0; d < file->n_dependency; d++)
            assert_true(has_file(files, count, file->dependency[d], arena));
        assert_false(has_file(files, i, file->name, arena));
    }
}

UNIT_TESTS(a_symbol_leads_to_the_file_that_defines_it, what_is_not_there_is_not_found,
           a_file_comes_with_all_that_it_imports)
