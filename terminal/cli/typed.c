/* SPDX-License-Identifier: Apache-2.0 */
/* typed: see typed.h. */
#include "cli/typed.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "os/os.h"

struct typed {
	size_t n;
	uint8_t bytes[TYPED_BYTES_MAX];
};

static int
typed_new(struct typed **out, struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "this machine gives no random bytes");
	*out = sodium_malloc(sizeof **out);
	if (!*out)
		return err_nomem(err);
	(*out)->n = 0;
	return 0;
}

void
typed_free(struct typed *t)
{
	sodium_free(t); /* wipes */
}

struct span
typed_span(const struct typed *t)
{
	return span_of(t->bytes, t->n);
}

int
typed_from_environment(struct typed **out, const char *name, struct err *err)
{
	AUTO(typed_free) struct typed *t = NULL;
	char *value = getenv(name);
	int rc;

	if (!value)
		return 0;
	size_t n = strlen(value);
	if (n > TYPED_BYTES_MAX) {
		rc = err_set(err, ERR_LIMIT, "the variable %s is longer than %d bytes", name,
			     TYPED_BYTES_MAX);
	} else {
		rc = typed_new(&t, err);
	}
	if (rc == 0) {
		memcpy(t->bytes, value, n);
		t->n = n;
	}
	sodium_memzero(value, n);
	unsetenv(name);
	if (rc == 0)
		*out = TAKE(t);
	return rc;
}

int
typed_from_file(struct typed **out, const char *path, struct err *err)
{
	AUTO(typed_free) struct typed *t = NULL;
	uint8_t more;
	size_t got = 0, beyond = 0;

	if (typed_new(&t, err) < 0)
		return -1;
	int fd = os->openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	if (fd < 0) {
		if (errno == ENOENT)
			return err_set(err, ERR_NOT_FOUND, "%s is not there", path);
		return err_sys(err, errno, "%s cannot be opened", path);
	}
	int rc = os_read_full(fd, t->bytes, TYPED_BYTES_MAX, &got, path, err);
	if (rc == 0 && got == TYPED_BYTES_MAX)
		rc = os_read_full(fd, &more, 1, &beyond, path, err);
	os->close(fd);
	if (rc < 0)
		return -1;
	if (beyond)
		return err_set(err, ERR_LIMIT, "%s is longer than %d bytes", path, TYPED_BYTES_MAX);
	t->n = got;
	*out = TAKE(t);
	return 0;
}

static volatile sig_atomic_t caught; /* the signal that came while the terminal was mute */

static void catch (int signal)
{
	caught = signal;
}

/* Bytes up to the line's end; they come one at a time so that nothing waits in a stdio buffer. */
static int
read_line(struct typed *t, struct err *err)
{
	for (;;) {
		uint8_t c;
		ssize_t n = os->read(STDIN_FILENO, &c, 1);

		if (caught || (n == 0 && t->n == 0))
			return err_set(err, ERR_CANCELLED, "nothing was typed");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "the terminal cannot be read");
		if (n == 0 || c == '\n')
			return 0;
		if (t->n == TYPED_BYTES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d bytes were typed",
				       TYPED_BYTES_MAX);
		t->bytes[t->n++] = c;
	}
}

/* A signal must not leave the terminal mute: it ends the read and is raised again afterwards. */
int
typed_from_terminal(struct typed **out, const char *prompt, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	enum { N = sizeof signals / sizeof signals[0] };
	struct sigaction catching = { .sa_handler = catch }, before[N];
	AUTO(typed_free) struct typed *t = NULL;
	struct termios shown, hidden;

	if (typed_new(&t, err) < 0)
		return -1;
	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return err_sys(err, errno, "the terminal cannot be read");
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;

	caught = 0;
	for (size_t i = 0; i < N; i++)
		sigaction(signals[i], &catching, &before[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fputs(prompt, stderr);
	fflush(stderr);
	int rc = read_line(t, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (size_t i = 0; i < N; i++)
		sigaction(signals[i], &before[i], NULL);
	if (caught)
		raise(caught);
	if (rc < 0)
		return -1;
	*out = TAKE(t);
	return 0;
}
