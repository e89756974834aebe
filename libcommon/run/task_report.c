/*
 * The last words of a process: on BUG() or a fatal signal it writes where it died, its tasks and
 * what each waits for. Everything here may run in a signal handler.
 */
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "run/task_internal.h"

enum {
    SIGNAL_STACK_SIZE = 64 * 1024,
    FRAMES_MAX = 48,
    LINES_MAX = 1000, /* of tasks; a service in a crowd has thousands that wait for the same */
};

static void put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0) { /* nowhere to report it */
    }
}

static void put_number(int fd, size_t number)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    put(fd, at);
}

static void put_task(int fd, const struct task *task)
{
    put(fd, "  ");
    put(fd, task->name);
    if (task == task_sys.running)
        put(fd, ": runs");
    else if (task->waits_for)
        put(fd, ": waits for ");
    else
        put(fd, ": ready");
    if (task != task_sys.running && task->waits_for)
        put(fd, task->waits_for);
    if (task->cancelled)
        put(fd, ", cancelled");
    if (*task->trace.request_id) {
        put(fd, ", request ");
        put(fd, task->trace.request_id);
    }
    put(fd, "\n");
}

void task_report_to(int fd)
{
    size_t lines = 0;

    put_number(fd, task_sys.alive);
    put(fd, " tasks\n");
    for (const struct task *task = task_sys.all; task && lines < LINES_MAX; task = task->next) {
        put_task(fd, task);
        lines++;
    }
    if (task_sys.alive > lines)
        put(fd, "  and others\n");
}

/* A BUG() ends in SIGABRT: once is enough. */
static volatile sig_atomic_t was_reported;

static void report(void)
{
    if (was_reported)
        return;
    was_reported = 1;
    task_report_to(STDERR_FILENO);
}

/* The sanitizer handles the others, and knows a stack overflow when it sees one. */
static const int fatal_signals[] = {
    SIGABRT,
#if !WITH_ASAN
    SIGSEGV, SIGBUS, SIGILL, SIGFPE,
#endif
};
static struct sigaction before[ARRAY_LEN(fatal_signals)];

static const char *name_of(int signal_number)
{
    switch (signal_number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    default: return "SIGABRT";
    }
}

static void say_why(int signal_number, const void *address)
{
    const bool is_loop_thread = pthread_equal(pthread_self(), task_sys.thread);
    const struct task *task = is_loop_thread ? task_sys.running : NULL;
    const bool is_overflow = task && (signal_number == SIGSEGV || signal_number == SIGBUS) &&
                             task_stack_guards(task, address);

    put(STDERR_FILENO, is_overflow ? "stack overflow" : name_of(signal_number));
    put(STDERR_FILENO, task             ? " in task "
                       : is_loop_thread ? " in the loop"
                                        : " in a thread beside the loop");
    put(STDERR_FILENO, task ? task->name : "");
    put(STDERR_FILENO, "\n");
}

/* The handlers are reset by now (SA_RESETHAND): what goes wrong here ends the process at once. */
static void on_fatal_signal(int signal_number, siginfo_t *info, void *context)
{
    void *frames[FRAMES_MAX];
    (void)context;

    if (!was_reported) {
        say_why(signal_number, info->si_addr);
        report();
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    }
    raise(signal_number);
}

#if WITH_ASAN

static void prepare(void)
{
    __sanitizer_set_death_callback(report);
}

static void undo_prepare(void)
{
    __sanitizer_set_death_callback(NULL);
}

#else

/* For the handler: a task that overflows has no stack left. */
static char *signal_stack;

static void prepare(void)
{
    signal_stack = mem_alloc(SIGNAL_STACK_SIZE);
    const stack_t stack = {.ss_sp = signal_stack, .ss_size = SIGNAL_STACK_SIZE};
    sigaltstack(&stack, NULL);
}

static void undo_prepare(void)
{
    const stack_t off = {.ss_flags = SS_DISABLE};

    sigaltstack(&off, NULL);
    mem_free(signal_stack);
}

#endif

void task_report_start(void)
{
    const struct sigaction action = {
        .sa_sigaction = on_fatal_signal,
        .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND),
    };
    void *frame;

    was_reported = 0;
    bug_set_hook(report);
    if (backtrace(&frame, 1) < 0) { /* the first call loads libgcc, which a handler must not */
    }
    prepare();
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        sigaction(fatal_signals[i], &action, &before[i]);
}

void task_report_stop(void)
{
    bug_set_hook(NULL);
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        sigaction(fatal_signals[i], &before[i], NULL);
    undo_prepare();
}
