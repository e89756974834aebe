#pragma once

/*
 * simplified: how traditional Chinese characters are simplified, as rules of the search engine's
 * character filter: "電=>电". Made of OpenCC's table when the service is built
 * (tools/embed-simplified).
 */

#include <stddef.h>

extern const char *const simplified_rules[];
extern const size_t simplified_rule_count;
