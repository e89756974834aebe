#include "base/money.h"

#include <stdlib.h>
#include <string.h>

/* ISO 4217 active codes of currencies in use (funds, metals and test codes left out), sorted. */
static const char currencies[][4] = {
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF",
    "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP",
    "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD",
    "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
    "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK",
    "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG",
    "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS",
    "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
};

static int compare_code(const void *a, const void *b)
{
    return strcmp(a, b);
}

bool currency_is_known(const char *code)
{
    return bsearch(code, currencies, ARRAY_LEN(currencies), sizeof currencies[0], compare_code);
}

struct status money_make(const char *currency, int64_t minor, struct money *ret)
{
    if (!currency_is_known(currency))
        return status_error(CODE_INVALID_ARGUMENT, "CURRENCY_UNKNOWN",
                            "\"%.8s\" is no currency of ISO 4217", currency);
    ret->minor = minor;
    memcpy(ret->currency, currency, sizeof ret->currency);
    return STATUS_OK;
}

bool money_same_currency(struct money a, struct money b)
{
    return strcmp(a.currency, b.currency) == 0;
}

bool money_equal(struct money a, struct money b)
{
    return a.minor == b.minor && money_same_currency(a, b);
}

static struct status overflow(struct money a)
{
    return status_error(CODE_INVALID_ARGUMENT, "MONEY_OVERFLOW", "the amount in %s does not fit",
                        a.currency);
}

static struct status check_same_currency(struct money a, struct money b)
{
    if (money_same_currency(a, b))
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "CURRENCY_MISMATCH", "%s meets %s", a.currency,
                        b.currency);
}

struct status money_add(struct money a, struct money b, struct money *ret)
{
    TRY(check_same_currency(a, b));
    struct money sum = a;
    if (__builtin_add_overflow(a.minor, b.minor, &sum.minor))
        return overflow(a);
    *ret = sum;
    return STATUS_OK;
}

struct status money_subtract(struct money a, struct money b, struct money *ret)
{
    TRY(check_same_currency(a, b));
    struct money difference = a;
    if (__builtin_sub_overflow(a.minor, b.minor, &difference.minor))
        return overflow(a);
    *ret = difference;
    return STATUS_OK;
}

struct status money_times(struct money a, int64_t factor, struct money *ret)
{
    struct money product = a;
    if (__builtin_mul_overflow(a.minor, factor, &product.minor))
        return overflow(a);
    *ret = product;
    return STATUS_OK;
}
