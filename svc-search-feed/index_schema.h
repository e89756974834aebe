#pragma once

/*
 * index_schema: how the search engine keeps documents. A change of it is a new index behind the
 * same alias, never a change of the one that is there.
 *
 * Texts are analysed twice: in pairs of characters for Chinese (cjk), and by stems for English;
 * the second one also sees single Chinese characters. Of the long texts only the words are kept,
 * not the texts: what a hit shows is all that is handed back, and taking it out of more costs a
 * quarter of a search. So an index is made anew from the database, never from another index.
 */

#include <jansson.h>

#include "base/attributes.h"
#include "engine.h"

#define INDEX_VERSION "v1"

/* The body that makes the index, its alias included. The caller's. */
MUST_USE json_t *index_schema(const struct engine *engine);

/* The body that gives an index its alias. */
MUST_USE json_t *index_alias_actions(const struct engine *engine);
