#pragma once

/*
 * service_config: the options that every service has.
 */

#include "observe/config.h"

#define SERVICE_CONFIG(OPTION)                                                                \
    OPTION(service_config, CONFIG_TEXT, const char *, rpc_address, "127.0.0.1:0", 3, 128,     \
           "where RPCs are served, ip:port; port 0 takes a free one")                         \
    OPTION(service_config, CONFIG_TEXT, const char *, admin_address, "127.0.0.1:0", 3, 128,   \
           "where /metrics, /livez, /readyz, /version, /config and /cron are served")         \
    OPTION(service_config, CONFIG_TEXT, const char *, roles, "api,relay,worker", 3, 64,       \
           "what the process does: any of api, relay, worker, separated by commas")           \
    OPTION(service_config, CONFIG_TEXT, const char *, log_level, "info", 4, 8,                \
           "debug, info, warn or error")                                                      \
    OPTION(service_config, CONFIG_INT, int64_t, stall_limit_ms, "500", 20, 60000,             \
           "a loop that does not turn for so long is logged, with the task that holds it up") \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, log_level_file, "", 4, 8,        \
           "file with the level, which counts instead; read again at SIGHUP")                 \
    OPTION(service_config, CONFIG_TEXT, const char *, db_host, "127.0.0.1", 2, 64,            \
           "address of the database, not a name")                                             \
    OPTION(service_config, CONFIG_INT, int64_t, db_port, "3306", 1, 65535, "its port")        \
    OPTION(service_config, CONFIG_TEXT, const char *, db_name, NULL, 1, 64,                   \
           "the service's own schema")                                                        \
    OPTION(service_config, CONFIG_TEXT, const char *, db_user, NULL, 1, 64,                   \
           "a user with rights on that schema only")                                          \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, db_password_file, NULL, 1, 4096, \
           "file with its password")                                                          \
    OPTION(service_config, CONFIG_TEXT, const char *, db_ca_file, "", 0, 4096,                \
           "PEM file of the database's CA: with it nothing goes unencrypted; empty: plain")   \
    OPTION(service_config, CONFIG_INT, int64_t, db_connections, "16", 1, 500,                 \
           "most connections to the database; each prepares 256 statements at the most")      \
    OPTION(service_config, CONFIG_TEXT, const char *, redis_address, "", 0, 128,              \
           "ip:port of Redis")                                                                \
    OPTION(service_config, CONFIG_TEXT, const char *, kafka_brokers, "", 0, 1024,             \
           "host:port of Kafka brokers, separated by commas")                                 \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, kafka_ca_file, "", 1, 32768,     \
           "PEM file with CAs: brokers are called by TLS and must be of one of these")        \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, kafka_cert_file, "", 1, 32768,   \
           "PEM file with the certificate to show to brokers, and its chain")                 \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, kafka_key_file, "", 1, 16384,    \
           "PEM file with the private key of that")                                           \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, keys_file, NULL, 1, 4096,        \
           "JSON file with the public keys of those whose tokens are believed; read again "   \
           "at SIGHUP")                                                                       \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, service_key_file, "", 1, 4096,   \
           "PEM file with the service's own private key, to sign its calls to peers; read "   \
           "again at SIGHUP")                                                                 \
    OPTION(service_config, CONFIG_TEXT, const char *, service_key_id, "", 0, 64,              \
           "the kid of that key")                                                             \
    OPTION(service_config, CONFIG_SECRET_FILE, const char *, service_key_id_file, "", 1, 64,  \
           "file with the kid, which counts instead; read again at SIGHUP")                   \
    OPTION(service_config, CONFIG_TEXT, const char *, peer_listing, "", 0, 1024,              \
           "gRPC target of svc-listing: ipv4:a:p,b:p or dns:///name:port")                    \
    OPTION(service_config, CONFIG_TEXT, const char *, peer_inventory, "", 0, 1024,            \
           "gRPC target of svc-inventory")                                                    \
    OPTION(service_config, CONFIG_TEXT, const char *, peer_pricing, "", 0, 1024,              \
           "gRPC target of svc-pricing")                                                      \
    OPTION(service_config, CONFIG_TEXT, const char *, peer_cart, "", 0, 1024,                 \
           "gRPC target of svc-cart")                                                         \
    OPTION(service_config, CONFIG_TEXT, const char *, peer_order, "", 0, 1024,                \
           "gRPC target of svc-order")                                                        \
    OPTION(service_config, CONFIG_TEXT, const char *, trace_url, "", 0, 1024,                 \
           "where spans go, OTLP over HTTP: http://collector:4318/v1/traces; empty: nowhere") \
    OPTION(service_config, CONFIG_INT, int64_t, trace_roots_per_10000, "100", 0, 10000,       \
           "how many of 10,000 traces that begin here are recorded")                          \
    OPTION(service_config, CONFIG_INT, int64_t, lease_ms, "10000", 500, 60000,                \
           "a process that is silent for so long has lost its sagas to another")              \
    OPTION(service_config, CONFIG_INT, int64_t, drain_pause_ms, "0", 0, 60000,                \
           "after a stop signal: how long balancers have to notice NOT_SERVING")              \
    OPTION(service_config, CONFIG_INT, int64_t, drain_grace_ms, "10000", 0, 300000,           \
           "how long calls in flight have to finish")

struct service_config {
    SERVICE_CONFIG(CONFIG_MEMBER)
};
