/* SPDX-License-Identifier: Apache-2.0 */
/* door: both ends of the service's socket, in two processes. */
#include "service/door.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/session.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "os/os.h"
#include "service/ask.h"
#include "service/message.h"
#include "temp.h"
#include "unit.h"

/* A service in a process of its own: it counts looks, and ends when this process does. */
struct fixture {
	struct temp t;
	int home_fd;
	pid_t pid;
};

static struct server {
	struct loop loop;
	struct held held;
	struct door door;
	unsigned looks, strangers;
} server;

static void
look(void *ctx)
{
	(void)ctx;
	server.looks++;
}

static void
stranger(void *ctx)
{
	(void)ctx;
	server.strangers++;
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static int
status(void *ctx, struct buf *out, struct err *err)
{
	(void)ctx;
	return buf_append_fmt(out, err, "{\"looks\": %u, \"strangers\": %u}", server.looks,
			      server.strangers);
}

static void
serve(int home_fd, int ready_fd)
{
	const struct door_duties duties = {
		.look = look, .session_changed = nothing, .status = status, .stranger = stranger
	};
	struct err err;

	if (loop_init(&server.loop, nothing, NULL, &err) < 0 ||
	    door_open(&server.door, &server.loop, home_fd, &server.held, &duties, &err) < 0)
		_exit(1);
	if (write(ready_fd, "", 1) == 1)
		loop_run(&server.loop, &err);
	_exit(1);
}

static int
setup(void **state)
{
	static struct fixture one;
	struct fixture *f = &one;
	int ready[2];
	char byte;

	*state = f;
	temp_make(&f->t);
	f->home_fd = open(f->t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pipe(ready), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(f->home_fd, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	close(f->home_fd);
	temp_remove(&f->t);
	return 0;
}

static struct account_session *
a_session(void)
{
	struct account_session *s = calloc(1, sizeof *s);
	const uint8_t key[SECRET_BYTES] = "a key that is known to all here";
	struct err err;

	assert_non_null(s);
	s->kind = LOGIN_RECOVERY;
	assert_int_equal(secret_from_bytes(&s->kek, key, &err), 0);
	assert_int_equal(secret_from_bytes(&s->login_seed, key, &err), 0);
	return s;
}

static void
assert_status(const struct fixture *f, const char *expected)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(4096);
	struct err err;

	assert_int_equal(service_ask_status(&text, f->home_fd, &err), 0);
	assert_string_equal(buf_str(&text), expected);
}

static void
a_look_is_heard(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_status(f, "{\"looks\": 0, \"strangers\": 0}");
	assert_int_equal(service_ask_look(f->home_fd, &err), 0);
	assert_int_equal(service_ask_look(f->home_fd, &err), 0);
	assert_status(f, "{\"looks\": 2, \"strangers\": 0}");
}

static void
a_session_is_kept_given_and_forgotten(void **state)
{
	struct fixture *f = *state;
	AUTO(account_session_free) struct account_session *s = a_session();
	AUTO(account_session_free) struct account_session *got = NULL;
	struct err err;

	assert_int_equal(service_ask_session(&got, f->home_fd, &err), SERVICE_LACK);
	assert_int_equal(service_ask_lock(f->home_fd, &err), SERVICE_LACK);
	assert_int_equal(service_ask_keep(f->home_fd, s, &err), 0);
	assert_int_equal(service_ask_session(&got, f->home_fd, &err), 0);
	assert_true(secret_equal(got->kek, s->kek));
	assert_int_equal(got->kind, LOGIN_RECOVERY);
	account_session_free(TAKE(got));
	assert_int_equal(service_ask_lock(f->home_fd, &err), 0);
	assert_int_equal(service_ask_session(&got, f->home_fd, &err), SERVICE_LACK);
}

static void
where_no_service_runs_that_is_an_expected_answer(void **state)
{
	struct fixture *f = *state;
	AUTO(account_session_free) struct account_session *s = NULL;
	struct err err;

	kill(f->pid, SIGKILL); /* its socket is left in the folder */
	waitpid(f->pid, NULL, 0);
	assert_int_equal(service_ask_look(f->home_fd, &err), SERVICE_NONE);
	assert_int_equal(unlinkat(f->home_fd, MESSAGE_SOCKET, 0), 0);
	assert_int_equal(service_ask_session(&s, f->home_fd, &err), SERVICE_NONE);
	f->pid = fork();
	if (f->pid == 0)
		_exit(0);
}

static int
connected(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" MESSAGE_SOCKET, f->home_fd);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void
what_is_not_understood_is_answered_no(void **state)
{
	static const char *const said[] = { "hello", "ok\n", "no\n", "keep\nshort", "lock" };
	struct fixture *f = *state;

	for (size_t i = 0; i < N_ELEMENTS(said); i++) {
		char answer[MESSAGE_BYTES_MAX] = "";
		int fd = connected(f);

		assert_true(send(fd, said[i], strlen(said[i]), 0) > 0);
		assert_true(recv(fd, answer, sizeof answer - 1, 0) > 3);
		assert_memory_equal(answer, "no\n", 3);
		assert_int_equal(recv(fd, answer, sizeof answer, 0), 0); /* once each */
		close(fd);
	}
	assert_status(f, "{\"looks\": 0, \"strangers\": 0}");
}

static void
visitors_who_say_nothing_hold_nobody_up(void **state)
{
	struct fixture *f = *state;
	int silent[3 * DOOR_VISITORS];
	char byte;

	for (size_t i = 0; i < N_ELEMENTS(silent); i++)
		silent[i] = connected(f);
	assert_status(f, "{\"looks\": 0, \"strangers\": 0}");
	assert_int_equal(recv(silent[0], &byte, 1, 0), 0); /* pushed out */
	for (size_t i = 0; i < N_ELEMENTS(silent); i++)
		close(silent[i]);
}

static void
the_socket_is_its_owners_alone(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(fstatat(f->home_fd, MESSAGE_SOCKET, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* What a process of another user gets. */
static int
as_somebody_else(const struct fixture *f)
{
	char byte;
	int fd, status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(99);
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		if (fchdir(f->home_fd) < 0)
			_exit(errno);
		strcpy(a.sun_path, MESSAGE_SOCKET);
		if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
			_exit(errno);
		if (send(fd, "session\n", 8, MSG_NOSIGNAL) < 0)
			_exit(0);
		_exit(recv(fd, &byte, 1, 0) > 0 ? 98 : 0); /* answered: 98 */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void
another_user_cannot_connect_and_is_not_answered_where_the_modes_let_him(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0) {
		print_message("only root can be somebody else\n");
		skip();
	}
	assert_int_equal(as_somebody_else(f), EACCES);
	assert_int_equal(fchmod(f->home_fd, 0755), 0);
	assert_int_equal(as_somebody_else(f), EACCES);
	assert_int_equal(fchmodat(f->home_fd, MESSAGE_SOCKET, 0666, 0), 0);
	assert_int_equal(as_somebody_else(f), 0);
	assert_status(f, "{\"looks\": 0, \"strangers\": 1}");
}

/* Somebody else's process listens where ours would: whoever asks hands it no session. */
static void
another_users_service_is_not_believed(void **state)
{
	struct fixture *f = *state;
	AUTO(account_session_free) struct account_session *s = a_session();
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct err err = { 0 };
	int ready[2];
	char byte;

	if (geteuid() != 0) {
		print_message("only root can be somebody else\n");
		skip();
	}
	assert_int_equal(unlinkat(f->home_fd, MESSAGE_SOCKET, 0), 0);
	assert_int_equal(fchmod(f->home_fd, 0777), 0);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		strcpy(a.sun_path, MESSAGE_SOCKET);
		if (setgid(65534) < 0 || setuid(65534) < 0 || fchdir(f->home_fd) < 0 ||
		    bind(fd, (const struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(service_ask_keep(f->home_fd, s, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

#define A_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		A_TEST(a_look_is_heard),
		A_TEST(a_session_is_kept_given_and_forgotten),
		A_TEST(where_no_service_runs_that_is_an_expected_answer),
		A_TEST(what_is_not_understood_is_answered_no),
		A_TEST(visitors_who_say_nothing_hold_nobody_up),
		A_TEST(the_socket_is_its_owners_alone),
		A_TEST(another_user_cannot_connect_and_is_not_answered_where_the_modes_let_him),
		A_TEST(another_users_service_is_not_believed),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
