#pragma once

/*
 * rpc_error: a status and its details as google.rpc.Status, the bytes of grpc-status-details-bin.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/contract.h"
#include "io/error_details.h"
#include "io/pb.h"
#include "observe/span.h"

/* `domain` is ErrorInfo's: "souk.inventory". */
MUST_USE struct pb_bytes rpc_error_encode(const struct status *st, const char *domain,
                                          const struct error_details *details, struct arena *arena);

/*
 * The status that a peer sent: its code, the reason as the literal that `reasons` or souk.common.v1
 * have for it (NULL for a word that neither knows), the details. Bytes that are no
 * google.rpc.Status leave `ret` as it is.
 */
void rpc_error_decode(const void *bytes, size_t size, const struct reason_list *reasons,
                      struct arena *arena, struct status *ret, struct error_details *ret_details);

/* How the call of a span went. To a server a client's mistake is no failure. */
void rpc_error_to_span(const struct status *st, struct span *span);
