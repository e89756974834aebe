#include "expiry_sweep_repo.h"

#include "io/db.h"

struct status expiry_sweep_repo_find(struct db_tx *tx, struct expiry_sweep *ret,
                                     int64_t *ret_now_us)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT ran_at, spare_until FROM expiry_sweep WHERE id = 1", DB_NO_ARGS,
                 &rows));
    *ret = (struct expiry_sweep){0};
    if (db_rows_next(&rows))
        *ret = (struct expiry_sweep){.ran_us = db_get_time(&rows, 0),
                                     .spare_until_us = db_get_time(&rows, 1)};
    return db_now(tx, ret_now_us);
}

struct status expiry_sweep_repo_save(struct db_tx *tx, const struct expiry_sweep *sweep)
{
    return db_exec(tx,
                   "INSERT INTO expiry_sweep (id, ran_at, spare_until) VALUES (1, ?, ?) "
                   "ON DUPLICATE KEY UPDATE ran_at = GREATEST(ran_at, VALUES(ran_at)), "
                   "spare_until = GREATEST(spare_until, VALUES(spare_until))",
                   DB_ARGS(DB_TIME(sweep->ran_us), DB_TIME(sweep->spare_until_us)), NULL);
}
