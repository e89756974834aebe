/*
 * Stacks of tasks: mapped with a guard page below, kept for the next task, measured by the pages
 * that were ever touched.
 */
#include <sys/mman.h>

#include "base/attributes.h"
#include "run/task_internal.h"

/* ASan's frames are several times larger. */
#define STACK_SIZE ((size_t)TASK_STACK_SIZE * (WITH_ASAN ? 4 : 1))

enum { PAGE = 4096, POOL_MAX = 1024 };

static struct task *stack_map(void)
{
    char *memory = mmap(NULL, PAGE + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mprotect(memory, PAGE, PROT_NONE) != 0) { /* vm.max_map_count */
        munmap(memory, PAGE + STACK_SIZE);
        return NULL;
    }
    char *stack = memory + PAGE;
    struct task *task =
        (struct task *)(void *)(stack + STACK_SIZE - ((sizeof *task + 63) & ~(size_t)63));
    task->stack = stack;
    task->stack_size = (size_t)((char *)task - stack);
    return task;
}

static void unpoison(struct task *task)
{
#if WITH_ASAN
    __asan_unpoison_memory_region(task->stack, task->stack_size); /* frames of its last switch */
#else
    (void)task;
#endif
}

/* Bytes from the top down to the lowest page that was ever touched. */
static size_t used(const struct task *task)
{
    unsigned char pages[STACK_SIZE / PAGE];
    size_t untouched = 0;

    if (mincore(task->stack, STACK_SIZE, pages) != 0)
        return 0;
    while (untouched < ARRAY_LEN(pages) && !(pages[untouched] & 1))
        untouched++;
    return STACK_SIZE - untouched * PAGE;
}

static size_t more(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t task_stack_high_water(void)
{
    size_t most = task_sys.stack_record;

    for (const struct task *task = task_sys.all; task; task = task->next)
        most = more(most, used(task));
    for (const struct task *task = task_sys.pool; task; task = task->next_ready)
        most = more(most, used(task));
    return most;
}

bool task_stack_guards(const struct task *task, const void *address)
{
    const char *at = address;
    return at < task->stack && at >= task->stack - PAGE;
}

struct task *task_stack_take(void)
{
    struct task *task = task_sys.pool;
    if (!task)
        return stack_map();
    task_sys.pool = task->next_ready;
    task_sys.pool_size--;
    return task;
}

static void unmap(struct task *task)
{
    task_sys.stack_record = more(task_sys.stack_record, used(task));
    unpoison(task);
    munmap(task->stack - PAGE, PAGE + STACK_SIZE);
}

void task_stack_give_back(struct task *task)
{
    if (task_sys.pool_size >= POOL_MAX) {
        unmap(task);
        return;
    }
    unpoison(task);
    task->next_ready = task_sys.pool;
    task_sys.pool = task;
    task_sys.pool_size++;
}

void task_stacks_unmap(void)
{
    while (task_sys.pool) {
        struct task *task = task_sys.pool;
        task_sys.pool = task->next_ready;
        unmap(task);
    }
}
