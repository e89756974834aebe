#include "run/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/task.h"

struct hook {
    struct hook *next;
    void (*fn)(void *arg);
    void *arg;
};

struct signal_hook {
    struct signal_hook *next;
    struct event *event;
    struct hook hook;
};

struct loop {
    struct event_base *base;
    struct signal_hook *signals;
    struct hook *round_ends;
    bool stopping;
};

struct loop_timer {
    struct event *event;
    struct hook hook;
};

struct loop_wakeup {
    struct event *event;
    int fd;
    struct hook hook;
};

static void run_hook(evutil_socket_t fd, short what, void *arg)
{
    const struct hook *hook = arg;
    (void)fd;
    (void)what;
    hook->fn(hook->arg);
}

struct timeval loop_timeval(int64_t us)
{
    if (us < 0)
        us = 0;
    return (struct timeval){.tv_sec = us / CLOCK_US_PER_S, .tv_usec = us % CLOCK_US_PER_S};
}

struct status loop_new(struct loop **ret)
{
    signal(SIGPIPE, SIG_IGN);
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    if (!base)
        return status_error(CODE_INTERNAL, "INTERNAL", "no event base: %s", strerror(errno));

    struct loop *loop = mem_new(struct loop);
    loop->base = base;
    task_system_start(loop);
    *ret = loop;
    return STATUS_OK;
}

void loop_free(struct loop *loop)
{
    task_system_stop();
    while (loop->signals) {
        struct signal_hook *signal = loop->signals;
        loop->signals = signal->next;
        event_free(signal->event);
        mem_free(signal);
    }
    while (loop->round_ends) {
        struct hook *hook = loop->round_ends;
        loop->round_ends = hook->next;
        mem_free(hook);
    }
    event_base_free(loop->base);
    mem_free(loop);
}

void loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping) {
        const bool more = task_run_ready();
        for (const struct hook *hook = loop->round_ends; hook; hook = hook->next)
            hook->fn(hook->arg);
        if (loop->stopping)
            break;
        event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY |
                                        (more || task_any_ready() ? EVLOOP_NONBLOCK : 0));
    }
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    event_base_loopbreak(loop->base);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_on_signal(struct loop *loop, int signal, void (*fn)(void *arg), void *arg)
{
    struct signal_hook *hook = mem_new(struct signal_hook);
    hook->hook = (struct hook){.fn = fn, .arg = arg};
    hook->event = evsignal_new(loop->base, signal, run_hook, &hook->hook);
    event_add(hook->event, NULL);
    hook->next = loop->signals;
    loop->signals = hook;
}

void loop_on_round_end(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct hook *hook = mem_new(struct hook);
    *hook = (struct hook){.next = loop->round_ends, .fn = fn, .arg = arg};
    loop->round_ends = hook;
}

void loop_off_round_end(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct hook **link = &loop->round_ends;

    while ((*link)->fn != fn || (*link)->arg != arg)
        link = &(*link)->next;
    struct hook *hook = *link;
    *link = hook->next;
    mem_free(hook);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct loop_timer *timer = mem_new(struct loop_timer);
    timer->hook = (struct hook){.fn = fn, .arg = arg};
    timer->event = evtimer_new(loop->base, run_hook, &timer->hook);
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t after_us)
{
    const struct timeval after = loop_timeval(after_us);
    evtimer_add(timer->event, &after);
}

void loop_timer_stop(struct loop_timer *timer)
{
    evtimer_del(timer->event);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return;
    event_free(timer->event);
    mem_free(timer);
}

static void on_ring(evutil_socket_t fd, short what, void *arg)
{
    uint64_t rings;
    if (read(fd, &rings, sizeof rings) == sizeof rings)
        run_hook(fd, what, arg);
}

struct status loop_wakeup_new(struct loop *loop, void (*fn)(void *arg), void *arg,
                              struct loop_wakeup **ret)
{
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no eventfd: %s",
                            strerror(errno));

    struct loop_wakeup *wakeup = mem_new(struct loop_wakeup);
    wakeup->fd = fd;
    wakeup->hook = (struct hook){.fn = fn, .arg = arg};
    wakeup->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_ring, &wakeup->hook);
    event_add(wakeup->event, NULL);
    *ret = wakeup;
    return STATUS_OK;
}

void loop_wakeup_ring(struct loop_wakeup *wakeup)
{
    const uint64_t one = 1;
    if (write(wakeup->fd, &one, sizeof one) < 0 && errno != EAGAIN) /* EAGAIN: rung already */
        BUG("cannot ring the loop: %s", strerror(errno));
}

int loop_wakeup_fd(const struct loop_wakeup *wakeup)
{
    return wakeup->fd;
}

void loop_wakeup_free(struct loop_wakeup *wakeup)
{
    if (!wakeup)
        return;
    event_free(wakeup->event);
    close(wakeup->fd);
    mem_free(wakeup);
}
