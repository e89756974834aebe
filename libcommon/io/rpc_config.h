#pragma once

/*
 * rpc_config: the options of rpc_server and rpc_client, the same in every process.
 */

#include "base/token_bucket.h"
#include "observe/config.h"

#define RPC_CONFIG(OPTION)                                                                        \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_concurrency, "1000", 1, 16000,                    \
           "calls of each service that are worked on at a time (a call counts its weight)")       \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_concurrency_least, "16", 1, 16000,                \
           "how far that goes down while calls take too much of their contract's deadline")       \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_queue, "1000", 0, 16000,                          \
           "calls of each service that wait for their turn; more are refused")                    \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_streams, "1000", 0, 16000,                        \
           "streams of each service at a time; more are refused")                                 \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_caller_per_s, "200", 0, TOKEN_RATE_MAX,           \
           "calls that each caller may make a second, in the long run; 0: as many as he likes")   \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_caller_burst, "100", 1, TOKEN_BURST_MAX,          \
           "calls that each caller may make at once after a pause")                               \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_request_max_kib, "1024", 1, 65536,                \
           "largest message that is received, in KiB")                                            \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_response_max_kib, "4096", 1, 65536,               \
           "largest message that is sent as an answer, in KiB")                                   \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_keepalive_ms, "60000", 100, 7200000,              \
           "a client that is silent for so long is asked whether it is there")                    \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_keepalive_timeout_ms, "10000", 100, 600000,       \
           "a client that does not answer that for so long is gone")                              \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_ping_interval_ms, "10000", 0, 7200000,            \
           "a client that pings more often is sent away")                                         \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_connection_age_ms, "0", 0, 86400000,              \
           "a connection of this age takes no more calls, so that clients that go by names find " \
           "new replicas; 0: never")                                                              \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_connection_grace_ms, "60000", 0, 3600000,         \
           "how long its calls then have to end")                                                 \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_log_one_of, "1000", 0, 1000000,                   \
           "of so many traces one has its good calls logged; 0: none")                            \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_log_slow_ms, "1000", 0, 600000,                   \
           "good calls that take so long are always logged")                                      \
    OPTION(rpc_config, CONFIG_INT, int64_t, rpc_hedge_ms, "0", 0, 60000,                          \
           "a read of a peer that takes so long is sent to another replica, too; 0: never")       \
    OPTION(rpc_config, CONFIG_BOOL, bool, rpc_thread, "false", 0, 0,                              \
           "a thread waits for gRPC's core: slower, for versions that cannot be nested")          \
    OPTION(rpc_config, CONFIG_SECRET_FILE, const char *, rpc_cert_file, "", 1, 32768,             \
           "PEM file with this process's certificate and its chain; without: no TLS")             \
    OPTION(rpc_config, CONFIG_SECRET_FILE, const char *, rpc_cert_key_file, "", 1, 16384,         \
           "PEM file with the private key of that")                                               \
    OPTION(rpc_config, CONFIG_SECRET_FILE, const char *, rpc_client_ca_file, "", 1, 32768,        \
           "PEM file with CAs: clients must show a certificate of one of these")                  \
    OPTION(rpc_config, CONFIG_SECRET_FILE, const char *, peer_ca_file, "", 1, 32768,              \
           "PEM file with CAs: peers are called by TLS, with a certificate of one of these")

struct rpc_config {
    RPC_CONFIG(CONFIG_MEMBER)
};
