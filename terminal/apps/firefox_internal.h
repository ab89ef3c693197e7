/* SPDX-License-Identifier: Apache-2.0 */
/* firefox_internal: what firefox.c and firefox_write.c share. */
#ifndef APPS_FIREFOX_INTERNAL_H
#define APPS_FIREFOX_INTERNAL_H

#include "apps/app_db.h"
#include "item/bookmark.h"

/* Firefox 115 to ESR 153.  What they changed of the tables that bookmarks lie in: nothing
 * (Database.cpp, MigrateV76Up to MigrateV86Up). */
#define FIREFOX_WRITE_OLDEST 75
#define FIREFOX_WRITE_NEWEST 86
/* Firefox 57: bookmarks have had a sync status since. */
#define FIREFOX_READ_OLDEST  39

#define FIREFOX_TYPE_URL    1
#define FIREFOX_TYPE_FOLDER 2

/* The path of one folder: that of the bookmark read last, mostly the next one's, too. */
struct firefox_folder {
	int64_t id; /* 0: none */
	enum { FIREFOX_IN_ROOT, FIREFOX_IN_TAGS, FIREFOX_NOWHERE } where;
	enum bookmark_root root;
	struct buf text; /* the names, innermost first */
	struct {
		size_t at, n;
	} part[BOOKMARK_DEPTH_MAX];            /* of them in it */
	struct span names[BOOKMARK_DEPTH_MAX]; /* outermost first */
	size_t n;
};

struct firefox {
	char *profile;          /* its folder */
	char *path;             /* of places.sqlite in it */
	struct app_db db;       /* a copy; while writing the database itself */
	struct app_stamp stamp; /* of the copy */
	bool is_writing;
	int lock_fd; /* of .parentlock while writing, else -1 */
	int64_t roots[BOOKMARK_ROOTS], tags_root;
	struct firefox_folder folder;
	struct span tags[BOOKMARK_TAGS_MAX]; /* of the row at hand */
};

/** The ids of the roots.  ERR_SYNTAX: one is not there. */
int firefox_read_roots(struct firefox *f, struct err *err);

/** Append row @id as the form has it.  0, APP_MOVED (it is no bookmark any more) or -1. */
int firefox_read(void *store, int64_t id, struct buf *out, struct err *err);

/** The newest state is at hand, or the transaction is open.  0, APP_MOVED (it is gone) or -1. */
int firefox_need_copy(struct firefox *f, struct err *err);

/** Let go of the copy: what is read next is read anew. */
void firefox_forget(struct firefox *f);

/* Members of row_kind. */
int firefox_begin(void *store, struct err *err);
int firefox_add(void *store, struct span bytes, int64_t *number, struct err *err);
int firefox_replace(void *store, int64_t number, struct span bytes, struct err *err);
int firefox_remove(void *store, int64_t number, struct err *err);
int firefox_commit(void *store, struct err *err);
void firefox_rollback(void *store);
int firefox_shown(struct buf *out, void *store, struct span bytes, struct err *err);

#endif
