#pragma once

/*
 * index_schema: how the search engine keeps documents. A change of it is a new index behind the
 * same alias, never a change of the one that is there: the first process that starts with it begins
 * to make one (index_prepare). Until that is complete the new release searches the old index, and
 * fields that this one does not know are passed over: what a query cannot do without comes a
 * release before the query.
 *
 * Texts are analysed twice: in pairs of characters for Chinese, and by stems for English; the second
 * one also sees single Chinese characters. Accents, full widths, traditional characters and those
 * that nobody sees make no difference. How well a word fits is a matter of the document alone, so
 * that scores stay while others change. Of the long texts only the words are kept, not the texts:
 * what a hit shows is all that is handed back, and taking it out of more costs a quarter of a
 * search. So an index is made anew from the database, never from another index.
 */

#include <jansson.h>

#include "base/attributes.h"
#include "engine.h"

#define INDEX_VERSION "v1"

/*
 * Says what the schema is: of two that differ in anything but shards and copies, another. The
 * caller's (mem_free). An index carries the one that it was made by (index_live).
 */
MUST_USE char *index_schema_digest(void);

/* The body that makes an index, its alias included. The caller's, as all below. */
MUST_USE json_t *index_schema(const struct engine *engine, const char *alias);

/* The body that gives the first index its alias. */
MUST_USE json_t *index_alias_actions(const struct engine *engine);

/*
 * The body that puts a new index in the place of those that are behind the alias, all at once:
 * `there` is what the engine says of the alias. NULL: it is in its place. The engine answers 404,
 * and does nothing, where the index is not behind next_alias.
 */
MUST_USE json_t *index_switch_actions(const struct engine *engine, const char *index,
                                      const json_t *there);

/* The body that makes one to be removed of a new index. 404 and nothing done, as above. */
MUST_USE json_t *index_discard_actions(const struct engine *engine, const char *index);
