/* SPDX-License-Identifier: Apache-2.0 */
/* system_bus: see system_bus.h. */
#include "bus/system_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus_internal.h"

#define RULE_BYTES 512

struct system_bus {
	DBusConnection *connection;
	int fd;
};

/* False: there is none. */
static bool
find(char out[static BUS_ADDRESS_BYTES])
{
	static const char socket[] = "/run/dbus/system_bus_socket";
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int n;

	if (address && *address) {
		n = snprintf(out, BUS_ADDRESS_BYTES, "%s", address);
		return n > 0 && n < BUS_ADDRESS_BYTES;
	}
	if (!bus_socket_is_there(socket))
		return false;
	snprintf(out, BUS_ADDRESS_BYTES, "unix:path=%s", socket);
	return true;
}

int
system_bus_open(struct system_bus **out, struct err *err)
{
	AUTO(system_bus_free) struct system_bus *b = NULL;
	char address[BUS_ADDRESS_BYTES];

	if (!find(address))
		return SYSTEM_BUS_ABSENT;
	b = calloc(1, sizeof *b);
	if (!b)
		return err_nomem(err);
	if (bus_connect(&b->connection, address, err) < 0)
		return -1;
	if (!libdbus.fd(b->connection, &b->fd))
		return err_set(err, ERR_IO, "D-Bus has no descriptor");
	*out = TAKE(b);
	return 0;
}

void
system_bus_free(struct system_bus *b)
{
	if (!b)
		return;
	bus_disconnect(b->connection);
	free(b);
}

int
system_bus_fd(const struct system_bus *b)
{
	return b->fd;
}

/* The answer to Get, and @it at the value within the variant. */
static int
get(DBusMessage **answer, DBusMessageIter *it, struct system_bus *b,
    const struct system_bus_object *o, const char *property, struct err *err)
{
	AUTO(bus_message_free)
	DBusMessage *call = libdbus.call(o->service, o->path, DBUS_INTERFACE_PROPERTIES, "Get");
	DBusMessageIter outer;
	int rc;

	if (call && !libdbus.append(call, DBUS_TYPE_STRING, &o->interface, DBUS_TYPE_STRING,
				    &property, DBUS_TYPE_INVALID))
		return err_nomem(err);
	rc = bus_ask(answer, b->connection, call, err);
	if (rc)
		return rc < 0 ? -1 : SYSTEM_BUS_ABSENT;
	if (!libdbus.iter_init(*answer, &outer) || libdbus.iter_type(&outer) != DBUS_TYPE_VARIANT)
		return SYSTEM_BUS_ABSENT;
	libdbus.iter_recurse(&outer, it);
	return 0;
}

/* A value that is no text, of @type, into *out. */
static int
get_basic(void *out, int type, struct system_bus *b, const struct system_bus_object *o,
	  const char *property, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *answer = NULL;
	DBusMessageIter it;
	int rc = get(&answer, &it, b, o, property, err);

	if (rc)
		return rc;
	if (libdbus.iter_type(&it) != type)
		return SYSTEM_BUS_ABSENT;
	libdbus.iter_basic(&it, out);
	return 0;
}

int
system_bus_flag(bool *out, struct system_bus *b, const struct system_bus_object *o,
		const char *property, struct err *err)
{
	dbus_bool_t value;
	int rc = get_basic(&value, DBUS_TYPE_BOOLEAN, b, o, property, err);

	if (rc == 0)
		*out = value;
	return rc;
}

int
system_bus_number(uint32_t *out, struct system_bus *b, const struct system_bus_object *o,
		  const char *property, struct err *err)
{
	dbus_uint32_t value;
	int rc = get_basic(&value, DBUS_TYPE_UINT32, b, o, property, err);

	if (rc == 0)
		*out = value;
	return rc;
}

int
system_bus_real(double *out, struct system_bus *b, const struct system_bus_object *o,
		const char *property, struct err *err)
{
	return get_basic(out, DBUS_TYPE_DOUBLE, b, o, property, err);
}

int
system_bus_text(char out[static SYSTEM_BUS_TEXT_BYTES], struct system_bus *b,
		const struct system_bus_object *o, const char *property, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *answer = NULL;
	const char *value;
	DBusMessageIter it;
	int rc = get(&answer, &it, b, o, property, err);

	if (rc)
		return rc;
	if (libdbus.iter_type(&it) != DBUS_TYPE_STRING)
		return SYSTEM_BUS_ABSENT;
	libdbus.iter_basic(&it, &value);
	snprintf(out, SYSTEM_BUS_TEXT_BYTES, "%s", value);
	return 0;
}

int
system_bus_paths(struct system_bus_paths *out, struct system_bus *b,
		 const struct system_bus_object *o, const char *property, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *answer = NULL;
	DBusMessageIter it, element;
	int rc = get(&answer, &it, b, o, property, err);

	out->n = 0;
	if (rc)
		return rc;
	if (libdbus.iter_type(&it) != DBUS_TYPE_ARRAY)
		return SYSTEM_BUS_ABSENT;
	for (libdbus.iter_recurse(&it, &element);
	     libdbus.iter_type(&element) == DBUS_TYPE_OBJECT_PATH && out->n < SYSTEM_BUS_PATHS_MAX;
	     libdbus.iter_next(&element)) {
		const char *path;

		libdbus.iter_basic(&element, &path);
		if (strlen(path) < SYSTEM_BUS_TEXT_BYTES)
			strcpy(out->paths[out->n++], path);
	}
	return 0;
}

static int
add_match(struct system_bus *b, const char *rule, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *call = bus_call_new("AddMatch"), *answer = NULL;
	int rc;

	if (call && !libdbus.append(call, DBUS_TYPE_STRING, &rule, DBUS_TYPE_INVALID))
		return err_nomem(err);
	rc = bus_ask(&answer, b->connection, call, err);
	return rc == BUS_NOBODY ? err_set(err, ERR_IO, "D-Bus does not let us watch it") : rc;
}

int
system_bus_watch(struct system_bus *b, const struct system_bus_object *o, struct err *err)
{
	char rule[RULE_BYTES];

	snprintf(rule, sizeof rule,
		 "type='signal',sender='%s',path='%s',interface='" DBUS_INTERFACE_PROPERTIES
		 "',member='PropertiesChanged'",
		 o->service, o->path);
	if (add_match(b, rule, err) < 0)
		return -1;
	snprintf(rule, sizeof rule,
		 "type='signal',sender='" DBUS_SERVICE_DBUS "',interface='" DBUS_INTERFACE_DBUS
		 "',member='NameOwnerChanged',arg0='%s'",
		 o->service);
	return add_match(b, rule, err);
}

int
system_bus_take(bool *changed, struct system_bus *b, struct err *err)
{
	bool there = libdbus.read_write(b->connection, 0);
	DBusMessage *m;

	*changed = false;
	while ((m = libdbus.pop(b->connection))) {
		const char *member = libdbus.member(m);

		*changed |= member && (strcmp(member, "PropertiesChanged") == 0 ||
				       strcmp(member, "NameOwnerChanged") == 0);
		libdbus.message_unref(m);
	}
	return there ? 0 : err_set(err, ERR_IO, "D-Bus has gone");
}
