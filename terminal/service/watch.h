/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: changes of the apps' data, seen when they happen (inotify(7)).
 *
 * Folders are watched, not files: SQLite's journals, files that are replaced by a rename, and new files all tell there.
 * A look follows when it has become quiet (quiet.h); it finds out by itself what changed, nothing of that is said here.
 * Nobody relies on it: what is not seen (too many folders, a queue that ran over, a network's file system, a folder
 * that is gone) is found by the comparison at the start and once a day, and is told once.
 *
 *     app at a file                   its folder, names that begin with the file's
 *     app with rows in a folder       if the rows' file is there: that folder, names that begin with the file's
 *     any other app in a folder       that folder and all below it, but for the Box's own
 *
 * Apps behind a service (Evolution Data Server) are seen by the files that it writes at once; it is not asked.
 *
 * Threads: none.  Reads no file, only folders.
 */
#ifndef SERVICE_WATCH_H
#define SERVICE_WATCH_H

#include <sys/types.h>

#include "apps/adapter.h"
#include "service/loop.h"

#define WATCH_FOLDERS_MAX 8192 /* of one Box; the kernel takes about 1 KiB for each, we 100 bytes */
#define WATCH_DEPTH_MAX   64

struct watch;

struct watch_duties {
	void *ctx;
	/* There were changes, and it is quiet now. */
	void (*changed)(void *ctx);
	/* A sentence to know: why changes of an app are not seen. */
	void (*say)(void *ctx, const char *sentence);
};

/** Watch nothing yet.  @home_fd: the Box's folder, which is never watched.  ERR_NOMEM. */
int watch_new(struct watch **out, struct loop *loop, int home_fd, const struct watch_duties *duties,
	      struct err *err);
/** When its loop runs no more. */
void watch_free(struct watch *w);
AUTO_PTR(watch_free, struct watch);

/*
 * Say of each look which apps there are:
 *
 *     watch_begin, watch_app..., watch_end
 *
 * Those that were there before, at the same place, stay as they are; what could not be watched is tried again.
 */
void watch_begin(struct watch *w);
int watch_app(struct watch *w, const struct app *app, struct err *err);
/** Apps that were not named are watched no more. */
void watch_end(struct watch *w);

/** How many folders are watched. */
size_t watch_folders(const struct watch *w);

#endif
