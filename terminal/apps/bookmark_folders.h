/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmark_folders: the folders of a browser's bookmarks, found by parent and name in constant time.
 *
 * The first folder of a name in its parent is the one that is found; others of it are kept, too.
 */
#ifndef APPS_BOOKMARK_FOLDERS_H
#define APPS_BOOKMARK_FOLDERS_H

#include "item/arena.h"
#include "item/bookmark.h"

#define BOOKMARK_NO_FOLDER   UINT32_MAX
#define BOOKMARK_FOLDERS_MAX 1000000u

struct bookmark_folder {
	uint32_t parent; /* BOOKMARK_NO_FOLDER: a root */
	uint32_t depth;  /* of a root 0 */
	uint32_t next;   /* in its bucket */
	enum bookmark_root root;
	struct span name; /* owned by the arena */
	void *what;       /* the caller's */
	uint64_t where;   /* the caller's */
};

struct bookmark_folders {
	struct bookmark_folder *list;
	size_t n, cap;
	uint32_t *buckets;
	size_t n_buckets; /* a power of two */
	struct item_arena *arena;
};

void bookmark_folders_clear(struct bookmark_folders *fs);
AUTO_OBJ(bookmark_folders_clear, struct bookmark_folders);

/** A new folder; of a root @parent is BOOKMARK_NO_FOLDER.  ERR_NOMEM, ERR_LIMIT. */
int bookmark_folders_add(uint32_t *out, struct bookmark_folders *fs, uint32_t parent,
			 enum bookmark_root root, struct span name, struct err *err);

/** The first of @name in @parent, or BOOKMARK_NO_FOLDER. */
uint32_t
bookmark_folders_find(const struct bookmark_folders *fs, uint32_t parent, struct span name);

/** Root and path of @folder: @names, of BOOKMARK_DEPTH_MAX, receives the names, outermost first, for
 *  as long as @fs is not changed.  False: it lies deeper than that. */
bool bookmark_folders_path(struct bookmark *out, struct span *names,
			   const struct bookmark_folders *fs, uint32_t folder);

#endif
