/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus: is an app open?  Desktop apps own a name on the session's D-Bus as long as they run.
 *
 * Asked through libdbus-1, which is opened when it is first needed (base/module.h).  The session's bus is
 * the one of DBUS_SESSION_BUS_ADDRESS, else the socket `bus` in XDG_RUNTIME_DIR or in /run/user/UID; none is
 * ever started.  A connection lives as long as the question.
 * Threads: all may call.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>

#include "base/err.h"

#define BUS_PATIENCE_MS 5000 /* how long a bus may take to answer */

/**
 * Does somebody own @name ("sm.puri.Chatty")?
 * @owned  false, too, where there is no session bus at all: nobody can own a name there.
 * @return 0, or -1: ERR_UNSUPPORTED (a bus, but no libdbus-1), ERR_BUSY (the bus does not answer in time),
 *         ERR_IO (it cannot be spoken to).  Then nobody knows: do not write.
 */
int bus_name_is_owned(bool *owned, const char *name, struct err *err);

#endif
