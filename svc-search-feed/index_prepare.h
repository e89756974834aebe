#pragma once

/*
 * index_prepare: the index behind the alias. Made when it is not there, filled when it is not the
 * one that was filled (index_live), made anew when it has another schema than this process wants
 * (reindexing).
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"
#include "search.h"

/*
 * Sets indexing.is_ready and when to look again, or does a part of the work and says that there is
 * more. Safe to do twice, to break off anywhere, and side by side.
 */
MUST_USE SUSPENDS struct status index_prepare(struct search *search, bool *ret_more);
