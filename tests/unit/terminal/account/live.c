/* SPDX-License-Identifier: Apache-2.0 */
/* live: see live.h.  The server's program is named by the environment: CLOUDBOXD. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 20000

static const char *
program(void)
{
	return getenv("CLOUDBOXD");
}

bool
live_possible(void)
{
	if (program() && access(program(), X_OK) == 0)
		return true;
	fprintf(stderr, "no server to test against: CLOUDBOXD names none\n");
	return false;
}

void
live_folder_make(struct live_folder *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->path, sizeof f->path, "%s/cloudbox-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->path));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void
live_folder_remove(struct live_folder *f)
{
	assert_int_equal(nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void
live_write(const char *folder, const char *name, const char *content)
{
	char path[2 * LIVE_PATH_MAX];
	FILE *f;

	mkdir(folder, 0700);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, strlen(content), f), strlen(content));
	assert_int_equal(fclose(f), 0);
}

/* The first line that @argv prints, without its end; waits for it READY_MS at most. */
static pid_t
run(char *const argv[], char *line, size_t room)
{
	int out[2];
	size_t n = 0;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	while (n + 1 < room) {
		struct pollfd p = { .fd = out[0], .events = POLLIN };
		int rc = poll(&p, 1, READY_MS);

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc == 0)
			fail_msg("%s %s says nothing", argv[0], argv[1]);
		if (read(out[0], line + n, 1) != 1 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = 0;
	close(out[0]);
	return pid;
}

void
live_start(struct live_server *s, const char *data, bool tls)
{
	char listen[64], line[256];
	char *argv[] = { (char[]){ "" },
			 (char[]){ "serve" },
			 (char[]){ "--data" },
			 s->data,
			 (char[]){ "--listen" },
			 listen,
			 tls ? s->certificate ? (char[]){ "--tls-cert" } : NULL
			     : (char[]){ "--plain-http" },
			 tls && s->certificate ? strdup(s->certificate) : NULL,
			 tls && s->certificate ? (char[]){ "--tls-key" } : NULL,
			 tls && s->certificate ? strdup(s->key) : NULL,
			 NULL };
	const char *port;

	argv[0] = strdup(program());
	if (data != s->data)
		snprintf(s->data, sizeof s->data, "%s", data);
	snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
	s->tls = tls;
	s->pid = run(argv, line, sizeof line);
	free(argv[0]);
	if (tls && s->certificate) {
		free(argv[7]);
		free(argv[9]);
	}
	port = strrchr(line, ':');
	if (strncmp(line, "listening on ", 13) != 0 || !port)
		fail_msg("cloudboxd serve says: %s", line);
	s->port = (uint16_t)strtoul(port + 1, NULL, 10);
}

static void
end(struct live_server *s, int sig)
{
	if (s->pid <= 0)
		return;
	assert_int_equal(kill(s->pid, sig), 0);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	s->pid = 0;
}

void
live_kill(struct live_server *s)
{
	end(s, SIGKILL);
}

void
live_stop(struct live_server *s)
{
	end(s, SIGTERM);
}

struct remote_url
live_invite(const struct live_server *s, const char *quota)
{
	char line[REMOTE_URL_TEXT_BYTES], data[LIVE_PATH_MAX], room[32];
	char *argv[] = { (char[]){ "" },
			 (char[]){ "invite" },
			 (char[]){ "--data" },
			 data,
			 (char[]){ "--quota" },
			 room,
			 NULL };
	struct remote_url url;
	struct err err;
	int status;
	pid_t pid;

	argv[0] = strdup(program());
	snprintf(data, sizeof data, "%s", s->data);
	snprintf(room, sizeof room, "%s", quota);
	pid = run(argv, line, sizeof line);
	free(argv[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	if (remote_url_parse(&url, span_str(line), &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return url;
}

/* The relay: one connection at a time is enough for one terminal. */

static bool
pass(int from, int to, bool drop)
{
	char piece[16384];
	ssize_t n = read(from, piece, sizeof piece);

	for (ssize_t at = 0; !drop && at < n;) {
		ssize_t k = write(to, piece + at, (size_t)(n - at));

		if (k <= 0)
			return false;
		at += k;
	}
	return n > 0;
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
begins_with_call(const char *head, const char *call)
{
	const char *end = strchr(head, '\n');
	const char *hit = call ? strstr(head, call) : NULL;

	return hit && end && hit < end;
}

/* Pass both ways until one side ends; lose an answer where that is wanted. */
static void
relay_one(struct live_relay *r, int client, int server)
{
	bool losing = false;

	for (;;) {
		struct pollfd p[2] = { { .fd = client, .events = POLLIN },
				       { .fd = server, .events = POLLIN } };
		char head[256] = { 0 };

		if (poll(p, 2, -1) < 0)
			return;
		if (p[0].revents) {
			if (recv(client, head, sizeof head - 1, MSG_PEEK) <= 0)
				return;
			if (begins_with_call(head, r->count))
				r->n_count++;
			if (begins_with_call(head, r->lose) && r->n_lose > 0) {
				r->n_lose--;
				losing = true;
			}
			if (!pass(client, server, false))
				return;
		}
		if (p[1].revents) {
			if (!pass(server, client, losing) || losing)
				return; /* the server has done its work: its answer is gone */
		}
	}
}

static void *
relay_run(void *ctx)
{
	struct live_relay *r = ctx;
	int client;

	while ((client = accept(r->listener, NULL, NULL)) >= 0) {
		int server = connect_to(r->to), at_once = 1;

		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
		if (server >= 0) {
			setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
			relay_one(r, client, server);
			close(server);
		}
		close(client);
	}
	return NULL;
}

void
live_relay_start(struct live_relay *r, uint16_t to)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	*r = (struct live_relay){ .to = to };
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->listener >= 0);
	assert_int_equal(bind(r->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(r->listener, 8), 0);
	assert_int_equal(getsockname(r->listener, (struct sockaddr *)&at, &len), 0);
	r->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, relay_run, r), 0);
}

void
live_relay_stop(struct live_relay *r)
{
	shutdown(r->listener, SHUT_RDWR);
	close(r->listener);
	pthread_join(r->thread, NULL);
}

void
live_terminal_open(struct live_terminal *t, const char *home, const struct remote_url *url)
{
	struct remote_options quick = { .tries = 3, .first_wait_ms = 20, .total_ms = 2000 };
	struct err err = { 0 };

	snprintf(t->home, sizeof t->home, "%s", home);
	if (box_open(&t->box, t->home, &err) < 0 || remote_new(&t->remote, url, &quick, &err) < 0)
		fail_msg("%s", err.msg);
}

void
live_terminal_close(struct live_terminal *t)
{
	box_free(t->box);
	remote_free(t->remote);
	t->box = NULL;
	t->remote = NULL;
}

struct passphrase *
live_passphrase(const char *typed)
{
	struct passphrase *p = NULL;
	struct err err = { 0 };

	if (passphrase_new(&p, span_str(typed), &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

struct recovery_code *
live_init(struct live_terminal *t, const struct remote_url *invitation, const char *name)
{
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_init_request q = { .passphrase = p, .name = name, .cost = LIVE_COST };
	struct recovery_code *code = NULL;
	struct err err = { 0 };

	memcpy(q.invitation.b, invitation->code, sizeof q.invitation.b);
	if (account_init(&code, t->box, t->remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
	passphrase_free(p);
	return code;
}
