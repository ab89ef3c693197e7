/* SPDX-License-Identifier: Apache-2.0 */
/* chosen: which of an app's items a command line means: ITEM…, --all, --thread WHOM or --where EXPR. */
#ifndef CLI_CHOSEN_H
#define CLI_CHOSEN_H

#include "box/meant.h"
#include "box/threads.h"
#include "cli/cli.h"

struct chosen {
	struct threads threads; /* with --thread: only items of these */
	struct meant *meant;    /* with --where; else NULL */
};

void chosen_clear(struct chosen *c);
AUTO_OBJ(chosen_clear, struct chosen);

/** Whether all of an app's items are meant, or are to be asked by chosen_item(): --all, --thread, --where.
 *  ERR_USAGE if several or none of ITEM and these are given.  @return 0 or 1, or -1. */
int chosen_all(const struct cli *cli, struct err *err);

/** @s: the app, open and brought up to date; borrowed.  What --where asks for is filled into the inventory.
 *  threads_find()'s and meant_new()'s errors. */
int chosen_init(struct chosen *out, struct cli *cli, struct app_session *s, struct err *err);

/** Does it choose some of the items only? */
bool chosen_some(const struct chosen *c);

/** 1: @item, of inventory_each(), is meant; 0; MEANT_UNREAD; -1. */
int chosen_item(struct chosen *c, const struct inventory_item *item, struct err *err);

/* Native ids; owns its strings. */
struct chosen_ids {
	const char **list;
	size_t n, cap;
};

void chosen_ids_clear(struct chosen_ids *ids);
AUTO_OBJ(chosen_ids_clear, struct chosen_ids);

enum chosen_among { CHOSEN_ANY, CHOSEN_IN_BOX, CHOSEN_SAVED };

/** The native ids of what --thread or --where mean, of the app that the command's first word names: all,
 *  or those that have a shortcut, or that lie in the cloud.  ERR_NOT_FOUND: none. */
int
chosen_ids_find(struct chosen_ids *out, struct cli *cli, enum chosen_among among, struct err *err);

#endif
