#pragma once

/*
 * page_token: where the next page of a list begins, as a client carries it around: the key of the
 * last thing it was shown, and a digest that tells one list from others. Neither a secret nor a
 * permission: whoever alters a token starts elsewhere in a list that he may read anyway.
 *
 *     QueryItemsRequest list = *in;
 *     list.page_size = 0;
 *     list.page_token = NULL;
 *     const uint64_t digest = page_list_digest(&list.base, rq->arena);
 *     if (*in->page_token)
 *         TRY(page_token_read(in->page_token, digest, key, ARRAY_LEN(key)));
 *     ...
 *     ret->next_page_token = page_token_make(digest, key, ARRAY_LEN(key), rq->arena);
 */

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

enum { PAGE_KEY_MAX = 4 };

/* Of the request without its page: equal for all pages of a list, different for other lists. */
MUST_USE uint64_t page_list_digest(const ProtobufCMessage *list, struct arena *arena);

/* `count` is 1 to PAGE_KEY_MAX, and the same for all tokens of a list. */
MUST_USE char *page_token_make(uint64_t list_digest, const int64_t *key, size_t count,
                               struct arena *arena);

/* INVALID_ARGUMENT PAGE_TOKEN_INVALID for a token of another list, or none of ours. */
MUST_USE struct status page_token_read(const char *token, uint64_t list_digest, int64_t *ret_key,
                                       size_t count);
