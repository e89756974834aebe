#include "audit_policy.h"

static const struct audit_policy *find(const struct audit_policy *policies, size_t count,
                                       enum source source, int user_type)
{
    for (size_t i = 0; i < count; i++)
        if (policies[i].source == source && policies[i].user_type == user_type)
            return &policies[i];
    return NULL;
}

struct status audit_policy_route(const struct audit_policy *policies, size_t count,
                                 enum source source, enum user_type user_type,
                                 enum audit_strategy *ret)
{
    const struct audit_policy *policy = find(policies, count, source, (int)user_type);

    if (!policy)
        policy = find(policies, count, source, 0);
    if (!policy)
        return status_error(CODE_FAILED_PRECONDITION, "NO_AUDIT_POLICY",
                            "nothing says how this source is audited in this category");
    *ret = policy->strategy;
    return STATUS_OK;
}

const char *audit_strategy_name(enum audit_strategy strategy)
{
    static const char *const names[] = {
        [AUDIT_NONE] = "none", [AUDIT_SKIP] = "skip",     [AUDIT_FAST_TRACK] = "fast_track",
        [AUDIT_AUTO] = "auto", [AUDIT_MANUAL] = "manual",
    };
    return names[strategy];
}
