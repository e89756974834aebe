#pragma once

/*
 * pb_time: google.protobuf.Timestamp and microseconds since 1970 UTC.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "google/protobuf/timestamp.pb-c.h"

/* In the arena; NULL, which is "not set", for 0. */
Google__Protobuf__Timestamp *pb_timestamp(int64_t unix_us, struct arena *arena);

/* 0 for NULL. */
int64_t pb_time_us(const Google__Protobuf__Timestamp *timestamp);
