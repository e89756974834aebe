#include "io/request.h"

struct status request_blame(struct request *rq, const char *field, struct status st)
{
    if (st.code == CODE_INVALID_ARGUMENT && !rq->details.violation_count)
        error_details_field(&rq->details, rq->arena, field, st.detail);
    return st;
}
