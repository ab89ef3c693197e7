/* SPDX-License-Identifier: Apache-2.0 */
/* bus: see bus.h. */
#include "bus/bus.h"

#include <dbus/dbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/module.h"

#define ADDRESS_BYTES 1024 /* a socket's path has at most 107 */

static struct {
	__typeof__(dbus_error_init) *error_init;
	__typeof__(dbus_error_free) *error_free;
	__typeof__(dbus_error_has_name) *error_has_name;
	__typeof__(dbus_threads_init_default) *threads_init;
	__typeof__(dbus_connection_open_private) *open;
	__typeof__(dbus_connection_set_exit_on_disconnect) *set_exit;
	__typeof__(dbus_connection_get_is_authenticated) *is_in;
	__typeof__(dbus_connection_read_write) *read_write;
	__typeof__(dbus_connection_send_with_reply_and_block) *ask;
	__typeof__(dbus_connection_close) *close;
	__typeof__(dbus_connection_unref) *unref;
	__typeof__(dbus_message_new_method_call) *call;
	__typeof__(dbus_message_append_args) *append;
	__typeof__(dbus_message_get_args) *get;
	__typeof__(dbus_message_unref) *message_unref;
} libdbus;

static const struct module_symbol symbols[] = {
	{ "dbus_error_init", &libdbus.error_init },
	{ "dbus_error_free", &libdbus.error_free },
	{ "dbus_error_has_name", &libdbus.error_has_name },
	{ "dbus_threads_init_default", &libdbus.threads_init },
	{ "dbus_connection_open_private", &libdbus.open },
	{ "dbus_connection_set_exit_on_disconnect", &libdbus.set_exit },
	{ "dbus_connection_get_is_authenticated", &libdbus.is_in },
	{ "dbus_connection_read_write", &libdbus.read_write },
	{ "dbus_connection_send_with_reply_and_block", &libdbus.ask },
	{ "dbus_connection_close", &libdbus.close },
	{ "dbus_connection_unref", &libdbus.unref },
	{ "dbus_message_new_method_call", &libdbus.call },
	{ "dbus_message_append_args", &libdbus.append },
	{ "dbus_message_get_args", &libdbus.get },
	{ "dbus_message_unref", &libdbus.message_unref },
};

static struct module module = MODULE_INIT("libdbus-1.so.3", "libdbus-1-3", symbols);

static void
message_free(DBusMessage *m)
{
	if (m)
		libdbus.message_unref(m);
}
AUTO_PTR(message_free, DBusMessage);

static void
connection_free(DBusConnection *c)
{
	if (!c)
		return;
	libdbus.close(c);
	libdbus.unref(c);
}
AUTO_PTR(connection_free, DBusConnection);

static bool
socket_is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The session's bus; false: there is none. */
static bool
session_bus(char out[static ADDRESS_BYTES])
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *run = getenv("XDG_RUNTIME_DIR");
	char path[ADDRESS_BYTES / 2];
	int n;

	/* "autolaunch:" would start one. */
	if (address && *address && strncmp(address, "autolaunch:", 11) != 0) {
		n = snprintf(out, ADDRESS_BYTES, "%s", address);
		return n > 0 && n < ADDRESS_BYTES;
	}
	/* systemd's place for it, also for who came by ssh or cron. */
	if (run && *run == '/')
		n = snprintf(path, sizeof path, "%s/bus", run);
	else
		n = snprintf(path, sizeof path, "/run/user/%lu/bus", (unsigned long)geteuid());
	if (n < 0 || (size_t)n >= sizeof path || !socket_is_there(path))
		return false;
	snprintf(out, ADDRESS_BYTES, "unix:path=%s", path);
	return true;
}

static int
no_answer(struct err *err)
{
	err_set(err, ERR_BUSY, "the session's D-Bus does not answer");
	return err_hint(err, "log in anew, or try again later");
}

/* What libdbus complains of, in our words; @e is free afterwards. */
static int
complain(DBusError *e, struct err *err)
{
	bool late = libdbus.error_has_name(e, DBUS_ERROR_NO_REPLY) ||
		    libdbus.error_has_name(e, DBUS_ERROR_TIMEOUT);

	if (!late)
		err_set(err, ERR_IO, "cannot speak to the session's D-Bus: %s",
			e->message ? e->message : "?");
	libdbus.error_free(e);
	return late ? no_answer(err)
		    : err_hint(err,
			       "DBUS_SESSION_BUS_ADDRESS names the bus; log in anew if it is gone");
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
			err_set(err, ERR_IO, "the session's D-Bus does not let us in");
			return err_hint(err, "run it as the user whose session it is");
		}
	}
	return 0;
}

/* Send @call, which may be NULL for want of memory. */
static int
ask(DBusMessage **answer, DBusConnection *c, DBusMessage *call, struct err *err)
{
	DBusError e;

	if (!call)
		return err_nomem(err);
	libdbus.error_init(&e);
	*answer = libdbus.ask(c, call, BUS_PATIENCE_MS, &e);
	return *answer ? 0 : complain(&e, err);
}

static DBusMessage *
call_new(const char *method)
{
	return libdbus.call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method);
}

static int
ask_owner(bool *owned, DBusConnection *c, const char *name, struct err *err)
{
	AUTO(message_free) DBusMessage *hello = call_new("Hello"), *call = call_new("NameHasOwner");
	AUTO(message_free) DBusMessage *welcome = NULL, *answer = NULL;
	dbus_bool_t yes = FALSE;
	DBusError e;

	if (call && !libdbus.append(call, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
		return err_nomem(err);
	if (ask(&welcome, c, hello, err) < 0 || ask(&answer, c, call, err) < 0)
		return -1;
	libdbus.error_init(&e);
	if (!libdbus.get(answer, &e, DBUS_TYPE_BOOLEAN, &yes, DBUS_TYPE_INVALID))
		return complain(&e, err);
	*owned = yes;
	return 0;
}

int
bus_name_is_owned(bool *owned, const char *name, struct err *err)
{
	AUTO(connection_free) DBusConnection *c = NULL;
	char address[ADDRESS_BYTES];
	DBusError e;

	*owned = false;
	if (!session_bus(address))
		return 0;
	if (module_need(&module, err) < 0)
		return -1;
	if (!libdbus.threads_init())
		return err_nomem(err);
	libdbus.error_init(&e);
	c = libdbus.open(address, &e);
	if (!c)
		return complain(&e, err);
	libdbus.set_exit(c, FALSE);
	return log_in(c, err) < 0 ? -1 : ask_owner(owned, c, name, err);
}
