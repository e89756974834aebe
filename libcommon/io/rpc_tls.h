#pragma once

/*
 * rpc_tls: what gRPC connections are secured with, from the options (rpc_config.h):
 *
 * rpc_cert_file and rpc_cert_key_file: who this process is. The server speaks TLS, and nothing
 * else. rpc_client_ca_file on top: its clients must show a certificate of one of these CAs.
 * peer_ca_file: peers are called by TLS, theirs must be of one of these CAs and for the name or
 * address in the target; the client shows the process's own certificate where it has one.
 *
 * Files are read at start. A new certificate comes with a restart: replicas are restarted one by
 * one anyway, and a certificate that does not fit is seen before the old one ran out.
 */

#include <grpc/grpc_security.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/rpc_config.h"

/* INVALID_ARGUMENT CONFIG_INVALID: what is no PEM, key of another certificate, only half given. */
MUST_USE struct status rpc_tls_check(const struct rpc_config *options);

/* Of checked options; plain where they have no files. To be released. */
MUST_USE grpc_server_credentials *rpc_tls_server(const struct rpc_config *options);
MUST_USE grpc_channel_credentials *rpc_tls_client(const struct rpc_config *options);
