#include "io/db.h"

struct status db_now(struct db_tx *tx, int64_t *ret_us)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT UTC_TIMESTAMP(6)", DB_NO_ARGS, &rows));
    if (!db_rows_next(&rows))
        return status_error(CODE_INTERNAL, "INTERNAL", "the database did not tell the time");
    *ret_us = db_get_time(&rows, 0);
    return STATUS_OK;
}
