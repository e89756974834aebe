#pragma once

/*
 * request: one call as its handler sees it. Lives until the handler returned; the handler owns
 * nothing of it and may allocate from its arena.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "io/contract.h"
#include "io/error_details.h"

/* Who calls, as the verified token says. */
struct caller {
    enum role role;
    int64_t user_id;     /* of customers, merchants, operators, suppliers; 0 otherwise */
    int64_t shop_id;     /* of merchants */
    int64_t supplier_id; /* of suppliers */
    char key[40];        /* "customer/42", "service/order": the scope of request ids */
};

struct request {
    void *service; /* what the process registered with the service */
    struct arena *arena;
    int64_t now_us; /* unix time at which the call arrived */
    struct caller caller;
    const struct rpc_method *method;
    const char *request_id; /* of a mutating method; "" otherwise */
    struct error_details details;
    const struct rpc_headers *headers;
};

/*
 * `st` again. Where it is INVALID_ARGUMENT the answer names `field`, in the words of `st`, unless
 * fields are named already:
 *
 *     TRY(request_blame(rq, "page_token", page_token_read(...)));
 */
MUST_USE struct status request_blame(struct request *rq, const char *field, struct status st);

/* A header of the call in lower case, NULL when it is missing. Lives in the arena. */
const char *request_header(const struct request *rq, const char *name);
