/* SPDX-License-Identifier: Apache-2.0 */
/* bus: does somebody own a name on the session's bus?  See bus.h. */
#include "bus/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus_internal.h"

/* The session's bus; false: there is none. */
static bool
session_bus(char out[static BUS_ADDRESS_BYTES])
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *run = getenv("XDG_RUNTIME_DIR");
	char path[BUS_ADDRESS_BYTES / 2];
	int n;

	/* "autolaunch:" would start one. */
	if (address && *address && strncmp(address, "autolaunch:", 11) != 0) {
		n = snprintf(out, BUS_ADDRESS_BYTES, "%s", address);
		return n > 0 && n < BUS_ADDRESS_BYTES;
	}
	/* systemd's place for it, also for who came by ssh or cron. */
	if (run && *run == '/')
		n = snprintf(path, sizeof path, "%s/bus", run);
	else
		n = snprintf(path, sizeof path, "/run/user/%lu/bus", (unsigned long)geteuid());
	if (n < 0 || (size_t)n >= sizeof path || !bus_socket_is_there(path))
		return false;
	snprintf(out, BUS_ADDRESS_BYTES, "unix:path=%s", path);
	return true;
}

static int
ask_owner(bool *owned, DBusConnection *c, const char *name, struct err *err)
{
	AUTO(bus_message_free) DBusMessage *call = bus_call_new("NameHasOwner"), *answer = NULL;
	dbus_bool_t yes = FALSE;
	DBusError e;
	int rc;

	if (call && !libdbus.append(call, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
		return err_nomem(err);
	rc = bus_ask(&answer, c, call, err);
	if (rc == BUS_NOBODY)
		return err_set(err, ERR_IO, "D-Bus does not let us in");
	if (rc < 0)
		return -1;
	libdbus.error_init(&e);
	if (!libdbus.get(answer, &e, DBUS_TYPE_BOOLEAN, &yes, DBUS_TYPE_INVALID))
		return bus_complain(&e, err);
	*owned = yes;
	return 0;
}

int
bus_name_is_owned(bool *owned, const char *name, struct err *err)
{
	AUTO(bus_disconnect) DBusConnection *c = NULL;
	char address[BUS_ADDRESS_BYTES];

	*owned = false;
	if (!session_bus(address))
		return 0;
	return bus_connect(&c, address, err) < 0 ? -1 : ask_owner(owned, c, name, err);
}
