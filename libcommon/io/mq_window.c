#include "io/mq_window.h"

bool mq_window_is_full(const struct mq_window *window)
{
    return window->count == MQ_WINDOW_MAX;
}

size_t mq_window_add(struct mq_window *window, int64_t offset)
{
    const size_t slot = (window->first + window->count) % MQ_WINDOW_MAX;

    BUG_ON(mq_window_is_full(window));
    window->offsets[slot] = offset;
    window->is_finished[slot] = false;
    window->count++;
    return slot;
}

bool mq_window_finish(struct mq_window *window, size_t slot, int64_t *ret_done)
{
    const size_t before = window->count;

    window->is_finished[slot] = true;
    while (window->count && window->is_finished[window->first]) {
        *ret_done = window->offsets[window->first] + 1;
        window->first = (window->first + 1) % MQ_WINDOW_MAX;
        window->count--;
    }
    return window->count < before;
}
