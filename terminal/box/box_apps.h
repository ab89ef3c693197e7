/* SPDX-License-Identifier: Apache-2.0 */
/* box_apps: the apps that the Box knows: name, adapter, path, settings. */
#ifndef BOX_BOX_APPS_H
#define BOX_BOX_APPS_H

#include "apps/apps.h"
#include "box/box.h"

/** Add the app, or give the one of that name this adapter, path and settings; its shortcuts and
 *  what was saved stay; where adapter or path differ, its inventory is read anew.  ERR_USAGE: no
 *  name for an app. */
int box_app_put(struct box *b, const struct app *app, struct err *err);

/** Forget the app.  Its shortcuts go with it; what lies in the cloud stays.  BOX_ABSENT. */
int box_app_remove(struct box *b, const char *name, struct err *err);

/** The app of that name; app_free().  ERR_NOT_FOUND, with the `apps add` line to type as the hint.
 */
int box_app_get(struct app **out, struct box *b, const char *name, struct err *err);

struct box_app_counts {
	uint64_t items;  /* in the inventory, as of its last refresh */
	uint64_t in_box; /* shortcuts */
};

typedef int
box_app_fn(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err);

/* @in_box: it has shortcuts. */
typedef int box_app_name_fn(void *ctx, const char *name, bool in_box, struct err *err);

/** The names of all apps, in order; counts nothing. */
int box_app_names_each(struct box *b, box_app_name_fn *fn, void *ctx, struct err *err);

typedef int box_app_place_fn(void *ctx, const struct app *app, struct err *err);

/** All apps, by name; counts nothing. */
int box_app_places_each(struct box *b, box_app_place_fn *fn, void *ctx, struct err *err);

/** All apps, by name. */
int box_apps_each(struct box *b, box_app_fn *fn, void *ctx, struct err *err);

#endif
