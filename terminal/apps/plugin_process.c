/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_process: see plugin_process.h. */
#include "apps/plugin_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/find.h"
#include "base/buf.h"
#include "os/os.h"

#define PIECE_BYTES    ((size_t)64 << 10)
#define LOG_KEPT_BYTES ((off_t)1 << 20) /* a log that is longer begins anew */
#define FAREWELL_MS    200              /* for its exit status, after the end of its output */
#define VARIABLE_BYTES 4200

struct plugin_process {
	const char *app;
	pid_t pid; /* 0: it was waited for */
	int talk;  /* our end of its standard input and output */
	int says;  /* our end of its standard error */
	int log;   /* -1: there is none */
	size_t logged;
	unsigned answer_ms;
	struct buf in; /* heard, from `at` on not yet given */
	size_t at;
	struct err dead; /* code ERR_NONE: it lives */
};

/* ---- its environment ---- */

static bool
may_know(const char *variable)
{
	static const char *const names[] = {
		"HOME",
		"PATH",
		"LANG",
		"LANGUAGE",
		"LC_ALL",
		"LC_CTYPE",
		"LC_MESSAGES",
		"TZ",
		"XDG_DATA_HOME",
		"XDG_CONFIG_HOME",
		"XDG_CACHE_HOME",
		"XDG_STATE_HOME",
		"XDG_RUNTIME_DIR",
		"XDG_DATA_DIRS",
		"DBUS_SESSION_BUS_ADDRESS",
		"DBUS_SYSTEM_BUS_ADDRESS",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);
		if (strncmp(variable, names[i], n) == 0 && variable[n] == '=')
			return true;
	}
	return false;
}

/* Of ours, what it may know.  The list is owned, its strings are not. */
static char **
environment(void)
{
	size_t n = 0, all = 0;
	char **list;

	while (environ && environ[all])
		all++;
	list = calloc(all + 1, sizeof *list);
	for (size_t i = 0; list && i < all; i++)
		if (may_know(environ[i]))
			list[n++] = environ[i];
	return list;
}

/* ---- its log ---- */

/* Without a log it runs as well. */
static int
open_log(const char *app)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char path[VARIABLE_BYTES];
	struct err ignored;
	struct stat st;
	int n = state && state[0] == '/' ? snprintf(path, sizeof path, "%s/cloudbox", state)
		: home && home[0] == '/'
			? snprintf(path, sizeof path, "%s/.local/state/cloudbox", home)
			: -1;

	if (n < 0 || (size_t)n + strlen(app) + sizeof "/plugin-.log" > sizeof path ||
	    os_make_folders(AT_FDCWD, path, 0700, &ignored) < 0)
		return -1;
	snprintf(path + n, sizeof path - (size_t)n, "/plugin-%s.log", app);
	int fd = os->openat(AT_FDCWD, path,
			    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			    0600);
	if (fd >= 0 && (os->fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
			(st.st_size > LOG_KEPT_BYTES && os->ftruncate(fd, 0) < 0))) {
		os->close(fd);
		return -1;
	}
	return fd;
}

/* What it wrote to its standard error. */
static void
take_log(struct plugin_process *p)
{
	char piece[4096];
	struct err ignored;
	ssize_t n;

	while ((n = os->read(p->says, piece, sizeof piece)) > 0) {
		size_t left = PLUGIN_LOG_BYTES - p->logged,
		       take = (size_t)n < left ? (size_t)n : left;

		if (p->log >= 0 &&
		    os_write_all(p->log, span_of(piece, take), "log", &ignored) < 0) {
			os->close(p->log);
			p->log = -1;
		}
		p->logged += take;
		if (n < (ssize_t)sizeof piece)
			break; /* more is for the next time: it may never end */
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		os->close(p->says);
		p->says = -1;
	}
}

/* ---- its end ---- */

/* Wait until it ended, @ms at most.  True, with how: it did.  It stays to be reaped by kill_group(), so
 * that its group's number is not given to anybody else before. */
static bool
await(const struct plugin_process *p, int ms, siginfo_t *how)
{
	int fd = pidfd_open(p->pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };

	if (fd >= 0) {
		while (poll(&end, 1, ms) < 0 && errno == EINTR)
			;
		close(fd);
	}
	how->si_pid = 0;
	return waitid(P_PID, (id_t)p->pid, how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       how->si_pid != 0;
}

/* It, if it lives, and whatever it started. */
static void
kill_group(struct plugin_process *p)
{
	if (!p->pid)
		return;
	kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

static int
die(struct plugin_process *p, struct err *err)
{
	if (p->says >= 0)
		take_log(p);
	kill_group(p);
	p->dead = *err;
	return -1;
}

int
plugin_process_fail(struct plugin_process *p, const struct err *why, struct err *err)
{
	*err = *why;
	return die(p, err);
}

/* Its output ended. */
static int
ended(struct plugin_process *p, struct err *err)
{
	siginfo_t how = { 0 };

	if (!await(p, FAREWELL_MS, &how))
		err_set(err, ERR_IO, "the plug-in of %s closed its output", p->app);
	else if (how.si_code != CLD_EXITED)
		err_set(err, ERR_IO, "the plug-in of %s was ended by signal %d", p->app,
			how.si_status);
	else
		err_set(err, ERR_IO, "the plug-in of %s ended with status %d", p->app,
			how.si_status);
	err_hint(err, "what it wrote to standard error is in plugin-%s.log", p->app);
	return die(p, err);
}

void
plugin_process_end(struct plugin_process *p)
{
	siginfo_t how = { 0 };

	if (!p)
		return;
	if (p->pid) {
		shutdown(p->talk, SHUT_RDWR);
		await(p, PLUGIN_END_MS, &how);
		kill_group(p);
	}
	if (p->says >= 0)
		take_log(p);
	if (p->says >= 0)
		os->close(p->says);
	if (p->log >= 0)
		os->close(p->log);
	if (p->talk >= 0)
		os->close(p->talk);
	buf_clear(&p->in);
	free(p);
}

/* ---- its start ---- */

static int
check_program(const char *app, const char *path, struct err *err)
{
	struct stat st;

	if (os->fstatat(AT_FDCWD, path, &st, 0) < 0) {
		if (errno == ENOENT)
			return err_set(err, ERR_NOT_FOUND, "%s: there is no program %s", app, path);
		return err_sys(err, errno, "%s: %s", app, path);
	}
	if (path[0] != '/' || !S_ISREG(st.st_mode) || access(path, X_OK) < 0) {
		err_set(err, ERR_USAGE, "%s: %s is no program", app, path);
		return err_hint(err,
				"chmod +x makes a script one; its first line names what runs it");
	}
	if (st.st_mode & S_IWOTH) {
		err_set(err, ERR_USAGE, "%s: anybody can change %s", app, path);
		return err_hint(err, "chmod o-w %s", path);
	}
	return 0;
}

/* What posix_spawn(3) is to do in the child. */
struct spawning {
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
};

/* 0 or an errno. */
static int
prepare(struct spawning *s, int talk, int says)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	if ((rc = posix_spawn_file_actions_adddup2(&s->files, talk, 0)) != 0 ||
	    (rc = posix_spawn_file_actions_adddup2(&s->files, talk, 1)) != 0 ||
	    (rc = posix_spawn_file_actions_adddup2(&s->files, says, 2)) != 0 ||
	    (rc = posix_spawn_file_actions_addclosefrom_np(&s->files, 3)) != 0 ||
	    (rc = posix_spawn_file_actions_addchdir_np(&s->files, "/")) != 0 ||
	    (rc = posix_spawnattr_setsigmask(&s->how, &none)) != 0 ||
	    (rc = posix_spawnattr_setsigdefault(&s->how, &all)) != 0 ||
	    (rc = posix_spawnattr_setpgroup(&s->how, 0)) != 0)
		return rc;
	return posix_spawnattr_setflags(&s->how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							 POSIX_SPAWN_SETPGROUP);
}

static int
spawn(pid_t *pid, const char *path, int talk, int says)
{
	AUTO(free) char **env = environment();
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	struct spawning s;
	int rc = env ? posix_spawn_file_actions_init(&s.files) : ENOMEM;

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&s.how);
	if (rc == 0) {
		rc = prepare(&s, talk, says);
		if (rc == 0)
			rc = posix_spawn(pid, path, &s.files, &s.how, argv, env);
		posix_spawnattr_destroy(&s.how);
	}
	posix_spawn_file_actions_destroy(&s.files);
	return rc;
}

/* Both ends above the standard descriptors, so that none is moved onto itself. */
static int
pairs(int talk[2], int says[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		return -1;
	if (pipe2(says, O_CLOEXEC) == 0)
		return 0;
	close(talk[0]);
	close(talk[1]);
	return -1;
}

static int
start(struct plugin_process *p, const char *path, struct err *err)
{
	int talk[2], says[2], rc;

	if (pairs(talk, says) < 0)
		return err_sys(err, errno, "%s: cannot start its plug-in", p->app);
	rc = talk[1] > 2 && says[1] > 2 ? spawn(&p->pid, path, talk[1], says[1]) : EBADF;
	close(talk[1]);
	close(says[1]);
	p->talk = talk[0];
	p->says = says[0];
	if (rc) {
		p->pid = 0;
		return err_sys(err, rc, "%s: cannot start its plug-in", p->app);
	}
	if (fcntl(p->talk, F_SETFL, O_NONBLOCK) < 0 || fcntl(p->says, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "%s: cannot start its plug-in", p->app);
	return 0;
}

int
plugin_process_start(struct plugin_process **out, const char *app, const char *path,
		     unsigned answer_ms, struct err *err)
{
	AUTO(plugin_process_end) struct plugin_process *p = NULL;

	if (check_program(app, path, err) < 0)
		return -1;
	p = calloc(1, sizeof *p);
	if (!p)
		return err_nomem(err);
	*p = (struct plugin_process){ .app = app,
				      .talk = -1,
				      .says = -1,
				      .log = open_log(app),
				      .answer_ms = answer_ms ? answer_ms : PLUGIN_ANSWER_MS,
				      .in = BUF_INIT(PLUGIN_LINE_BYTES_MAX + PIECE_BYTES) };
	if (start(p, path, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

/* ---- speaking ---- */

/* Wait until it can be read from (or written to), and take its log meanwhile. */
static int
wait_for(struct plugin_process *p, short what, int64_t until_ms, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = p->talk, .events = what },
					{ .fd = p->says, .events = POLLIN } };
		int64_t left = until_ms - os->uptime_ms();

		if (left <= 0) {
			err_set(err, ERR_IO,
				"the plug-in of %s said nothing for %u s: it was ended", p->app,
				p->answer_ms / 1000);
			err_hint(err, "what it wrote to standard error is in plugin-%s.log",
				 p->app);
			return die(p, err);
		}
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_sys(err, errno, "the plug-in of %s", p->app), die(p, err);
		if (fds[1].revents)
			take_log(p);
		if (fds[0].revents)
			return 0;
	}
}

/* What came before it was asked for. */
static int
check_silent(struct plugin_process *p, struct err *err)
{
	char byte;

	if (p->at == p->in.n && recv(p->talk, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		return 0; /* nothing, or its end: then the request tells */
	err_set(err, ERR_IO, "the plug-in of %s says more than it was asked", p->app);
	return die(p, err);
}

int
plugin_process_tell(struct plugin_process *p, struct span line, struct err *err)
{
	int64_t until = os->uptime_ms() + p->answer_ms;

	if (p->dead.code != ERR_NONE)
		return *err = p->dead, -1;
	if (line.n > PLUGIN_LINE_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
			       "an item of more than %u MiB, which no plug-in takes",
			       PLUGIN_LINE_BYTES_MAX >> 20);
	if (check_silent(p, err) < 0)
		return -1;
	while (line.n) {
		ssize_t n = send(p->talk, line.p, line.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			line = span_skip(line, (size_t)n);
		else if (errno == EPIPE || errno == ECONNRESET)
			return ended(p, err);
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, errno, "the plug-in of %s", p->app), die(p, err);
		if (line.n && n < 0 && wait_for(p, POLLOUT, until, err) < 0)
			return -1;
	}
	return 0;
}

/* More of what it says. */
static int
take_more(struct plugin_process *p, int64_t until_ms, struct err *err)
{
	uint8_t *to;
	ssize_t n;

	if (p->in.n > PLUGIN_LINE_BYTES_MAX) {
		err_set(err, ERR_LIMIT, "the plug-in of %s gave a line of more than %u MiB", p->app,
			PLUGIN_LINE_BYTES_MAX >> 20);
		return die(p, err);
	}
	if (wait_for(p, POLLIN, until_ms, err) < 0)
		return -1;
	if (buf_extend(&p->in, PIECE_BYTES, &to, err) < 0)
		return die(p, err);
	n = recv(p->talk, to, PIECE_BYTES, MSG_DONTWAIT);
	p->in.n -= PIECE_BYTES - (n > 0 ? (size_t)n : 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return ended(p, err);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_sys(err, errno, "the plug-in of %s", p->app), die(p, err);
	return 0;
}

int
plugin_process_hear(struct plugin_process *p, struct span *line, struct err *err)
{
	int64_t until = os->uptime_ms() + p->answer_ms;
	size_t seen = p->at; /* no line's end before it */

	if (p->dead.code != ERR_NONE)
		return *err = p->dead, -1;
	for (;;) {
		const uint8_t *end =
			p->in.n > seen ? memchr(p->in.p + seen, '\n', p->in.n - seen) : NULL;

		if (end) {
			*line = span_of(p->in.p + p->at, (size_t)(end - p->in.p) - p->at);
			p->at += line->n + 1;
			return 0;
		}
		if (p->at) { /* what was given goes */
			memmove(p->in.p, p->in.p + p->at, p->in.n - p->at);
			p->in.n -= p->at;
			p->at = 0;
		}
		seen = p->in.n;
		if (take_more(p, until, err) < 0)
			return -1;
	}
}
