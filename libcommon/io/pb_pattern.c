#include "io/pb_pattern.h"

#include <regex.h>

#include "base/mem.h"
#include "base/status.h"

void pb_pattern_compile(struct pb_pattern *pattern)
{
    if (pattern->compiled)
        return;

    regex_t *regex = mem_new(regex_t);
    const int error = regcomp(regex, pattern->text, REG_EXTENDED | REG_NOSUB);
    if (error) {
        char why[80];
        regerror(error, regex, why, sizeof why);
        BUG("pattern %s: %s", pattern->text, why);
    }
    pattern->compiled = regex;
}

/* By re_search() because texts on the wire do not end in NUL, and the address sanitizer believes
 * that whatever regexec() gets does. */
bool pb_pattern_matches(struct pb_pattern *pattern, const void *text, size_t size)
{
    pb_pattern_compile(pattern);
    return re_search(pattern->compiled, text, (regoff_t)size, 0, (regoff_t)size, NULL) >= 0;
}
