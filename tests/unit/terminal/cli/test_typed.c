/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/typed.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void
a_variable_is_taken_out_of_the_environment_and_wiped(void **state)
{
	AUTO(typed_free) struct typed *t = NULL;
	char *entry = strdup("CLOUDBOX_TEST_SECRET=correct horse");
	char *value = strchr(entry, '=') + 1;

	(void)state;
	assert_int_equal(putenv(entry), 0); /* keeps the very bytes */
	assert_int_equal(typed_from_environment(&t, "CLOUDBOX_TEST_SECRET", NULL), 0);
	assert_true(span_equal(typed_span(t), span_str("correct horse")));
	assert_null(getenv("CLOUDBOX_TEST_SECRET"));
	for (size_t i = 0; i < strlen("correct horse"); i++)
		assert_int_equal(value[i], 0);
	free(entry);
}

static void
a_variable_that_is_not_set_gives_nothing(void **state)
{
	struct typed *t = NULL;

	(void)state;
	assert_int_equal(typed_from_environment(&t, "CLOUDBOX_TEST_UNSET", NULL), 0);
	assert_null(t);
}

static void
a_variable_too_long_is_refused_and_wiped(void **state)
{
	struct typed *t = NULL;
	struct err err = { 0 };
	char text[TYPED_BYTES_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(setenv("CLOUDBOX_TEST_LONG", text, 1), 0);
	assert_int_equal(typed_from_environment(&t, "CLOUDBOX_TEST_LONG", &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(t);
	assert_null(getenv("CLOUDBOX_TEST_LONG"));
}

/* A file of @n times 'x'; removed by the caller. */
static void
make_file(char path[static 32], size_t n)
{
	strcpy(path, "/tmp/cloudbox-typed-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void
a_file_is_read_up_to_the_limit_and_no_further(void **state)
{
	AUTO(typed_free) struct typed *fits = NULL;
	AUTO(typed_free) struct typed *more = NULL;
	struct err err = { 0 };
	char path[32];

	(void)state;
	make_file(path, TYPED_BYTES_MAX);
	assert_int_equal(typed_from_file(&fits, path, &err), 0);
	assert_int_equal(typed_span(fits).n, TYPED_BYTES_MAX);
	unlink(path);
	make_file(path, TYPED_BYTES_MAX + 1);
	assert_int_equal(typed_from_file(&more, path, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	unlink(path);
}

static void
a_file_that_is_not_there_is_named(void **state)
{
	struct typed *t = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(typed_from_file(&t, "/nowhere/pass", &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "/nowhere/pass is not there");
}

/* All that the terminal shows until its other end is closed. */
static size_t
read_screen(int master, char *out, size_t cap)
{
	size_t n = 0;
	ssize_t got;

	while (n < cap - 1 && (got = read(master, out + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	return n;
}

static void
wait_for(int master, const char *text)
{
	char seen[256] = "";
	size_t n = 0;

	while (!strstr(seen, text)) {
		struct pollfd p = { .fd = master, .events = POLLIN };

		assert_int_equal(poll(&p, 1, 10000), 1);
		ssize_t got = read(master, seen + n, sizeof seen - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
		seen[n] = '\0';
	}
}

static void
what_is_typed_is_not_shown_and_the_echo_comes_back(void **state)
{
	char screen[256];
	struct termios after;
	int master, status;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct typed *t = NULL;
		int rc = typed_from_terminal(&t, "Passphrase: ", NULL);
		bool right = rc == 0 && span_equal(typed_span(t), span_str("secret"));

		typed_free(t);
		tcgetattr(STDIN_FILENO, &after);
		_exit(right && (after.c_lflag & ECHO) ? 0 : 1);
	}
	wait_for(master, "Passphrase: ");
	assert_int_equal(write(master, "secret\n", 7), 7);
	read_screen(master, screen, sizeof screen);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_null(strstr(screen, "secret"));
	close(master);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_is_taken_out_of_the_environment_and_wiped),
		cmocka_unit_test(a_variable_that_is_not_set_gives_nothing),
		cmocka_unit_test(a_variable_too_long_is_refused_and_wiped),
		cmocka_unit_test(a_file_is_read_up_to_the_limit_and_no_further),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(what_is_typed_is_not_shown_and_the_echo_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
