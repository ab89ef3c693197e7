/* SPDX-License-Identifier: Apache-2.0 */
/*
 * here: the apps of this terminal, as commands meet them: found, opened, and their inventory
 * brought up to date.
 *
 * What an app has that is no item of ours (a broken card, a link) is told as a note, on a screen at
 * most HERE_NOTES of them; it never stops the command.  What could not be read is told so, too, and
 * kept by name: who shows or adds all there is has done it in part (exit 3).
 */
#ifndef CLI_HERE_H
#define CLI_HERE_H

#include "box/box_apps.h"
#include "cli/cli.h"

#define HERE_NOTES 10 /* of each app; the others are counted */

/* A source, or a folder of sources, that could not be read now; owns its strings. */
struct here_unread {
	char *source; /* path within the app, as stored; "" for all of it */
	char *reason;
};

struct here {
	struct app *app;
	struct app_session *session;
	struct here_unread *unread;
	size_t n_unread, cap_unread;
};

#define HERE_INIT                                                                                  \
	{                                                                                          \
		NULL, NULL, NULL, 0, 0                                                             \
	}

void here_clear(struct here *h);
AUTO_OBJ(here_clear, struct here);

/** The app @name: the Box's, or one found by itself, which the Box knows from then on.
 *  ERR_NOT_FOUND with the `apps add` line as the hint. */
int here_get(struct app **out, struct cli *cli, const char *name, struct err *err);

/** Open the app @name and refresh its inventory.  ERR_NOT_FOUND, ERR_IO. */
int here_open(struct here *out, struct cli *cli, const char *name, struct err *err);

/** Call @fn for every app that this terminal has by itself and that the Box does not know, by name. */
int here_found_each(struct cli *cli, app_found_fn *fn, void *ctx, struct err *err);

/** Make apps known that this terminal has by itself: the one called @name, or all (NULL); so that
 *  a restore finds them.  None of that name is no error. */
int here_know(struct cli *cli, const char *name, struct err *err);

/** Refresh the inventory of every app in the Box; one that cannot be opened is a note. */
int here_refresh_all(struct cli *cli, struct err *err);

#endif
