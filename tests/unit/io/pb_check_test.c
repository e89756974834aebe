#include "io/pb_check.h"

#include "base/arena.h"
#include "souk/common/v1/types.pb-c.h"
#include "souk/inventory/v1/inventory.types.h"
#include "tests/unit/unit.h"

static struct pb_pattern code_pattern = {.text = "^[A-Z]{3}$"};

static const struct pb_field_rule line_fields[] = {
    {.name = "quantity", .number = 1, .kind = PB_INT64, .has_range = true, .min = 0, .max = 10},
    {.name = "code", .number = 2, .kind = PB_STRING, .max_len = 9, .pattern = &code_pattern},
};
static const struct pb_message_rule line_rule = {
    .name = "Line",
    .size = 64,
    .fields = line_fields,
    .field_count = ARRAY_LEN(line_fields),
};

static const struct pb_field_rule order_fields[] = {
    {.name = "name", .number = 1, .kind = PB_STRING, .required = true, .max_len = 5},
    {.name = "model",
     .number = 2,
     .kind = PB_ENUM,
     .values = &souk__common__v1__stock_model__descriptor},
    {.name = "delta", .number = 3, .kind = PB_INT32, .has_range = true, .min = -5, .max = 5},
    {.name = "big", .number = 4, .kind = PB_UINT64, .has_range = true, .max = INT64_MAX},
    {.name = "small", .number = 5, .kind = PB_UINT64, .has_range = true, .max = 7},
    {.name = "zigzag", .number = 6, .kind = PB_SINT32, .has_range = true, .min = -3, .max = 3},
    {.name = "four", .number = 7, .kind = PB_FIXED32, .has_range = true, .max = 9},
    {.name = "eight", .number = 8, .kind = PB_SFIXED64, .has_range = true, .min = -9, .max = 9},
    {.name = "flag", .number = 9, .kind = PB_BOOL},
    {.name = "line", .number = 10, .kind = PB_MESSAGE, .message = &line_rule},
    {.name = "lines",
     .number = 11,
     .kind = PB_MESSAGE,
     .repeated = true,
     .max_items = 2,
     .message = &line_rule},
    {.name = "numbers",
     .number = 12,
     .kind = PB_INT64,
     .repeated = true,
     .has_range = true,
     .min = 1,
     .max = INT64_MAX,
     .max_items = 3},
    {.name = "tags",
     .number = 13,
     .kind = PB_STRING,
     .repeated = true,
     .max_len = 3,
     .max_items = 2},
    {.name = "blob", .number = 14, .kind = PB_BYTES, .max_len = 4},
    {.name = "either",
     .number = 20,
     .kind = PB_INT64,
     .in_oneof = true,
     .has_range = true,
     .min = 5,
     .max = 6},
    {.name = "or", .number = 21, .kind = PB_STRING, .in_oneof = true, .max_len = 2},
};
static const struct pb_message_rule order_rule = {
    .name = "Order",
    .size = 256,
    .fields = order_fields,
    .field_count = ARRAY_LEN(order_fields),
};

/* A name, which is required, and then what a test is about. */
#define NAMED(bytes) "\x0a\x01x" bytes
#define WIRE(bytes)  (bytes), sizeof(bytes) - 1

struct fault {
    const char *what;
    const char *bytes;
    size_t size;
    const char *field;
    const char *description;
};

static const struct fault malformed[] = {
    {"tag without end", WIRE(NAMED("\x80")), "", "has a broken field tag"},
    {"tag of six bytes", WIRE(NAMED("\x88\x80\x80\x80\x80\x00\x01")), "", "has a broken field tag"},
    {"field 0", WIRE(NAMED("\x00\x01")), "", "has a broken field tag"},
    {"field 0 in two bytes", WIRE(NAMED("\x80\x00\x01")), "", "has a broken field tag"},
    {"field 2^29", WIRE(NAMED("\x80\x80\x80\x80\x10\x01")), "", "has a broken field tag"},
    {"start of a group", WIRE(NAMED("\x1b\x1c")), "", "has a broken field tag"},
    {"end of a group", WIRE(NAMED("\x1c")), "", "has a broken field tag"},
    {"wire type 6", WIRE(NAMED("\x1e\x01")), "", "has a broken field tag"},
    {"wire type 7", WIRE(NAMED("\x1f\x01")), "", "has a broken field tag"},
    {"varint without end", WIRE(NAMED("\x18\x80")), "delta", "is a broken number"},
    {"no varint", WIRE(NAMED("\x18")), "delta", "is a broken number"},
    {"varint of 11 bytes", WIRE(NAMED("\x18\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")), "delta",
     "is a broken number"},
    {"varint of 65 bits", WIRE(NAMED("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")), "delta",
     "is a broken number"},
    {"3 of 4 bytes", WIRE(NAMED("\x3d\x01\x00\x00")), "four", "is a broken number"},
    {"7 of 8 bytes", WIRE(NAMED("\x41\x01\x00\x00\x00\x00\x00\x00")), "eight",
     "is a broken number"},
    {"length beyond the end", WIRE("\x0a\x02x"), "name", "is cut off"},
    {"length of six bytes", WIRE("\x0a\x81\x80\x80\x80\x80\x00x"), "name", "is cut off"},
    {"length of 2^35 - 1", WIRE("\x0a\xff\xff\xff\xff\x7fx"), "name", "is cut off"},
    {"line that is cut off", WIRE(NAMED("\x5a\x00\x5a\x02\x08")), "lines[1]", "is cut off"},
    {"unknown varint without end", WIRE(NAMED("\xf8\x06\x80")), "", "has a broken unknown field"},
    {"unknown length beyond the end", WIRE(NAMED("\xfa\x06\x02x")), "",
     "has a broken unknown field"},
    {"varint for a string", WIRE("\x08\x01"), "name", "has the wrong wire type"},
    {"string for a number", WIRE(NAMED("\x1a\x01x")), "delta", "has the wrong wire type"},
    {"string for a bool", WIRE(NAMED("\x4a\x01\x01")), "flag", "has the wrong wire type"},
    {"4 bytes for a number", WIRE(NAMED("\x1d\x01\x00\x00\x00")), "delta",
     "has the wrong wire type"},
    {"4 bytes for numbers", WIRE(NAMED("\x65\x01\x00\x00\x00")), "numbers[0]",
     "has the wrong wire type"},
    {"packed strings that are varints", WIRE(NAMED("\x68\x01")), "tags[0]",
     "has the wrong wire type"},
    {"packed number without end", WIRE(NAMED("\x62\x02\x01\x80")), "numbers[1]",
     "is a broken number"},
    {"message that comes twice", WIRE(NAMED("\x52\x02\x08\x01\x52\x02\x08\x01")), "line",
     "comes twice"},
    {"empty message behind one", WIRE(NAMED("\x52\x02\x08\x01\x52\x00")), "line", "comes twice"},
    {"third behind an empty one", WIRE(NAMED("\x52\x00\x52\x02\x08\x01\x52\x00")), "line",
     "comes twice"},
    {"NUL", WIRE("\x0a\x03x\x00y"), "name", "holds a NUL"},
    {"NUL behind UTF-8", WIRE("\x0a\x03\xc3\xa4\x00"), "name", "holds a NUL"},
    {"NUL in a list", WIRE(NAMED("\x6a\x01x\x6a\x01\x00")), "tags[1]", "holds a NUL"},
    {"UTF-8 that is cut off", WIRE("\x0a\x01\xc3"), "name", "is not UTF-8"},
    {"lone continuation", WIRE("\x0a\x01\x80"), "name", "is not UTF-8"},
    {"overlong NUL", WIRE("\x0a\x02\xc0\x80"), "name", "is not UTF-8"},
    {"overlong slash", WIRE("\x0a\x03\xe0\x80\xaf"), "name", "is not UTF-8"},
    {"surrogate", WIRE("\x0a\x03\xed\xa0\x80"), "name", "is not UTF-8"},
    {"beyond U+10FFFF", WIRE("\x0a\x04\xf4\x90\x80\x80"), "name", "is not UTF-8"},
    {"fault inside a line", WIRE(NAMED("\x5a\x02\x08\x80")), "lines[0].quantity",
     "is a broken number"},
};

static const struct fault invalid[] = {
    {"absent", WIRE(""), "name", "is required"},
    {"empty", WIRE("\x0a\x00"), "name", "is required"},
    {"emptied by the last one", WIRE(NAMED("\x0a\x00")), "name", "is required"},
    {"six characters", WIRE("\x0a\x06xxxxxx"), "name", "must be at most 5 characters"},
    {"number that nobody declared", WIRE(NAMED("\x10\x07")), "model",
     "must be one of STOCK_MODEL_QUANTITY, STOCK_MODEL_UNLIMITED"},
    {"below", WIRE(NAMED("\x18\xfa\xff\xff\xff\xff\xff\xff\xff\xff\x01")), "delta",
     "must be between -5 and 5"},
    {"above", WIRE(NAMED("\x18\x06")), "delta", "must be between -5 and 5"},
    {"above by the last one", WIRE(NAMED("\x18\x01\x18\x06")), "delta", "must be between -5 and 5"},
    {"32 bits of 33", WIRE(NAMED("\x18\x86\x80\x80\x80\x10")), "delta", "must be between -5 and 5"},
    {"-6 in five bytes", WIRE(NAMED("\x18\xfa\xff\xff\xff\x0f")), "delta",
     "must be between -5 and 5"},
    {"2^63", WIRE(NAMED("\x28\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")), "small",
     "must be between 0 and 7"},
    {"zigzag -4", WIRE(NAMED("\x30\x07")), "zigzag", "must be between -3 and 3"},
    {"fixed 10", WIRE(NAMED("\x3d\x0a\x00\x00\x00")), "four", "must be between 0 and 9"},
    {"fixed -10", WIRE(NAMED("\x41\xf6\xff\xff\xff\xff\xff\xff\xff")), "eight",
     "must be between -9 and 9"},
    {"inside a message", WIRE(NAMED("\x52\x02\x08\x0b")), "line.quantity",
     "must be between 0 and 10"},
    {"behind an empty message", WIRE(NAMED("\x52\x00\x52\x02\x08\x0b")), "line.quantity",
     "must be between 0 and 10"},
    {"inside a list", WIRE(NAMED("\x5a\x00\x5a\x02\x08\x0b")), "lines[1].quantity",
     "must be between 0 and 10"},
    {"too many lines", WIRE(NAMED("\x5a\x00\x5a\x00\x5a\x00")), "lines",
     "must have at most 2 elements"},
    {"too many numbers", WIRE(NAMED("\x62\x02\x01\x02\x60\x03\x60\x04")), "numbers",
     "must have at most 3 elements"},
    {"number where there is no room", WIRE(NAMED("\x62\x04\x01\x02\x03\x00")), "numbers",
     "must have at most 3 elements"},
    {"number in a list", WIRE(NAMED("\x60\x01\x62\x02\x01\x00")), "numbers[2]",
     "must be at least 1"},
    {"long tag", WIRE(NAMED("\x6a\x04xxxx")), "tags[0]", "must be at most 3 characters"},
    {"long bytes", WIRE(NAMED("\x72\x05\x00\xff\x00\xff\x00")), "blob", "must be at most 4 bytes"},
    {"other pattern",
     WIRE(NAMED("\x52\x05\x12\x03"
                "EUr")),
     "line.code", "must match ^[A-Z]{3}$"},
    {"longer than the pattern",
     WIRE(NAMED("\x52\x06\x12\x04"
                "EURO")),
     "line.code", "must match ^[A-Z]{3}$"},
    {"0 in a oneof", WIRE(NAMED("\xa0\x01\x00")), "either", "must be between 5 and 6"},
};

struct clean {
    const char *what;
    const char *bytes;
    size_t size;
};

static const struct clean clean[] = {
    {"as little as can be", WIRE(NAMED(""))},
    {"five characters of three bytes", WIRE("\x0a\x0f€€€€€")},
    {"lower end", WIRE(NAMED("\x18\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01"))},
    {"-5 in five bytes", WIRE(NAMED("\x18\xfb\xff\xff\xff\x0f"))},
    {"2^32 + 5, of which int32 is 5", WIRE(NAMED("\x18\x85\x80\x80\x80\x10"))},
    {"2^64 - 1 without a limit", WIRE(NAMED("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))},
    {"0 in ten bytes", WIRE(NAMED("\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"))},
    {"the last one counts", WIRE(NAMED("\x18\x06\x18\x01"))},
    {"packed and not, mixed", WIRE(NAMED("\x60\x01\x62\x02\x02\x03\x62\x00"))},
    {"empty tags", WIRE(NAMED("\x6a\x00\x6a\x00"))},
    {"empty text has no pattern", WIRE(NAMED("\x52\x02\x12\x00"))},
    {"a message behind an empty one", WIRE(NAMED("\x52\x00\x52\x02\x08\x01"))},
    {"nothing but empty messages", WIRE(NAMED("\x52\x00\x52\x00\x52\x00"))},
    {"pattern", WIRE(NAMED("\x52\x05\x12\x03"
                           "EUR"))},
    {"fields in any order", WIRE("\x18\x01\x10\x01\x0a\x01x")},
    {"unknown fields of every type", WIRE(NAMED("\xf8\x06\x01\xfa\x06\x01\x00\xfd\x06\x01\x02\x03"
                                                "\x04\xf9\x06\x01\x02\x03\x04\x05\x06\x07\x08"))},
    {"the highest field", WIRE(NAMED("\xf8\xff\xff\xff\x0f\x01"))},
    {"tag with room to spare", WIRE(NAMED("\x98\x80\x80\x80\x00\x01"))},
    {"UNSPECIFIED", WIRE(NAMED("\x10\x00"))},
    {"oneof", WIRE(NAMED("\xa0\x01\x05\xaa\x01\x02xy"))},
};

static struct status check(struct arena *arena, const void *bytes, size_t size,
                           struct pb_violations *ret)
{
    size_t unpack_size = 0;
    return pb_check(&order_rule, bytes, size, arena, ret, &unpack_size);
}

static void assert_found(const struct fault *fault, const char *reason)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    const struct status st = check(arena, fault->bytes, fault->size, &found);

    print_message("    %s\n", fault->what);
    assert_int_equal(st.code, CODE_INVALID_ARGUMENT);
    assert_string_equal(st.reason, reason);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.total, 1);
    assert_string_equal(found.list[0].field, fault->field);
    assert_string_equal(found.list[0].description, fault->description);
}

static void refuses_bytes_that_are_no_message(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        assert_found(&malformed[i], "MALFORMED_MESSAGE");
}

static void names_the_field_and_its_limit(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        assert_found(&invalid[i], "INVALID_FIELD");
}

static void passes_what_the_contract_allows(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;

    for (size_t i = 0; i < ARRAY_LEN(clean); i++) {
        print_message("    %s\n", clean[i].what);
        assert_ok(check(arena, clean[i].bytes, clean[i].size, &found));
        assert_int_equal(found.total, 0);
    }
    assert_int_equal(arena_used(arena), 0);
}

static void tells_all_violations_at_once(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    const struct status st = check(arena, WIRE("\x10\x07\x18\x06\x5a\x02\x08\x0b"), &found);

    assert_string_equal(st.reason, "INVALID_FIELD");
    assert_string_equal(st.detail, "lines[0].quantity must be between 0 and 10 (and 3 more)");
    assert_int_equal(found.count, 4);
    assert_string_equal(found.list[1].field, "name");
    assert_string_equal(found.list[2].field, "model");
    assert_string_equal(found.list[3].field, "delta");
}

static void forgets_violations_when_the_bytes_are_no_message(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    const struct status st = check(arena, WIRE("\x5a\x02\x08\x0b\x18\x80"), &found);

    assert_string_equal(st.reason, "MALFORMED_MESSAGE");
    assert_string_equal(st.detail, "delta is a broken number");
    assert_int_equal(found.count, 1);
}

/* A list of lists, each as long as its limit allows and every number of it wrong. */
static void counts_the_violations_that_it_cannot_name(void **state)
{
    static const struct pb_field_rule numbers_fields[] = {
        {.name = "n",
         .number = 1,
         .kind = PB_INT32,
         .repeated = true,
         .has_range = true,
         .min = 1,
         .max = 1,
         .max_items = 100},
    };
    static const struct pb_message_rule numbers_rule = {
        .name = "Numbers", .size = 32, .fields = numbers_fields, .field_count = 1};
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    size_t unpack_size = 0;
    char bytes[2 + 60] = {0x0a, 60};

    const struct status st =
        pb_check(&numbers_rule, bytes, sizeof bytes, arena, &found, &unpack_size);
    assert_string_equal(st.detail, "n[0] must be between 1 and 1 (and 59 more)");
    assert_int_equal(found.count, PB_CHECK_VIOLATIONS_MAX);
    assert_int_equal(found.total, 60);
    assert_string_equal(found.list[49].field, "n[49]");
    assert_int_equal(unpack_size, 0);
}

static const struct pb_field_rule lists_fields[] = {
    {.name = "some",
     .number = 1,
     .kind = PB_BOOL,
     .repeated = true,
     .required = true,
     .max_items = 9},
    {.name = "two", .number = 2, .kind = PB_BOOL, .repeated = true, .min_items = 2, .max_items = 9},
    {.name = "many",
     .number = 3,
     .kind = PB_MESSAGE,
     .repeated = true,
     .max_items = 300,
     .message = &line_rule},
};
static const struct pb_message_rule lists_rule = {
    .name = "Lists",
    .size = 64,
    .fields = lists_fields,
    .field_count = ARRAY_LEN(lists_fields),
};

static void asks_for_the_elements_that_are_missing(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    size_t unpack_size = 0;

    assert_reason(pb_check(&lists_rule, WIRE("\x10\x01"), arena, &found, &unpack_size),
                  "INVALID_FIELD");
    assert_int_equal(found.count, 2);
    assert_string_equal(found.list[0].field, "some");
    assert_string_equal(found.list[0].description, "is required");
    assert_string_equal(found.list[1].field, "two");
    assert_string_equal(found.list[1].description, "must have at least 2 elements");
}

static void walks_more_elements_than_it_has_room_for_at_once(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    size_t unpack_size = 0;
    unsigned char bytes[6 + 2 * 300] = "\x08\x01\x12\x02\x00\x01";

    for (size_t i = 6; i < sizeof bytes; i += 2)
        memcpy(bytes + i, "\x1a\x00", 2);
    assert_ok(pb_check(&lists_rule, bytes, sizeof bytes, arena, &found, &unpack_size));
}

static size_t asked_for;

static void *allocate(void *data, size_t size)
{
    asked_for += size;
    return malloc(size);
}

static void release(void *data, void *memory)
{
    free(memory);
}

/* More fields than protobuf-c notes on its stack, and one that it does not know. */
static void foretells_what_unpacking_takes(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    ProtobufCAllocator allocator = {.alloc = allocate, .free = release};
    struct pb_violations found;
    size_t unpack_size = 0;
    unsigned char bytes[3 + 4 + 6 * 60 + 4];
    const size_t size = sizeof bytes;

    memcpy(bytes, "\x0a\x01x\x10\x01\x18\x01", 7);
    for (size_t i = 0; i < 60; i++)
        memcpy(bytes + 7 + 6 * i, "\x22\x04\x08\x01\x10\x01", 6);
    memcpy(bytes + size - 4, "\xfa\x06\x01x", 4);

    assert_ok(pb_check(&reserve_stock_request_rule, bytes, size, arena, &found, &unpack_size));
    asked_for = 0;
    ReserveStockRequest *request =
        souk__inventory__v1__reserve_stock_request__unpack(&allocator, size, bytes);
    assert_non_null(request);
    assert_int_equal(request->n_lines, 60);
    assert_int_equal(unpack_size, asked_for);
    souk__inventory__v1__reserve_stock_request__free_unpacked(request, &allocator);
}

/* The only kind of table that can be nested without end; our contracts have none. */
static const struct pb_message_rule endless_rule;
static const struct pb_field_rule endless_fields[] = {
    {.name = "in", .number = 1, .kind = PB_MESSAGE, .message = &endless_rule},
};
static const struct pb_message_rule endless_rule = {
    .name = "Endless",
    .size = 32,
    .fields = endless_fields,
    .field_count = 1,
};

/* `depth` messages, each the only field of the one around it. */
static size_t nest(unsigned char *bytes, size_t depth)
{
    for (size_t i = 0; i + 1 < depth; i++) {
        bytes[2 * i] = 0x0a;
        bytes[2 * i + 1] = (unsigned char)(2 * (depth - i - 2));
    }
    return 2 * (depth - 1);
}

static void walks_so_deep_and_no_deeper(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct pb_violations found;
    unsigned char bytes[2 * PB_CHECK_DEPTH_MAX];
    size_t unpack_size = 0;

    const size_t most = nest(bytes, PB_CHECK_DEPTH_MAX);
    assert_ok(pb_check(&endless_rule, bytes, most, arena, &found, &unpack_size));
    assert_int_equal(unpack_size, PB_CHECK_DEPTH_MAX * endless_rule.size);

    const size_t more = nest(bytes, PB_CHECK_DEPTH_MAX + 1);
    assert_reason(pb_check(&endless_rule, bytes, more, arena, &found, &unpack_size),
                  "MALFORMED_MESSAGE");
    assert_string_equal(found.list[0].description, "is nested too deep");
}

static void start_with_an_endless_rule(void)
{
    pb_check_rules(&endless_rule);
}

static void start_with_a_bad_pattern(void)
{
    static struct pb_pattern pattern = {.text = "^[A-Z$"};
    static const struct pb_field_rule fields[] = {
        {.name = "text", .number = 1, .kind = PB_STRING, .max_len = 9, .pattern = &pattern},
    };
    static const struct pb_message_rule rule = {.name = "Bad", .fields = fields, .field_count = 1};
    pb_check_rules(&rule);
}

static void start_with_fields_out_of_order(void)
{
    static const struct pb_field_rule fields[] = {
        {.name = "second", .number = 2, .kind = PB_BOOL},
        {.name = "first", .number = 1, .kind = PB_BOOL},
    };
    static const struct pb_message_rule rule = {.name = "Bad", .fields = fields, .field_count = 2};
    pb_check_rules(&rule);
}

static void does_not_start_with_a_bad_table(void **state)
{
    pb_check_rules(&order_rule);
    assert_true(unit_aborts(start_with_an_endless_rule));
    assert_true(unit_aborts(start_with_a_bad_pattern));
    assert_true(unit_aborts(start_with_fields_out_of_order));
}

UNIT_TESTS(refuses_bytes_that_are_no_message, names_the_field_and_its_limit,
           passes_what_the_contract_allows, tells_all_violations_at_once,
           forgets_violations_when_the_bytes_are_no_message,
           counts_the_violations_that_it_cannot_name, asks_for_the_elements_that_are_missing,
           walks_more_elements_than_it_has_room_for_at_once, foretells_what_unpacking_takes,
           walks_so_deep_and_no_deeper, does_not_start_with_a_bad_table)
