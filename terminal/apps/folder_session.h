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

/** adapter.create of such adapters. */
int folder_writer_new(struct item_writer **out, struct app_session *s, const char *path,
		      struct err *err);

#endif
