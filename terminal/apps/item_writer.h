/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item_writer: a new file of an app, streamed, put into place whole or not at all.
 *
 *     item_writer_open --item_writer_write*--> item_writer_finish     0, or APP_EXISTS
 *              \------------ item_writer_free: nothing remains ---------/
 *
 * The bytes go to a temporary file (`.cloudbox-RANDOM~`) in the target folder; finish() makes them
 * durable and links them into place without ever replacing a file.  Missing folders are made, each
 * beneath the last.
 */
#ifndef APPS_ITEM_WRITER_H
#define APPS_ITEM_WRITER_H

#include "apps/adapter.h"

/** ERR_USAGE (not a path beneath the app's folder, a part over 255 bytes), ERR_UNSUPPORTED (the app
 *  takes no whole files), ERR_IO, ERR_FULL. */
int item_writer_open(struct item_writer **out, struct app_session *s, const char *path,
		     struct err *err);
/** Removes the temporary file unless it was put into place. */
void item_writer_free(struct item_writer *w);
AUTO_PTR(item_writer_free, struct item_writer);

int item_writer_write(struct item_writer *w, struct span piece, struct err *err);

/**
 * Set the modification time, make it durable, link it into place.
 * @modified_unix_ms  of the backup; INT64_MIN: now.
 * @place             receives where the item lies (its `source` is borrowed from @w); may be NULL.
 * @return 0, APP_EXISTS (nothing was written), or -1.
 */
int item_writer_finish(struct item_writer *w, int64_t modified_unix_ms, struct app_place *place,
		       struct err *err);

/* How one of several comes to its end. */
struct item_finish {
	struct item_writer *writer;
	int64_t modified_unix_ms; /* INT64_MIN: now */
	int rc;                   /* 0, APP_EXISTS, or -1 with `err` */
	struct app_place place;   /* as above */
	struct err err;
};

#define ITEM_FINISH_MAX 128

/** item_writer_finish() for up to ITEM_FINISH_MAX at once: all are durable before the first is put
 *  into place, with one wait for the disk instead of two for each. */
void item_writers_finish(struct item_finish *list, size_t n);

#endif
