/* SPDX-License-Identifier: Apache-2.0 */
/* bus against a real dbus-daemon of its own. */
#include "unit.h"

#include <dbus/dbus.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "bus/bus.h"
#include "bus/system_bus.h"

#define NAME "org.example.Open"

struct fixture {
	char folder[64];
	char address[256];
	pid_t daemon;
};

/* A dbus-daemon whose socket is `bus` in a folder of its own; it prints its address when it listens. */
static int
start(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char wanted[128];
	int out[2];

	assert_non_null(f);
	*state = f;
	snprintf(f->folder, sizeof f->folder, "/tmp/cloudbox-bus-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(wanted, sizeof wanted, "--address=unix:path=%s/bus", f->folder);
	assert_int_equal(pipe(out), 0);
	f->daemon = fork();
	assert_true(f->daemon >= 0);
	if (f->daemon == 0) {
		dup2(out[1], 3);
		execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile",
		       "--print-address=3", wanted, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	ssize_t n = read(out[0], f->address, sizeof f->address - 1);
	close(out[0]);
	if (n > 0)
		f->address[strcspn(f->address, "\n")] = '\0';
	return 0;
}

static int
stop(void **state)
{
	struct fixture *f = *state;
	char path[128];

	kill(f->daemon, SIGCONT);
	kill(f->daemon, SIGTERM);
	waitpid(f->daemon, NULL, 0);
	snprintf(path, sizeof path, "%s/bus", f->folder);
	unlink(path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void
need_daemon(const struct fixture *f)
{
	if (f->address[0])
		return;
	printf("there is no dbus-daemon here\n");
	skip();
}

static void
use(const char *address, const char *run)
{
	assert_int_equal(address ? setenv("DBUS_SESSION_BUS_ADDRESS", address, 1)
				 : unsetenv("DBUS_SESSION_BUS_ADDRESS"),
			 0);
	assert_int_equal(run ? setenv("XDG_RUNTIME_DIR", run, 1) : unsetenv("XDG_RUNTIME_DIR"), 0);
}

static bool
owned(const char *name)
{
	struct err err = { 0 };
	bool yes = true;

	if (bus_name_is_owned(&yes, name, &err) < 0)
		fail_msg("%s", err.msg);
	return yes;
}

/* An app that opens: it owns NAME until it is closed. */
static DBusConnection *
app_open(const char *address)
{
	DBusError e = DBUS_ERROR_INIT;
	DBusConnection *c = dbus_connection_open_private(address, &e);

	assert_non_null(c);
	assert_true(dbus_bus_register(c, &e));
	assert_int_equal(dbus_bus_request_name(c, NAME, 0, &e),
			 DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER);
	return c;
}

static void
app_close(DBusConnection *c)
{
	dbus_connection_set_exit_on_disconnect(c, FALSE);
	dbus_connection_close(c);
	dbus_connection_unref(c);
}

static void
a_name_is_owned_as_long_as_its_app_is_open(void **state)
{
	const struct fixture *f = *state;

	need_daemon(f);
	use(f->address, NULL);
	assert_false(owned(NAME));
	DBusConnection *app = app_open(f->address);
	assert_true(owned(NAME));
	assert_false(owned("org.example.Other"));
	app_close(app);
	assert_false(owned(NAME));
}

static void
the_bus_of_the_runtime_folder_serves_without_an_address(void **state)
{
	const struct fixture *f = *state;

	need_daemon(f);
	DBusConnection *app = app_open(f->address);
	use(NULL, f->folder);
	assert_true(owned(NAME));
	use("autolaunch:", f->folder);
	assert_true(owned(NAME));
	app_close(app);
}

static void
without_a_bus_nobody_owns_a_name(void **state)
{
	(void)state;
	use(NULL, "/tmp/cloudbox-bus-nowhere");
	assert_false(owned("org.freedesktop.DBus"));
}

static void
a_bus_that_is_gone_is_an_error(void **state)
{
	struct err err = { 0 };
	bool yes;

	(void)state;
	use("unix:path=/tmp/cloudbox-bus-nowhere/bus", NULL);
	assert_int_equal(bus_name_is_owned(&yes, NAME, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_true(strlen(err.hint) > 0);
	assert_false(yes);
}

static void
a_bus_that_hangs_is_not_waited_for_without_end(void **state)
{
	const struct fixture *f = *state;
	struct err err = { 0 };
	int status;
	bool yes;

	need_daemon(f);
	use(f->address, NULL);
	assert_int_equal(kill(f->daemon, SIGSTOP), 0);
	assert_int_equal(waitpid(f->daemon, &status, WUNTRACED), f->daemon);
	assert_int_equal(bus_name_is_owned(&yes, NAME, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_false(yes);
	assert_int_equal(kill(f->daemon, SIGCONT), 0);
	assert_false(owned(NAME));
}

/* --- the system's bus --- */

static struct system_bus *
system_bus(const char *address)
{
	struct system_bus *b = NULL;
	struct err err = { 0 };

	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
	if (system_bus_open(&b, &err) != 0)
		fail_msg("%s", err.msg);
	return b;
}

static void
what_nobody_says_on_the_systems_bus_is_absent(void **state)
{
	const struct fixture *f = *state;
	const struct system_bus_object nobody = { NAME, "/", NAME },
				       bus = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
					       "org.freedesktop.DBus" };
	struct system_bus_paths paths;
	char text[SYSTEM_BUS_TEXT_BYTES];
	uint32_t number;
	bool flag;

	need_daemon(f);
	AUTO(system_bus_free) struct system_bus *b = system_bus(f->address);
	assert_int_equal(system_bus_flag(&flag, b, &nobody, "OnBattery", NULL), SYSTEM_BUS_ABSENT);
	assert_int_equal(system_bus_number(&number, b, &bus, "NoSuchThing", NULL),
			 SYSTEM_BUS_ABSENT);
	/* It is there and is a list of texts: of another type than all of these. */
	assert_int_equal(system_bus_number(&number, b, &bus, "Interfaces", NULL),
			 SYSTEM_BUS_ABSENT);
	assert_int_equal(system_bus_text(text, b, &bus, "Interfaces", NULL), SYSTEM_BUS_ABSENT);
	assert_int_equal(system_bus_paths(&paths, b, &bus, "Interfaces", NULL), 0);
	assert_int_equal(paths.n, 0);
}

/* What came within the patience of a test. */
static bool
comes(struct system_bus *b)
{
	struct pollfd p = { .fd = system_bus_fd(b), .events = POLLIN };
	bool changed = false;

	for (int i = 0; i < 100 && !changed && poll(&p, 1, 10000) == 1; i++)
		assert_int_equal(system_bus_take(&changed, b, NULL), 0);
	return changed;
}

static void
a_service_is_seen_to_come_and_to_go(void **state)
{
	const struct fixture *f = *state;
	const struct system_bus_object service = { NAME, "/", NAME };
	bool changed;

	need_daemon(f);
	AUTO(system_bus_free) struct system_bus *b = system_bus(f->address);
	assert_int_equal(system_bus_watch(b, &service, NULL), 0);
	assert_int_equal(system_bus_take(&changed, b, NULL), 0);
	assert_false(changed);
	DBusConnection *app = app_open(f->address);
	assert_true(comes(b));
	app_close(app);
	assert_true(comes(b));
}

static void
a_system_bus_that_is_gone_is_an_error(void **state)
{
	struct system_bus *b = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1), 0);
	assert_int_equal(system_bus_open(&b, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_null(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_owned_as_long_as_its_app_is_open),
		cmocka_unit_test(the_bus_of_the_runtime_folder_serves_without_an_address),
		cmocka_unit_test(without_a_bus_nobody_owns_a_name),
		cmocka_unit_test(a_bus_that_is_gone_is_an_error),
		cmocka_unit_test(a_bus_that_hangs_is_not_waited_for_without_end),
		cmocka_unit_test(what_nobody_says_on_the_systems_bus_is_absent),
		cmocka_unit_test(a_service_is_seen_to_come_and_to_go),
		cmocka_unit_test(a_system_bus_that_is_gone_is_an_error),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
