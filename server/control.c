/* SPDX-License-Identifier: Apache-2.0 */
/* control: see control.h. */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/journal.h"
#include "api/workers.h"
#include "os/os.h"

#define REQUEST_BYTES_MAX 65536
#define ANSWER_BYTES_MAX  (256u << 20)
#define REQUEST_WAIT_S    10   /* for the line of whoever connected */
#define SERVER_WAIT_MS    5000 /* for a server that is just starting */
#define THREADS           2

struct control {
	struct admin *admin;
	struct workers *workers;
	int data_fd, listen_fd, stop_fd;
	pthread_t thread;
	bool has_thread;
};

/* A socket's address holds 107 bytes; a data folder's path may be longer. */
static void
socket_address(struct sockaddr_un *a, int data_fd)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/" INSTALLATION_CONTROL,
		 data_fd);
}

/* One line; *line gets it without its end. */
static int
read_line(int fd, struct buf *line, struct err *err)
{
	char piece[4096];

	for (;;) {
		ssize_t n = os->read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot read from the control socket");
		if (n == 0)
			return err_set(err, ERR_FORMAT, "the control socket was closed");
		if (buf_append(line, span_of(piece, (size_t)n), err) < 0)
			return -1;
		if (line->p[line->n - 1] == '\n')
			return 0;
	}
}

static int
write_line(int fd, struct json_object *o, struct err *err)
{
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

	if (!text)
		return err_nomem(err);
	return os_write_all(fd, span_str(text), "the control socket", err) < 0
		       ? -1
		       : os_write_all(fd, span_str("\n"), "the control socket", err);
}

/* --- the server's end --- */

struct conversation {
	struct work work; /* first */
	struct control *control;
	int fd;
};

static bool
is_ours(int fd)
{
	struct ucred who;
	socklen_t n = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == geteuid() || who.uid == 0);
}

static int
converse(struct control *c, int fd, struct err *err)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(REQUEST_BYTES_MAX);
	const struct timeval wait = { .tv_sec = REQUEST_WAIT_S };

	if (!is_ours(fd))
		return err_set(err, ERR_REFUSED, "another user asked through the control socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (read_line(fd, &line, err) < 0)
		return -1;
	struct json_object *request = json_tokener_parse(buf_str(&line));
	struct json_object *answer = admin_answer(c->admin, request);
	int rc = answer ? write_line(fd, answer, err) : err_nomem(err);
	json_object_put(answer);
	json_object_put(request);
	return rc;
}

static void
conversation_run(struct work *w)
{
	struct conversation *v = (struct conversation *)w;
	struct err err;

	if (converse(v->control, v->fd, &err) < 0)
		journal("control: %s", err.msg);
	os->close(v->fd);
	free(v);
}

static void *
accept_main(void *arg)
{
	struct control *c = arg;
	struct pollfd polled[] = { { .fd = c->listen_fd, .events = POLLIN },
				   { .fd = c->stop_fd, .events = POLLIN } };

	for (;;) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (polled[1].revents)
			return NULL;
		if (!polled[0].revents)
			continue;
		int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		struct conversation *v = fd < 0 ? NULL : calloc(1, sizeof *v);
		if (!v) {
			if (fd >= 0)
				os->close(fd);
			continue;
		}
		v->work.run = conversation_run;
		v->control = c;
		v->fd = fd;
		workers_submit(c->workers, &v->work);
	}
}

static int
listen_there(struct control *c, struct err *err)
{
	struct sockaddr_un a;

	socket_address(&a, c->data_fd);
	os->unlinkat(c->data_fd, INSTALLATION_CONTROL, 0); /* an earlier process' */
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (c->listen_fd < 0 || c->stop_fd < 0)
		return err_sys(err, errno, "cannot make the control socket");
	mode_t mask = umask(0177); /* before any thread of ours makes files */
	int rc = bind(c->listen_fd, (const struct sockaddr *)&a, sizeof a);
	umask(mask);
	if (rc < 0 || listen(c->listen_fd, 16) < 0)
		return err_sys(err, errno, "cannot listen on the control socket");
	return 0;
}

int
control_start(struct control **out, struct admin *admin, int data_fd, struct err *err)
{
	struct control *c = calloc(1, sizeof *c);
	int error;

	if (!c)
		return err_nomem(err);
	c->admin = admin;
	c->data_fd = data_fd;
	c->listen_fd = c->stop_fd = -1;
	if (listen_there(c, err) < 0 || workers_new(&c->workers, THREADS, err) < 0) {
		control_stop(c);
		return -1;
	}
	error = pthread_create(&c->thread, NULL, accept_main, c);
	c->has_thread = error == 0;
	if (error) {
		control_stop(c);
		return err_sys(err, error, "cannot start the control thread");
	}
	*out = c;
	return 0;
}

void
control_stop(struct control *c)
{
	uint64_t one = 1;
	struct err ignored;

	if (!c)
		return;
	c->admin->stop = true;
	if (c->has_thread) {
		os_write_all(c->stop_fd, span_of(&one, sizeof one), "a stop signal", &ignored);
		pthread_join(c->thread, NULL);
	}
	workers_free(c->workers);
	if (c->listen_fd >= 0) {
		os->close(c->listen_fd);
		os->unlinkat(c->data_fd, INSTALLATION_CONTROL, 0);
	}
	if (c->stop_fd >= 0)
		os->close(c->stop_fd);
	free(c);
}

/* --- the command's end --- */

/* Connect; a server that holds the lock but does not listen yet is waited for. */
static int
connect_there(int data_fd, struct err *err)
{
	struct sockaddr_un a;
	int64_t until_ms = os->uptime_ms() + SERVER_WAIT_MS;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "cannot make a socket");
	socket_address(&a, data_fd);
	while (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
		if (errno == EINTR)
			continue;
		if ((errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN) ||
		    os->uptime_ms() > until_ms) {
			int why = errno;
			os->close(fd);
			if (why == EACCES)
				return err_sys(err, why, "cannot ask the running server");
			err_set(err, ERR_BUSY, "another process works on the data folder");
			return err_hint(err, "try again when it has finished");
		}
		poll(NULL, 0, 20);
	}
	return fd;
}

int
control_ask(struct json_object **answer, int data_fd, struct json_object *request, struct err *err)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(ANSWER_BYTES_MAX);
	int fd = connect_there(data_fd, err);

	if (fd < 0)
		return -1;
	int rc = write_line(fd, request, err);
	if (rc == 0)
		rc = read_line(fd, &line, err);
	os->close(fd);
	if (rc < 0)
		return -1;
	*answer = json_tokener_parse(buf_str(&line));
	return *answer ? 0 : err_set(err, ERR_FORMAT, "the server's answer is no JSON");
}
