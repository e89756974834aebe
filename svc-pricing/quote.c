#include "quote.h"

struct status quote_check_lines(const struct quote *quote)
{
    for (size_t i = 0; i < quote->line_count; i++)
        for (size_t j = 0; j < i; j++)
            if (quote->lines[i].sku_id == quote->lines[j].sku_id)
                return status_error(CODE_INVALID_ARGUMENT, "DUPLICATE_LINE",
                                    "SKU %lld is in two lines", (long long)quote->lines[i].sku_id);
    return STATUS_OK;
}

static struct status work_out_line(struct quote_line *line)
{
    struct money difference;

    TRY(money_subtract(line->price.amount, line->price.base, &difference));
    TRY(money_times(line->price.base, line->quantity, &line->subtotal));
    TRY(money_times(difference, line->quantity, &line->adjustment));
    return money_add(line->subtotal, line->adjustment, &line->total);
}

static struct status check_currency(const struct quote *quote, const struct quote_line *line)
{
    const struct money first = quote->lines[0].price.base;

    if (money_same_currency(line->price.base, first))
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "MIXED_CURRENCIES",
                        "SKU %lld is sold in %s, others in %s", (long long)line->sku_id,
                        line->price.base.currency, first.currency);
}

struct status quote_work_out(struct quote *quote)
{
    struct money nothing = quote->lines[0].price.base;

    nothing.minor = 0;
    quote->subtotal = quote->adjustment = quote->total = nothing;
    for (size_t i = 0; i < quote->line_count; i++) {
        struct quote_line *line = &quote->lines[i];
        TRY(check_currency(quote, line));
        TRY(work_out_line(line));
        TRY(money_add(quote->subtotal, line->subtotal, &quote->subtotal));
        TRY(money_add(quote->adjustment, line->adjustment, &quote->adjustment));
        TRY(money_add(quote->total, line->total, &quote->total));
    }
    return STATUS_OK;
}
