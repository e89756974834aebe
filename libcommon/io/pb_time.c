#include "io/pb_time.h"

#include "base/clock.h"

Google__Protobuf__Timestamp *pb_timestamp(int64_t unix_us, struct arena *arena)
{
    if (!unix_us)
        return NULL;
    Google__Protobuf__Timestamp *timestamp = arena_new_of(arena, Google__Protobuf__Timestamp);
    google__protobuf__timestamp__init(timestamp);
    timestamp->seconds = unix_us / CLOCK_US_PER_S;
    timestamp->nanos = (int32_t)(unix_us % CLOCK_US_PER_S * 1000);
    if (timestamp->nanos < 0) { /* before 1970 they still count upwards */
        timestamp->seconds--;
        timestamp->nanos += 1000 * 1000 * 1000;
    }
    return timestamp;
}

int64_t pb_time_us(const Google__Protobuf__Timestamp *timestamp)
{
    return timestamp ? timestamp->seconds * CLOCK_US_PER_S + timestamp->nanos / 1000 : 0;
}
