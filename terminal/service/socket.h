/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket: the service's socket in the Box's folder, from both ends.
 *
 * SOCK_SEQPACKET, mode 0600.  A socket's address holds 107 bytes and a Box's path may be longer, so
 * it is reached through the descriptor of the Box's folder.  Each end asks the kernel who the other
 * is (SO_PEERCRED) and speaks only with a process of its own effective user id.
 */
#ifndef SERVICE_SOCKET_H
#define SERVICE_SOCKET_H

#include "base/err.h"

/** Make it and listen; the caller, who holds the service's lock, closes *fd.  What an earlier service
 *  left is removed.  ERR_IO. */
int socket_listen(int *fd, int home_fd, struct err *err);

/** Remove it from the folder. */
void socket_remove(int home_fd);

/** Whoever connected next to @listener, non-blocking; *fd -1: nobody, or a stranger, who was turned
 *  away: then 1.  @return 0 or 1. */
int socket_accept(int *fd, int listener);

/** 0 with *fd, SERVICE_NONE (ask.h), or -1: ERR_REFUSED (another user's process listens), ERR_IO. */
int socket_connect(int *fd, int home_fd, struct err *err);

#endif
