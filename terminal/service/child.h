/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: the one process that the service starts: `cloudbox run --once` of the same Box.
 *
 * It does the work, holds the libraries and the memory for it, and may crash, without the service's noticing more
 * than that it ended.  When the service dies, however it dies, the kernel sends it SIGTERM.
 */
#ifndef SERVICE_CHILD_H
#define SERVICE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct child {
	pid_t pid; /* 0: none runs */
};

/** Start @argv, argv[0] being the program's path; signals are as a program expects them.  Its standard output goes
 *  where standard error goes: the log.  ERR_IO. */
int child_start(struct child *c, const char *const *argv, struct err *err);

/** True: it has ended, and *status is waitpid()'s. */
bool child_ended(struct child *c, int *status);

/** Send it @signal, if there is one. */
void child_signal(const struct child *c, int signal);

#endif
