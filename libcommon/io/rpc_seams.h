#pragma once

/*
 * rpc_seams: three libc calls that gRPC core makes through the linker, bent where core 1.51 is not
 * made for a single-threaded loop. All other callers get the plain system call.
 *
 * epoll_wait on core's fd hands out one event at a time, so that core keeps none to itself and the
 * fd stays readable while something is left. sendmsg of the loop's thread sets MSG_MORE from the
 * second write to a socket on, until rpc_seams_flush. accept4 sheds a connection when the process
 * has no more descriptors; core would give its listener up for good (CVE-2023-4785).
 */

/* For core in a thread of its own: accept4 alone is bent. */
#define RPC_SEAMS_SHED_ONLY (-1)

/* Called on the loop's thread once core's epoll fd is known. */
void rpc_seams_start(int epoll_fd);
void rpc_seams_stop(void);

/* Sends what was held back. Before core polls it happens by itself. */
void rpc_seams_flush(void);
