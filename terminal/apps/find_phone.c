/* SPDX-License-Identifier: Apache-2.0 */
/* find_phone: the programs of a phone that keep messages and calls. */
#include "apps/find.h"

/* Chatty looks below the home folder, whatever XDG says. */
int
chatty_find(app_find_fn *fn, void *ctx, struct err *err)
{
	char path[FIND_PATH_BYTES];

	return find_path(path, FIND_HOME, ".purple/chatty/db/chatty-history.db")
		       ? find_one("messages", "messages-chatty", path, fn, ctx, err)
		       : 0;
}

int
gnome_calls_find(app_find_fn *fn, void *ctx, struct err *err)
{
	char path[FIND_PATH_BYTES];

	return find_path(path, FIND_DATA, "calls/records.db")
		       ? find_one("calls", "calls-gnome", path, fn, ctx, err)
		       : 0;
}
