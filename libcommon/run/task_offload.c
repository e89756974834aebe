#include "run/task_offload.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "run/loop.h"
#include "run/task_internal.h"

/* Passes from the line to a thread to the list of what is done; in neither while it runs. */
struct job {
    struct job *next;
    struct offload_work work;
    struct task *task; /* of the loop's thread alone; NULL: nobody wants it any more */
    bool is_done;      /* likewise: the loop has heard of it */
};

struct job_list {
    struct job *first, **last;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct job_list waiting; /* these three under the lock */
    struct job_list done;
    bool is_ending;
    size_t waiting_count; /* likewise, for the bound */
    struct loop_wakeup *wakeup;
    pthread_t threads[OFFLOAD_THREADS];
    size_t thread_count;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_work = PTHREAD_COND_INITIALIZER};

static void put(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
}

static struct job *take(struct job_list *list)
{
    struct job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = &list->first;
    return job;
}

static bool take_out(struct job_list *list, struct job *job)
{
    struct job **link = &list->first;

    while (*link && *link != job)
        link = &(*link)->next;
    if (!*link)
        return false;
    *link = job->next;
    if (list->last == &job->next)
        list->last = link;
    return true;
}

/* The threads. */

static void *serve(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        struct job *job = take(&pool.waiting);
        if (job) {
            pool.waiting_count--;
            pthread_mutex_unlock(&pool.lock);
            job->work.run(job->work.arg);
            pthread_mutex_lock(&pool.lock);
            put(&pool.done, job);
            loop_wakeup_ring(pool.wakeup);
        } else if (pool.is_ending) {
            break;
        } else {
            pthread_cond_wait(&pool.has_work, &pool.lock);
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* Signals are the loop's: threads inherit what is blocked. */
static int start_thread(pthread_t *ret)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(ret, NULL, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* The loop. */

static void drop(struct job *job)
{
    job->work.drop(job->work.arg);
    mem_free(job);
}

static void on_done(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&pool.lock);
        struct job *job = take(&pool.done);
        pthread_mutex_unlock(&pool.lock);
        if (!job)
            return;
        job->is_done = true;
        if (job->task)
            task_wake(job->task);
        else
            drop(job);
    }
}

static struct status start_pool(void)
{
    int error = 0;

    if (pool.thread_count == OFFLOAD_THREADS)
        return STATUS_OK;
    if (!pool.wakeup) {
        pool.waiting.last = &pool.waiting.first;
        pool.done.last = &pool.done.first;
        TRY(loop_wakeup_new(task_sys.loop, on_done, NULL, &pool.wakeup));
    }
    while (pool.thread_count < OFFLOAD_THREADS && !error) {
        error = start_thread(&pool.threads[pool.thread_count]);
        pool.thread_count += !error;
    }
    if (pool.thread_count)
        return STATUS_OK; /* fewer do, too */
    return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no thread: %s", strerror(error));
}

static bool enqueue(struct job *job)
{
    pthread_mutex_lock(&pool.lock);
    const bool has_room = pool.waiting_count < OFFLOAD_WAITING_MAX;
    if (has_room) {
        put(&pool.waiting, job);
        pool.waiting_count++;
        pthread_cond_signal(&pool.has_work);
    }
    pthread_mutex_unlock(&pool.lock);
    return has_room;
}

/* The caller goes: what has not begun is dropped now, the rest when it is done. */
static void abandon(struct job *job)
{
    pthread_mutex_lock(&pool.lock);
    const bool has_not_begun = take_out(&pool.waiting, job);
    pool.waiting_count -= has_not_begun;
    pthread_mutex_unlock(&pool.lock);
    job->task = NULL;
    if (has_not_begun)
        drop(job);
}

static struct status wait_for(struct job *job)
{
    while (!job->is_done) {
        const struct status st = task_park(job->work.name);
        if (!status_ok(&st) && !job->is_done) {
            abandon(job);
            return st;
        }
    }
    mem_free(job);
    return STATUS_OK;
}

struct status task_offload(const struct offload_work *work)
{
    struct status st = task_check();

    if (status_ok(&st))
        st = start_pool();
    if (!status_ok(&st)) {
        work->drop(work->arg);
        return st;
    }
    struct job *job = mem_new(struct job);
    *job = (struct job){.work = *work, .task = task_running()};
    if (!enqueue(job)) {
        drop(job);
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "%s: the threads are busy",
                            work->name);
    }
    return wait_for(job);
}

void task_offload_stop(void)
{
    if (!pool.wakeup)
        return;
    pthread_mutex_lock(&pool.lock);
    pool.is_ending = true;
    pthread_cond_broadcast(&pool.has_work);
    pthread_mutex_unlock(&pool.lock);
    while (pool.thread_count)
        pthread_join(pool.threads[--pool.thread_count], NULL);
    on_done(NULL); /* no task lives any more, so all of it is dropped */
    loop_wakeup_free(pool.wakeup);
    pool.wakeup = NULL;
    pool.is_ending = false;
}
