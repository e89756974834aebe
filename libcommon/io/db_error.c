#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <string.h>

#include "io/db_internal.h"

/* Numbers that MariaDB's header does not know. */
enum {
    MYSQL_CHECK_VIOLATED = 3819,
    MYSQL_STATEMENT_TIMEOUT = 3024,
    MYSQL_LOCK_NOWAIT = 3572,
    MYSQL_IDLE_DISCONNECT = 4031,
    TIDB_FOR_UPDATE_CONFLICT = 8002,
    TIDB_COMMIT_ROLLED_BACK = 8022,
    TIDB_SCHEMA_CHANGED = 8028,
    TIDB_LOCK_TIMEOUT = 9004,
    TIDB_WRITE_CONFLICT = 9007,
    ANYTHING_ELSE = 0,
};

#define CONTENTION(number)                        \
    {                                             \
        number, CODE_ABORTED, "CONTENTION", false \
    }
#define OUT_OF_RANGE(number)                                          \
    {                                                                 \
        number, CODE_FAILED_PRECONDITION, "VALUE_OUT_OF_RANGE", false \
    }
#define TOO_SLOW(number)                                           \
    {                                                              \
        number, CODE_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", false \
    }
#define GONE(number)                                             \
    {                                                            \
        number, CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", true \
    }
#define LOST_THREAD(number)                     \
    {                                           \
        number, CODE_INTERNAL, "INTERNAL", true \
    }

static const struct db_error errors[] = {
    {ER_DUP_ENTRY, CODE_ALREADY_EXISTS, "DUPLICATE_KEY", false},

    CONTENTION(ER_LOCK_DEADLOCK),
    CONTENTION(ER_LOCK_WAIT_TIMEOUT),
    CONTENTION(ER_CHECKREAD), /* innodb_snapshot_isolation: the row changed since it was read */
    CONTENTION(MYSQL_LOCK_NOWAIT),
    CONTENTION(TIDB_FOR_UPDATE_CONFLICT),
    CONTENTION(TIDB_COMMIT_ROLLED_BACK),
    CONTENTION(TIDB_SCHEMA_CHANGED),
    CONTENTION(TIDB_LOCK_TIMEOUT),
    CONTENTION(TIDB_WRITE_CONFLICT),

    OUT_OF_RANGE(ER_DATA_OUT_OF_RANGE), /* an unsigned expression fell below zero */
    OUT_OF_RANGE(ER_WARN_DATA_OUT_OF_RANGE),
    OUT_OF_RANGE(ER_CONSTRAINT_FAILED),
    OUT_OF_RANGE(MYSQL_CHECK_VIOLATED),

    TOO_SLOW(ER_STATEMENT_TIMEOUT),
    TOO_SLOW(MYSQL_STATEMENT_TIMEOUT),

    {ER_QUERY_INTERRUPTED, CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", false},
    GONE(CR_SOCKET_CREATE_ERROR),
    GONE(CR_CONNECTION_ERROR),
    GONE(CR_CONN_HOST_ERROR),
    GONE(CR_IPSOCK_ERROR),
    GONE(CR_SERVER_GONE_ERROR),
    GONE(CR_SERVER_HANDSHAKE_ERR),
    GONE(CR_SERVER_LOST),
    GONE(CR_SERVER_LOST_EXTENDED),
    GONE(CR_SSL_CONNECTION_ERROR),
    GONE(ER_CON_COUNT_ERROR),
    GONE(ER_TOO_MANY_USER_CONNECTIONS),
    GONE(ER_USER_LIMIT_REACHED),
    GONE(ER_HOST_IS_BLOCKED),
    GONE(ER_SERVER_SHUTDOWN),
    GONE(ER_CONNECTION_KILLED),
    GONE(ER_NEW_ABORTING_CONNECTION),
    GONE(ER_NET_READ_ERROR),
    GONE(ER_NET_READ_INTERRUPTED),
    GONE(ER_NET_ERROR_ON_WRITE),
    GONE(ER_NET_WRITE_INTERRUPTED),
    GONE(MYSQL_IDLE_DISCONNECT),
    GONE(ER_OPTION_PREVENTS_STATEMENT), /* --read-only: it is no longer the one to write to */

    LOST_THREAD(CR_NET_PACKET_TOO_LARGE),
    LOST_THREAD(ER_NET_PACKET_TOO_LARGE),
    LOST_THREAD(CR_COMMANDS_OUT_OF_SYNC),
    LOST_THREAD(CR_MALFORMED_PACKET),
    LOST_THREAD(CR_NEW_STMT_METADATA),

    {ER_MAX_PREPARED_STMT_COUNT_REACHED, CODE_RESOURCE_EXHAUSTED, "OVERLOADED", false},
    {ER_NO_SUCH_THREAD, CODE_NOT_FOUND, NULL, false}, /* KILL came late */
};

static const struct db_error wrong_statement = {ANYTHING_ELSE, CODE_INTERNAL, "INTERNAL", false};
static const struct db_error tidb_conflict = CONTENTION(ER_UNKNOWN_ERROR);

const struct db_error *db_error_find(unsigned number, const char *message)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (errors[i].number == number)
            return &errors[i];
    if (number == ER_UNKNOWN_ERROR && strstr(message, "retry limit"))
        return &tidb_conflict;
    return &wrong_statement;
}

bool db_error_leaves_transaction(const struct status *st)
{
    return status_is(st, "DUPLICATE_KEY") || status_is(st, "VALUE_OUT_OF_RANGE");
}
