#pragma once

/*
 * rpc_kit: the options of RPC for tests: the defaults, and what the environment says
 * (SOUK_RPC_...).
 */

#include "io/rpc_config.h"
#include "tests/unit/unit.h"

static struct rpc_config rpc_options;

UNUSED static void rpc_options_load(void)
{
    static const struct config_option entries[] = {RPC_CONFIG(CONFIG_ENTRY)};
    const struct config_table table = {entries, ARRAY_LEN(entries), &rpc_options};
    char *arguments[] = {(char *)(uintptr_t) "test", NULL};

    assert_int_equal(config_load(&table, 1, 1, arguments, stdout, stderr), CONFIG_READY);
}
