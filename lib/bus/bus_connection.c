/* SPDX-License-Identifier: Apache-2.0 */
/* bus_connection: libdbus-1, and a connection to a bus that answers in time or not at all. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/module.h"
#include "bus/bus.h"
#include "bus/bus_internal.h"

struct libdbus libdbus;

static const struct module_symbol symbols[] = {
	{ "dbus_error_init", &libdbus.error_init },
	{ "dbus_error_free", &libdbus.error_free },
	{ "dbus_error_has_name", &libdbus.error_has_name },
	{ "dbus_threads_init_default", &libdbus.threads_init },
	{ "dbus_connection_open_private", &libdbus.open },
	{ "dbus_connection_set_exit_on_disconnect", &libdbus.set_exit },
	{ "dbus_connection_get_is_authenticated", &libdbus.is_in },
	{ "dbus_connection_get_unix_fd", &libdbus.fd },
	{ "dbus_connection_read_write", &libdbus.read_write },
	{ "dbus_connection_pop_message", &libdbus.pop },
	{ "dbus_connection_send_with_reply_and_block", &libdbus.ask },
	{ "dbus_connection_close", &libdbus.close },
	{ "dbus_connection_unref", &libdbus.unref },
	{ "dbus_message_new_method_call", &libdbus.call },
	{ "dbus_message_append_args", &libdbus.append },
	{ "dbus_message_get_args", &libdbus.get },
	{ "dbus_message_get_member", &libdbus.member },
	{ "dbus_message_iter_init", &libdbus.iter_init },
	{ "dbus_message_iter_get_arg_type", &libdbus.iter_type },
	{ "dbus_message_iter_recurse", &libdbus.iter_recurse },
	{ "dbus_message_iter_next", &libdbus.iter_next },
	{ "dbus_message_iter_get_basic", &libdbus.iter_basic },
	{ "dbus_message_unref", &libdbus.message_unref },
};

static struct module module = MODULE_INIT("libdbus-1.so.3", "libdbus-1-3", symbols);

void
bus_message_free(DBusMessage *m)
{
	if (m)
		libdbus.message_unref(m);
}

void
bus_disconnect(DBusConnection *c)
{
	if (!c)
		return;
	libdbus.close(c);
	libdbus.unref(c);
}

bool
bus_socket_is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int
no_answer(struct err *err)
{
	err_set(err, ERR_BUSY, "D-Bus does not answer");
	return err_hint(err, "log in anew, or try again later");
}

int
bus_complain(DBusError *e, struct err *err)
{
	bool late = libdbus.error_has_name(e, DBUS_ERROR_NO_REPLY) ||
		    libdbus.error_has_name(e, DBUS_ERROR_TIMEOUT);

	if (!late)
		err_set(err, ERR_IO, "cannot speak to D-Bus: %s", e->message ? e->message : "?");
	libdbus.error_free(e);
	return late ? no_answer(err)
		    : err_hint(err, "DBUS_SESSION_BUS_ADDRESS names the session's bus; log in anew "
				    "if it is gone");
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Let the bus know who we are: asking before that would wait for it without end. */
static int
log_in(DBusConnection *c, struct err *err)
{
	int64_t end = now_ms() + BUS_PATIENCE_MS;

	while (!libdbus.is_in(c)) {
		int64_t left = end - now_ms();

		if (left <= 0)
			return no_answer(err);
		if (!libdbus.read_write(c, (int)left)) {
			err_set(err, ERR_IO, "D-Bus does not let us in");
			return err_hint(err, "run it as the user whose session it is");
		}
	}
	return 0;
}

static bool
is_nobody(const DBusError *e)
{
	static const char *const names[] = {
		DBUS_ERROR_SERVICE_UNKNOWN, DBUS_ERROR_NAME_HAS_NO_OWNER,
		DBUS_ERROR_UNKNOWN_OBJECT,  DBUS_ERROR_UNKNOWN_INTERFACE,
		DBUS_ERROR_UNKNOWN_METHOD,  DBUS_ERROR_UNKNOWN_PROPERTY,
		DBUS_ERROR_INVALID_ARGS,    DBUS_ERROR_ACCESS_DENIED,
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (libdbus.error_has_name(e, names[i]))
			return true;
	return false;
}

int
bus_ask(DBusMessage **answer, DBusConnection *c, DBusMessage *call, struct err *err)
{
	DBusError e;

	if (!call)
		return err_nomem(err);
	libdbus.error_init(&e);
	*answer = libdbus.ask(c, call, BUS_PATIENCE_MS, &e);
	if (*answer)
		return 0;
	if (!is_nobody(&e))
		return bus_complain(&e, err);
	libdbus.error_free(&e);
	return BUS_NOBODY;
}

DBusMessage *
bus_call_new(const char *method)
{
	return libdbus.call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method);
}

static int
say_hello(DBusConnection *c, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *hello = bus_call_new("Hello");
	AUTO(bus_message_free) DBusMessage *welcome = NULL;
	int rc = bus_ask(&welcome, c, hello, err);

	return rc == BUS_NOBODY ? err_set(err, ERR_IO, "D-Bus does not let us in") : rc;
}

int
bus_connect(DBusConnection **out, const char *address, struct err *err)
{
	AUTO(bus_disconnect) DBusConnection *c = NULL;
	DBusError e;

	if (module_need(&module, err) < 0)
		return -1;
	if (!libdbus.threads_init())
		return err_nomem(err);
	libdbus.error_init(&e);
	c = libdbus.open(address, &e);
	if (!c)
		return bus_complain(&e, err);
	libdbus.set_exit(c, FALSE);
	if (log_in(c, err) < 0 || say_hello(c, err) < 0)
		return -1;
	*out = TAKE(c);
	return 0;
}
