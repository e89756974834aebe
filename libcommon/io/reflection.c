#include "io/reflection.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"
#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto File;
typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__EnumDescriptorProto Enum;
typedef Google__Protobuf__ServiceDescriptorProto Service;

extern const uint8_t souk_descriptor_set[];
extern const uint8_t souk_descriptor_set_end[];

struct reflection {
    Google__Protobuf__FileDescriptorSet *set;
};

struct reflection *reflection_open(struct arena *arena)
{
    struct reflection *reflection = arena_new_of(arena, struct reflection);

    reflection->set = (Google__Protobuf__FileDescriptorSet *)pb_unpack(
        &google__protobuf__file_descriptor_set__descriptor, souk_descriptor_set,
        (size_t)(souk_descriptor_set_end - souk_descriptor_set), arena);
    if (!reflection->set)
        BUG("the embedded descriptor set is broken");
    return reflection;
}

/*
 * The rest of `path` behind `name` and a dot; "" when they are equal; NULL when it is something
 * else.
 */
static const char *inside(const char *path, const char *name)
{
    const size_t length = strlen(name);

    if (strncmp(path, name, length) != 0)
        return NULL;
    if (path[length] == '.' && path[length + 1])
        return path + length + 1;
    return path[length] ? NULL : path + length;
}

static bool enum_has(const Enum *type, const char *path)
{
    const char *rest = inside(path, type->name);
    return rest && !*rest;
}

static bool message_has(const Message *type, const char *path)
{
    const char *rest = inside(path, type->name);

    if (!rest || !*rest)
        return rest;
    for (size_t i = 0; i < type->n_nested_type; i++)
        if (message_has(type->nested_type[i], rest))
            return true;
    for (size_t i = 0; i < type->n_enum_type; i++)
        if (enum_has(type->enum_type[i], rest))
            return true;
    for (size_t i = 0; i < type->n_field; i++)
        if (strcmp(type->field[i]->name, rest) == 0)
            return true;
    return false;
}

static bool service_has(const Service *service, const char *path)
{
    const char *rest = inside(path, service->name);

    if (!rest || !*rest)
        return rest;
    for (size_t i = 0; i < service->n_method; i++)
        if (strcmp(service->method[i]->name, rest) == 0)
            return true;
    return false;
}

static bool file_has(const File *file, const char *symbol)
{
    const char *rest = file->package ? inside(symbol, file->package) : symbol;

    if (!rest || !*rest)
        return false;
    for (size_t i = 0; i < file->n_message_type; i++)
        if (message_has(file->message_type[i], rest))
            return true;
    for (size_t i = 0; i < file->n_enum_type; i++)
        if (enum_has(file->enum_type[i], rest))
            return true;
    for (size_t i = 0; i < file->n_service; i++)
        if (service_has(file->service[i], rest))
            return true;
    return false;
}

static const File *find_file(const struct reflection *reflection, const char *name)
{
    for (size_t i = 0; i < reflection->set->n_file; i++)
        if (strcmp(reflection->set->file[i]->name, name) == 0)
            return reflection->set->file[i];
    return NULL;
}

struct closure {
    const struct reflection *reflection;
    const File **files;
    size_t count;
};

static bool closure_has(const struct closure *closure, const File *file)
{
    for (size_t i = 0; i < closure->count; i++)
        if (closure->files[i] == file)
            return true;
    return false;
}

/* Grows while it is walked: each file adds its imports behind itself. */
static size_t pack_with_imports(const struct reflection *reflection, const File *file,
                                struct arena *arena, struct pb_bytes **ret)
{
    struct closure closure = {
        .reflection = reflection,
        .files = arena_array_of(arena, const File *, reflection->set->n_file),
    };

    if (!file)
        return 0;
    closure.files[closure.count++] = file;
    for (size_t i = 0; i < closure.count; i++) {
        for (size_t d = 0; d < closure.files[i]->n_dependency; d++) {
            const File *import = find_file(reflection, closure.files[i]->dependency[d]);
            if (import && !closure_has(&closure, import))
                closure.files[closure.count++] = import;
        }
    }
    *ret = arena_array_of(arena, struct pb_bytes, closure.count);
    for (size_t i = 0; i < closure.count; i++)
        (*ret)[i] = pb_pack(&closure.files[i]->base, arena);
    return closure.count;
}

size_t reflection_file(const struct reflection *reflection, const char *name, struct arena *arena,
                       struct pb_bytes **ret)
{
    return pack_with_imports(reflection, find_file(reflection, name), arena, ret);
}

size_t reflection_symbol(const struct reflection *reflection, const char *symbol,
                         struct arena *arena, struct pb_bytes **ret)
{
    for (size_t i = 0; i < reflection->set->n_file; i++)
        if (file_has(reflection->set->file[i], symbol))
            return pack_with_imports(reflection, reflection->set->file[i], arena, ret);
    return 0;
}
