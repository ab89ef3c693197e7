/* SPDX-License-Identifier: Apache-2.0 */
/* child: see child.h. */
#include "service/child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_NOT_STARTED 127 /* as shells have it */

/* In the new process. */
static void
become(const char *const *argv, pid_t parent)
{
	sigset_t none;

	/* It may have died before the kernel was told. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(STATUS_NOT_STARTED);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(STATUS_NOT_STARTED);
}

int
child_start(struct child *c, const char *const *argv, struct err *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_sys(err, errno, "cannot start a process");
	if (pid == 0)
		become(argv, parent);
	c->pid = pid;
	return 0;
}

bool
child_ended(struct child *c, int *status)
{
	if (!c->pid || waitpid(c->pid, status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	return true;
}

void
child_signal(const struct child *c, int signal)
{
	if (c->pid)
		kill(c->pid, signal);
}
