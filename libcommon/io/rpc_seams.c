#include "io/rpc_seams.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 65536, HELD_MAX = 512 };

static struct {
    bool on;   /* core is nested in the loop */
    bool shed; /* connections that no descriptor is left for */
    pthread_t loop_thread;
    int epoll_fd;
    int spare_fd; /* given up for a moment to accept what must be shed */
    uint32_t round;
    uint32_t written_in[FDS_MAX]; /* the round of the last write to the socket */
    uint32_t held_in[FDS_MAX];    /* the round in which something was held back */
    int held[HELD_MAX];
    unsigned held_count;
} seams;

static bool on_loop_thread(void)
{
    return seams.on && pthread_equal(pthread_self(), seams.loop_thread);
}

void rpc_seams_start(int epoll_fd)
{
    seams.epoll_fd = epoll_fd;
    seams.loop_thread = pthread_self();
    seams.spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    seams.round = 1;
    seams.shed = true;
    seams.on = epoll_fd != RPC_SEAMS_SHED_ONLY;
}

void rpc_seams_stop(void)
{
    seams.on = seams.shed = false;
    close(seams.spare_fd);
}

/* tcp(7): setting TCP_NODELAY again pushes what MSG_MORE held back. */
void rpc_seams_flush(void)
{
    const int on = 1;

    for (unsigned i = 0; i < seams.held_count; i++)
        setsockopt(seams.held[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    seams.held_count = 0;
    seams.round++;
}

/* The first write of a round leaves at once; the ones behind it wait for company. */
static bool hold_back(int fd)
{
    if (fd < 0 || fd >= FDS_MAX)
        return false;
    if (seams.written_in[fd] != seams.round) {
        seams.written_in[fd] = seams.round;
        return false;
    }
    if (seams.held_in[fd] == seams.round)
        return true;
    if (seams.held_count == HELD_MAX)
        return false;
    seams.held_in[fd] = seams.round;
    seams.held[seams.held_count++] = fd;
    return true;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (on_loop_thread() && hold_back(fd))
        flags |= MSG_MORE;
    return syscall(SYS_sendmsg, fd, message, flags);
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout)
{
    if (on_loop_thread() && epoll_fd == seams.epoll_fd) {
        rpc_seams_flush();
        max = 1;
    }
    return (int)syscall(SYS_epoll_pwait, epoll_fd, events, max, timeout, NULL, 8);
}

static void shed_one(int listener)
{
    if (seams.spare_fd < 0)
        return;
    close(seams.spare_fd);
    const int fd = (int)syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    seams.spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    const int fd = (int)syscall(SYS_accept4, listener, address, length, flags);
    if (fd >= 0 || !seams.shed || (errno != EMFILE && errno != ENFILE))
        return fd;
    shed_one(listener);
    errno = EAGAIN;
    return -1;
}
