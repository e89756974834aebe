#include "patterns/page_token.h"

#include <string.h>
#include <xxhash.h>

#include "base/base64url.h"
#include "io/pb.h"

/* In the byte order of the machine: big-endian ones are not served. */
struct token {
    uint64_t list_digest;
    int64_t key[PAGE_KEY_MAX];
};

static size_t size_of(size_t count)
{
    BUG_ON(count < 1 || count > PAGE_KEY_MAX);
    return offsetof(struct token, key) + count * sizeof(int64_t);
}

uint64_t page_list_digest(const ProtobufCMessage *list, struct arena *arena)
{
    const struct pb_bytes bytes = pb_pack(list, arena);

    return XXH3_64bits(bytes.at, bytes.size);
}

char *page_token_make(uint64_t list_digest, const int64_t *key, size_t count, struct arena *arena)
{
    const size_t size = size_of(count);
    char *text = arena_alloc(arena, base64url_length(size) + 1);
    struct token token = {.list_digest = list_digest};

    memcpy(token.key, key, count * sizeof *key);
    base64url_encode(text, &token, size);
    return text;
}

struct status page_token_read(const char *text, uint64_t list_digest, int64_t *ret_key,
                              size_t count)
{
    const size_t length = strlen(text);
    const size_t size = size_of(count);
    unsigned char bytes[sizeof(struct token) + 3];
    struct token token;
    size_t decoded;

    if (length != base64url_length(size) || !base64url_decode(text, length, bytes, &decoded))
        return status_error(CODE_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", "no page token of ours");
    memcpy(&token, bytes, size);
    if (token.list_digest != list_digest)
        return status_error(CODE_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID",
                            "the page token belongs to another list");
    memcpy(ret_key, token.key, count * sizeof *ret_key);
    return STATUS_OK;
}
