#include "base/retry_budget.h"

enum { TOKEN = 10 /* tenths */, TOKENS_MAX = 40 };

void retry_budget_init(struct retry_budget *budget)
{
    budget->tenths = TOKENS_MAX * TOKEN;
}

void retry_budget_succeeded(struct retry_budget *budget)
{
    if (budget->tenths < TOKENS_MAX * TOKEN)
        budget->tenths++;
}

bool retry_budget_take(struct retry_budget *budget)
{
    budget->tenths -= budget->tenths < TOKEN ? budget->tenths : TOKEN;
    return budget->tenths > TOKENS_MAX * TOKEN / 2;
}
