/* SPDX-License-Identifier: Apache-2.0 */
/* chromium_internal: what chromium.c and chromium_write.c share. */
#ifndef APPS_CHROMIUM_INTERNAL_H
#define APPS_CHROMIUM_INTERNAL_H

#include "apps/bookmark_folders.h"
#include "apps/chromium_json.h"
#include "apps/folder.h"

/* Chromium counts microseconds from 1601-01-01. */
#define CHROMIUM_EPOCH_MS INT64_C(11644473600000)

/* Chromium has no menu of bookmarks: a folder of "other" with this pair in its meta_info is one. */
#define CHROMIUM_ROOT_KEY  "cloudbox_root"
#define CHROMIUM_ROOT_MENU "menu"

struct chromium_row {
	int64_t id;
	struct json_object *node; /* the tree's */
	uint32_t folder;
};

struct chromium {
	struct folder_root folder;
	char *name;      /* of the file in it: "Bookmarks" */
	char *user_data; /* the folder of SingletonLock, above the profile's */
	struct json_object *tree;
	struct app_stamp stamp; /* of the file that the tree was read from; zeros: there was none */
	struct bookmark_folders folders; /* .what: their nodes; .where: their ids */
	uint32_t roots[BOOKMARK_ROOTS];
	struct chromium_row *rows; /* by id */
	size_t n_rows, cap_rows;
	int64_t last_id;                       /* the highest there is */
	struct span names[BOOKMARK_DEPTH_MAX]; /* of the folders around the row at hand */
	bool is_writing;
};

/** The newest state is at hand. */
int chromium_need_tree(struct chromium *c, struct err *err);
void chromium_forget(struct chromium *c);

/** What the file looks like; zeros where there is none. */
int chromium_stamp(struct app_stamp *out, void *store, struct err *err);

struct chromium_row *chromium_find_row(struct chromium *c, int64_t id);

/** Append the row as the form has it.  0, or ROW_REFUSED: it is no bookmark; @err says why. */
int chromium_row_print(struct chromium *c, const struct chromium_row *row, struct buf *out,
		       struct err *err);

/* Members of row_kind. */
int chromium_begin(void *store, struct err *err);
int chromium_add(void *store, struct span bytes, int64_t *number, struct err *err);
int chromium_replace(void *store, int64_t number, struct span bytes, struct err *err);
int chromium_remove(void *store, int64_t number, struct err *err);
int chromium_commit(void *store, struct err *err);
void chromium_rollback(void *store);
int chromium_shown(struct buf *out, void *store, struct span bytes, struct err *err);
int chromium_tidy(void *store, struct err *err);

#endif
