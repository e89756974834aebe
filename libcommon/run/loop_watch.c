/*
 * The loop notes the time of its turns; the thread compares. Only the loop's own thread knows where
 * it is, so the watcher sends it a signal: the handler copies name and frames, which is all that a
 * handler may do, and the watcher makes a log line of it.
 */
#include "run/loop_watch.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/loop.h"
#include "run/task_internal.h"

enum {
    FRAMES_MAX = 24,
    ANSWER_MS = 200, /* for the handler; longer when the process hardly gets a processor */
};

struct loop_watch {
    int64_t limit_us;
    struct loop_timer *ticker;
    pthread_t loop_thread;
    pthread_t thread;
    sem_t ending;
    atomic_int_fast64_t turned_at_us;
    atomic_int_fast64_t stalls;
};

/* What the handler saw; a handler has no argument, and there is one loop a process. */
static struct {
    sem_t is_written;
    char task[96];
    char request_id[TRACE_REQUEST_ID_MAX + 1];
    void *frames[FRAMES_MAX];
    int frame_count;
} seen;

static struct loop_watch *the_watch;

static int look_signal(void)
{
    return SIGRTMIN + 1;
}

static void copy_text(char *to, size_t size, const char *text)
{
    size_t length = 0;

    while (text[length] && length < size - 1) {
        to[length] = text[length];
        length++;
    }
    to[length] = '\0';
}

/* On the loop's thread, in the midst of whatever keeps it. */
static void on_look(int signal_number)
{
    const int saved_errno = errno;
    const struct task *task = task_sys.running;
    (void)signal_number;

    copy_text(seen.task, sizeof seen.task, task ? task->name : "none, a callback of the loop");
    copy_text(seen.request_id, sizeof seen.request_id, task ? task->trace.request_id : "");
    seen.frame_count = backtrace(seen.frames, FRAMES_MAX);
    sem_post(&seen.is_written);
    errno = saved_errno;
}

/* The thread. */

static void append_frame(struct str *to, void *address)
{
    Dl_info where = {0};

    if (to->length)
        str_append(to, " ");
    if (!dladdr(address, &where) || !where.dli_fname) {
        str_printf(to, "%p", address);
        return;
    }
    const char *slash = strrchr(where.dli_fname, '/');
    str_printf(to, "%s+%#zx", slash ? slash + 1 : where.dli_fname,
               (size_t)((char *)address - (char *)where.dli_fbase));
    if (where.dli_sname)
        str_printf(to, "(%s)", where.dli_sname);
}

/* The first two frames are the handler and the return from it. */
static void log_stall(int64_t for_us)
{
    AUTO(str_release) struct str stack = {0};

    for (int i = 2; i < seen.frame_count; i++)
        append_frame(&stack, seen.frames[i]);
    log_error("the loop is stalled", LOG_STR("task", seen.task),
              LOG_STR("stalled_request_id", seen.request_id),
              LOG_I64("for_ms", for_us / CLOCK_US_PER_MS), LOG_STR("stack", str_text(&stack)));
}

/* False when the time is over. */
static bool wait_on(sem_t *what, int64_t us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t ns = until.tv_nsec + us % CLOCK_US_PER_S * 1000;
    until.tv_sec += us / CLOCK_US_PER_S + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    while (sem_clockwait(what, CLOCK_MONOTONIC, &until) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

static void ask_who(struct loop_watch *watch)
{
    while (sem_trywait(&seen.is_written) == 0) {
    } /* an answer that came too late last time */
    pthread_kill(watch->loop_thread, look_signal());
    if (wait_on(&seen.is_written, ANSWER_MS * CLOCK_US_PER_MS))
        return;
    copy_text(seen.task, sizeof seen.task, "unknown, the thread does not answer");
    copy_text(seen.request_id, sizeof seen.request_id, "");
    seen.frame_count = 0;
}

static void *serve(void *arg)
{
    struct loop_watch *watch = arg;
    int64_t stalled_since_us = 0;
    int64_t looked_at_us = clock_mono_us();

    while (!wait_on(&watch->ending, watch->limit_us / 4)) {
        const int64_t now_us = clock_mono_us(), turned_at_us = watch->turned_at_us;
        const bool were_frozen = now_us - looked_at_us > watch->limit_us; /* we, too: no stall */
        const bool is_late = now_us - turned_at_us > watch->limit_us;
        looked_at_us = now_us;
        if (stalled_since_us && turned_at_us != stalled_since_us) {
            log_warn("the loop turns again",
                     LOG_I64("stalled_ms", (turned_at_us - stalled_since_us) / CLOCK_US_PER_MS));
            stalled_since_us = 0;
        } else if (is_late && !were_frozen && !stalled_since_us) {
            stalled_since_us = turned_at_us;
            atomic_fetch_add(&watch->stalls, 1);
            ask_who(watch);
            log_stall(now_us - turned_at_us);
        }
    }
    return NULL;
}

/* The loop. */

static void tick(void *arg)
{
    struct loop_watch *watch = arg;

    watch->turned_at_us = clock_mono_us();
    loop_timer_start(watch->ticker, watch->limit_us / 4);
}

static void show_metrics(void *unused)
{
    static int64_t shown;
    (void)unused;

    if (!the_watch)
        return;
    metric_add(metric_series(metric_family(METRIC_COUNTER, "souk_loop_stalls_total", "",
                                           "How often the loop did not turn for too long")),
               (double)(the_watch->stalls - shown));
    shown = the_watch->stalls;
}

static int start_thread(struct loop_watch *watch)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&watch->thread, NULL, serve, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void answer_looks(void)
{
    const struct sigaction action = {.sa_handler = on_look, .sa_flags = SA_ONSTACK | SA_RESTART};
    void *frame;

    if (backtrace(&frame, 1) < 0) { /* the first call loads libgcc, which a handler must not */
    }
    sem_init(&seen.is_written, 0, 0);
    sigaction(look_signal(), &action, NULL);
}

struct status loop_watch_start(struct loop *loop, int64_t limit_ms, struct loop_watch **ret)
{
    BUG_ON(the_watch); /* one loop a process */
    struct loop_watch *watch = mem_new(struct loop_watch);

    watch->limit_us = limit_ms * CLOCK_US_PER_MS;
    watch->loop_thread = pthread_self();
    sem_init(&watch->ending, 0, 0);
    answer_looks();
    watch->ticker = loop_timer_new(loop, tick, watch);
    tick(watch);
    const int error = start_thread(watch);
    if (error) {
        loop_timer_free(watch->ticker);
        mem_free(watch);
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no thread: %s",
                            strerror(error));
    }
    the_watch = watch;
    metrics_on_write(show_metrics, NULL);
    *ret = watch;
    return STATUS_OK;
}

void loop_watch_stop(struct loop_watch *watch)
{
    if (!watch)
        return;
    sem_post(&watch->ending);
    pthread_join(watch->thread, NULL);
    loop_timer_free(watch->ticker);
    mem_free(watch);
    the_watch = NULL;
}
