/* SPDX-License-Identifier: Apache-2.0 */
/*
 * here: the apps of this terminal, as commands meet them: found, opened, and their inventory
 * brought up to date.
 *
 * What an app has that is no item of ours (a broken card, a link) is told as a note, on a screen at
 * most HERE_NOTES of them; it never stops the command.
 */
#ifndef CLI_HERE_H
#define CLI_HERE_H

#include "box/box_apps.h"
#include "cli/cli.h"

#define HERE_NOTES 10 /* of each app; the others are counted */

struct here {
	struct app *app;
	struct app_session *session;
};

#define HERE_INIT                                                                                  \
	{                                                                                          \
		NULL, NULL                                                                         \
	}

void here_clear(struct here *h);
AUTO_OBJ(here_clear, struct here);

/** The app @name: the Box's, or one found by itself, which the Box knows from then on.
 *  ERR_NOT_FOUND with the `apps add` line as the hint. */
int here_get(struct app **out, struct cli *cli, const char *name, struct err *err);

/** Open the app @name and refresh its inventory.  ERR_NOT_FOUND, ERR_IO. */
int here_open(struct here *out, struct cli *cli, const char *name, struct err *err);

/** Make apps known that this terminal has by itself: the one called @name, or all (NULL); so that
 *  a restore finds them.  None of that name is no error. */
int here_know(struct cli *cli, const char *name, struct err *err);

/** Refresh the inventory of every app in the Box; one that cannot be opened is a note. */
int here_refresh_all(struct cli *cli, struct err *err);

#endif
