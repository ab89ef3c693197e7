/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system_bus: what services of the system say of it: their properties, and when one of them changes.
 *
 * The bus is that of DBUS_SYSTEM_BUS_ADDRESS, else the socket /run/dbus/system_bus_socket.  libdbus-1 is opened when
 * it is first needed.  Asking a service that is started on demand (UPower) starts it.
 * Threads: one connection, one thread.
 */
#ifndef BUS_SYSTEM_BUS_H
#define BUS_SYSTEM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

#define SYSTEM_BUS_ABSENT                                                                          \
	1 /* no bus; or no such service, object or property, or another type of value */
#define SYSTEM_BUS_TEXT_BYTES 256
#define SYSTEM_BUS_PATHS_MAX  16

struct system_bus;

/** Connect.  0, SYSTEM_BUS_ABSENT or -1: ERR_UNSUPPORTED (no libdbus-1), ERR_BUSY (no answer in time), ERR_IO. */
int system_bus_open(struct system_bus **out, struct err *err);
void system_bus_free(struct system_bus *b);
AUTO_PTR(system_bus_free, struct system_bus);

/* Where properties are. */
struct system_bus_object {
	const char *service;   /* "org.freedesktop.UPower" */
	const char *path;      /* "/org/freedesktop/UPower" */
	const char *interface; /* "org.freedesktop.UPower" */
};

/* A property of each type: 0, SYSTEM_BUS_ABSENT or -1 (ERR_BUSY: no answer within BUS_PATIENCE_MS; ERR_IO). */

int system_bus_flag(bool *out, struct system_bus *b, const struct system_bus_object *o,
		    const char *property, struct err *err);
/** An unsigned number of 32 bits. */
int system_bus_number(uint32_t *out, struct system_bus *b, const struct system_bus_object *o,
		      const char *property, struct err *err);
int system_bus_real(double *out, struct system_bus *b, const struct system_bus_object *o,
		    const char *property, struct err *err);
/** Text; what does not fit is cut. */
int system_bus_text(char out[static SYSTEM_BUS_TEXT_BYTES], struct system_bus *b,
		    const struct system_bus_object *o, const char *property, struct err *err);

struct system_bus_paths {
	char paths[SYSTEM_BUS_PATHS_MAX][SYSTEM_BUS_TEXT_BYTES];
	size_t n;
};

/** A list of object paths; those that do not fit, or are longer than any path should be, are left out. */
int system_bus_paths(struct system_bus_paths *out, struct system_bus *b,
		     const struct system_bus_object *o, const char *property, struct err *err);

/** From now on a change of any of its properties, its coming and its going count (path and service of @o). */
int system_bus_watch(struct system_bus *b, const struct system_bus_object *o, struct err *err);

/** For poll(), POLLIN; it stays the same as long as @b. */
int system_bus_fd(const struct system_bus *b);

/** Take what has come: without waiting, to be called once after the watches are set and whenever the descriptor is
 *  readable.  @changed: something watched changed.  0, or -1: ERR_IO, the bus has gone; close @b. */
int system_bus_take(bool *changed, struct system_bus *b, struct err *err);

#endif
