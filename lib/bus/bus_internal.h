/* SPDX-License-Identifier: Apache-2.0 */
/* bus_internal: libdbus-1 as this folder uses it, and a connection. */
#ifndef BUS_INTERNAL_H
#define BUS_INTERNAL_H

#include <dbus/dbus.h>

#include "base/auto.h"
#include "base/err.h"

#define BUS_ADDRESS_BYTES 1024 /* a socket's path has at most 107 */

struct libdbus {
	__typeof__(dbus_error_init) *error_init;
	__typeof__(dbus_error_free) *error_free;
	__typeof__(dbus_error_has_name) *error_has_name;
	__typeof__(dbus_threads_init_default) *threads_init;
	__typeof__(dbus_connection_open_private) *open;
	__typeof__(dbus_connection_set_exit_on_disconnect) *set_exit;
	__typeof__(dbus_connection_get_is_authenticated) *is_in;
	__typeof__(dbus_connection_get_unix_fd) *fd;
	__typeof__(dbus_connection_read_write) *read_write;
	__typeof__(dbus_connection_pop_message) *pop;
	__typeof__(dbus_connection_send_with_reply_and_block) *ask;
	__typeof__(dbus_connection_close) *close;
	__typeof__(dbus_connection_unref) *unref;
	__typeof__(dbus_message_new_method_call) *call;
	__typeof__(dbus_message_append_args) *append;
	__typeof__(dbus_message_get_args) *get;
	__typeof__(dbus_message_get_member) *member;
	__typeof__(dbus_message_iter_init) *iter_init;
	__typeof__(dbus_message_iter_get_arg_type) *iter_type;
	__typeof__(dbus_message_iter_recurse) *iter_recurse;
	__typeof__(dbus_message_iter_next) *iter_next;
	__typeof__(dbus_message_iter_get_basic) *iter_basic;
	__typeof__(dbus_message_unref) *message_unref;
};

/* Bound once bus_connect() has been called. */
extern struct libdbus libdbus;

void bus_message_free(DBusMessage *m);
AUTO_PTR(bus_message_free, DBusMessage);

void bus_disconnect(DBusConnection *c);
AUTO_PTR(bus_disconnect, DBusConnection);

/** A private connection to the bus at @address, known to it.  ERR_UNSUPPORTED (no libdbus-1), ERR_BUSY, ERR_IO. */
int bus_connect(DBusConnection **out, const char *address, struct err *err);

/** Is there a socket at @path? */
bool bus_socket_is_there(const char *path);

/** A call of the bus itself; NULL for want of memory. */
DBusMessage *bus_call_new(const char *method);

#define BUS_NOBODY 1 /* service, object or property are not there, or not for us */

/** Send @call, which may be NULL for want of memory.  0, BUS_NOBODY or -1. */
int bus_ask(DBusMessage **answer, DBusConnection *c, DBusMessage *call, struct err *err);

/** What libdbus complains of, in our words; @e is free afterwards.  Always -1. */
int bus_complain(DBusError *e, struct err *err);

#endif
