/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: a file that one process at a time holds, and that says which one.
 *
 * Open file description locks: they hold against other holders in this process, too, and the kernel lets go of them
 * when the process ends, however it ends.  They cannot tell who holds them; the file's text does, its process id.
 */
#ifndef OS_LOCK_H
#define OS_LOCK_H

#include "base/err.h"

#define LOCK_HELD 1 /* somebody else holds it */

/** Open the lock file @name in the folder @dir_fd, made 0600 where there is none.  A descriptor, or -1. */
int lock_open(int dir_fd, const char *name, struct err *err);

/** Take the lock of @fd, until that is closed.  0, LOCK_HELD with the holder's process id in *holder (0 if
 *  unknown), or -1. */
int lock_try(int fd, long *holder, struct err *err);

#endif
