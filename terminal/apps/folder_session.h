/* SPDX-License-Identifier: Apache-2.0 */
/* folder_session: the session of adapters whose apps are folders of files, and their readers. */
#ifndef APPS_FOLDER_SESSION_H
#define APPS_FOLDER_SESSION_H

#include "apps/folder.h"

struct folder_session {
	struct app_session base; /* first: a folder_session is an app_session */
	struct folder_root folder;
	void *state; /* the adapter's own, or NULL */
};

static inline struct folder_session *
folder_session_of(struct app_session *s)
{
	return (struct folder_session *)s;
}

/** adapter.open and adapter.close of such adapters; close() leaves `state` to the adapter. */
int folder_session_open(struct app_session **out, const struct app *app, struct err *err);
void folder_session_close(struct app_session *s);

/** adapter.stamp of such adapters. */
int folder_session_stamp(struct app_stamp *out, struct app_session *s, const char *path,
			 struct err *err);

/** adapter.tidy of such adapters. */
int folder_session_tidy(struct app_session *s, struct err *err);

/** A reader of place->size bytes from place->offset of the source.  0, APP_MOVED or -1. */
int folder_reader_new(struct item_reader **out, struct folder_session *s,
		      const struct app_place *place, struct err *err);

/** A reader of bytes at hand; takes @bytes' memory. */
int bytes_reader_new(struct item_reader **out, struct buf *bytes, struct err *err);

/* Bytes that are made while they are read. */
struct made_bytes {
	void *ctx;
	/* The next @n bytes, which there are.  0, APP_MOVED or -1. */
	int (*fill)(void *ctx, uint8_t *out, size_t n, struct err *err);
	/* After the last one: 0 (all came from one unchanged whole), APP_MOVED or -1. */
	int (*check)(void *ctx, struct err *err);
	void (*free)(void *ctx);
};

/** A reader of the @size bytes of @made, whose ctx becomes its own in any case. */
int made_reader_new(struct item_reader **out, const struct made_bytes *made, uint64_t size,
		    struct err *err);

/* Bytes that become something else than one file. */
struct taken_bytes {
	void *ctx;
	int (*write)(void *ctx, struct span piece, struct err *err);
	/* Durable and in its place; @stamp receives what it looks like.  0, APP_EXISTS or -1. */
	int (*finish)(void *ctx, int64_t modified_unix_ms, struct app_stamp *stamp,
		      struct err *err);
	void (*free)(void *ctx); /* what is not in its place is gone */
};

/** A writer of @path into @taken, whose ctx becomes its own in any case. */
int taken_writer_new(struct item_writer **out, const struct taken_bytes *taken, const char *path,
		     struct err *err);

/** adapter.apply of whole files: additions through adapter.create, removals through @remove
 *  (0, APP_MOVED or -1). */
int whole_files_apply(struct app_session *s, struct app_change *changes, size_t n,
		      int (*remove)(struct app_session *s, const struct app_place *place,
				    struct err *err),
		      struct err *err);

/** Remove the file at @place if it is as it was.  0, APP_MOVED or -1. */
int folder_remove_file(struct app_session *s, const struct app_place *place, struct err *err);

/** adapter.create of such adapters. */
int folder_writer_new(struct item_writer **out, struct app_session *s, const char *path,
		      struct err *err);

#endif
