/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapter: how Cloudbox speaks with one kind of app.  A table of operations; apps.h lists them.
 *
 * An app's items lie in *sources* (files).  A scan asks for the sources' stamps only; a source is
 * read again when its stamp changed.  An item is found again by its *place*: source, stamp,
 * position.  When the source changed since, every operation says APP_MOVED instead of giving the
 * bytes of something else: the caller refreshes its inventory and asks again.
 *
 * Source paths are relative to the app's folder, bytes as stored, '/' between parts, never empty,
 * never absolute, without "." and ".." parts.  An app whose path is a file has one source, named
 * like that file.
 *
 * Nothing is ever opened or written outside the app's folder: every path is walked beneath it
 * (openat2, RESOLVE_BENEATH, no symbolic links).
 */
#ifndef APPS_ADAPTER_H
#define APPS_ADAPTER_H

#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "item/form.h"

#define APP_NAME_MAX    64         /* [a-z0-9-]{1,64} */
#define APP_PATH_MAX    4095       /* bytes of a source's path (PATH_MAX) */
#define APP_TAKEN_BYTES 26         /* "2019-07-04T12:30:05+02:00" and NUL */
#define APP_PIECE_BYTES (4u << 20) /* what item_reader_next() gives at once: one media chunk */

/* Expected outcomes. */
#define APP_MOVED  1 /* the source changed, or is gone, since the place was noted */
#define APP_EXISTS 2 /* there is a file of that name; it is untouched */
#define APP_UNREAD 4 /* read_source(): the system could not read it now; `refused` was told */
#define APP_END    3 /* item_reader_next(): that was all, and it was one unchanged whole */
#define APP_UNSURE 5 /* shown(): nobody knows before it is written */

struct app_setting {
	char *key;
	char *value;
};

/* An app as the Box knows it.  Made by app_new() (apps.h) or by box_apps.h; owns its strings. */
struct app {
	char *name;    /* "contacts": never changes after a first backup */
	char *adapter; /* "vcard" */
	char *path;    /* absolute: a folder, or a file */
	struct app_setting *settings;
	size_t n_settings;
};

/* What tells, without reading, that a source is as it was. */
struct app_stamp {
	uint64_t device;
	uint64_t inode;
	uint64_t size; /* bytes */
	int64_t mtime_ns;
	int64_t ctime_ns;
};

bool app_stamp_equal(const struct app_stamp *a, const struct app_stamp *b);

struct app_source {
	const char *path;
	struct app_stamp stamp;
};

/* Where an item lies. */
struct app_place {
	const char *source;
	struct app_stamp stamp; /* of the source when the item was seen there */
	uint32_t position;      /* the how manieth item of its source, from 0 */
	uint64_t offset;        /* bytes into the source's text */
	uint64_t size;          /* bytes */
	uint8_t form;           /* enum charset_form: how the source's bytes become its text */
};

#define APP_CONTENT_ID_BYTES 16

/* One item as a source's reading gives it; everything is borrowed for the length of the call. */
struct app_item {
	struct app_place place;
	struct span uid;  /* the id that the app itself gave, or empty */
	struct span name; /* for people, UTF-8 without control characters; never empty */
	/* Of a form with threads (item/thread.h), else empty: the thread, and the other party's name,
	 * as clean as `name`. */
	struct span thread, party;
	const char *type; /* MIME type; NULL: not known yet, ask app_item_type() */
	int64_t modified_unix_ms;
	struct span bytes; /* with a form: the original bytes; files: empty (open the item) */
	/* Without uid the item's id is its source's path, or, where many items share the one
	 * source of an app, made from its content: BLAKE2b-128 of (name key, sorted TEL and EMAIL
	 * keys, else the bytes), and the name key alone; zeros where there is no name. */
	bool id_by_content;
	uint8_t content_id[APP_CONTENT_ID_BYTES];
	uint8_t name_id[APP_CONTENT_ID_BYTES];
};

/* Something that is no item of ours, named: a broken card, a link, a device, a name too long. */
struct app_refused {
	const char *source; /* bytes as stored; NULL: the app's folder itself */
	unsigned line;      /* 0: the whole source */
	const struct err *why;
};

/* 0 to go on; -1 stops the operation, which returns it. */
typedef int app_source_fn(void *ctx, const struct app_source *source, struct err *err);
typedef int app_item_fn(void *ctx, const struct app_item *item, struct err *err);
typedef int app_refused_fn(void *ctx, const struct app_refused *refused, struct err *err);

enum app_change_kind {
	APP_REPLACE, /* the item at `place` gets other bytes */
	APP_ADD,     /* a new item, at `path` or a free name near it */
	APP_REMOVE,  /* the item at `place` goes (undo of an addition); its file, if it is the last
		      */
};

enum app_change_result {
	APP_CHANGE_OPEN, /* not reached: an earlier failure ended apply() */
	APP_CHANGE_DONE,
	APP_CHANGE_CONFLICT, /* the source changed since: nothing of that source was written */
	APP_CHANGE_FAILED,   /* see `err`; it may have been written */
	APP_CHANGE_REFUSED,  /* see `err`: the app has no place for it; it was not written */
};

/* One write to an app. */
struct app_change {
	enum app_change_kind kind;
	struct app_place place; /* replace, remove */
	struct span expected;   /* replace, remove: the item's bytes as they are to be there now;
				   empty for whole files, where the place's stamp says it all */
	struct span bytes;      /* replace, add: the new bytes */
	const char *path;       /* add: the preferred relative path; NULL: made from `name` */
	struct span name;       /* add, without path: the item's name for people */
	/* Filled by apply(). */
	enum app_change_result result;
	struct app_place written; /* replace, add: where it lies now; `source` is `written_path` */
	char *written_path;       /* owned; app_change_clear() */
	struct err err;
};

void app_change_clear(struct app_change *c);

/* One card's edit on its way through a source that is written anew. */
struct app_edit {
	enum app_change_kind kind;
	uint64_t offset, size; /* replace, remove: where it lies in the source's text */
	struct span expected;  /* replace, remove: the bytes that are to be there */
	struct span bytes;     /* replace, add: the new bytes */
};

/* The edits of one source, one at a time, so that none needs to be in memory but the one at hand. */
struct app_rewrite {
	void *ctx;
	int64_t grows; /* by how many items: additions less removals */
	/* The next one: ascending by offset, additions last.  Its spans are borrowed until the next
	 * call.  0, APP_END, or -1. */
	int (*next)(void *ctx, struct app_edit *out, struct err *err);
	/* Where the edit given last lies in the new text (a removal: where it lay). */
	int (*placed)(void *ctx, uint64_t offset, uint64_t size, struct err *err);
	/* In the place of placed(): the app has no place for the edit given last, the others go on. */
	int (*refused)(void *ctx, const struct err *why, struct err *err);
};

struct adapter;
struct text_kind; /* text_app.h */
struct row_kind;  /* row_app.h */

/* An open app.  Adapters embed it as their first member; everybody else only passes it on. */
struct app_session {
	const struct adapter *adapter; /* whose open() may have put a table of its own here: what a
					  plug-in's items are, only the plug-in knows */
	const struct app *app;         /* borrowed until the session is closed */
};

struct item_reader; /* item_reader.h */
struct item_writer; /* item_writer.h */

/* An app that is on this terminal by itself.  Borrowed for the length of the call. */
struct app_found {
	const char *name;  /* what it is to be called: app_name_is_valid() */
	const char *other; /* what, where an app of another adapter has that name; NULL: then it
			      is not told, as that app takes its place */
	const char *path;  /* absolute */
	const struct app_setting *settings;
	size_t n_settings;
};

typedef int app_find_fn(void *ctx, const struct app_found *found, struct err *err);

struct adapter {
	const char *name; /* stored in boxes: never changed, never used again */
	const struct form
		*form; /* of its items, which are merged field by field; NULL: whole files,
				    merged by path and content hash */
	const struct text_kind *text; /* adapters of text_app.h: what its files are; else NULL */
	const struct row_kind *rows;  /* adapters of row_app.h; else NULL */
	const struct item_profile *profile; /* with a form: what the app shows only once */

	/* Call @fn for every app of this kind that this terminal has by itself, where such programs
	 * put their data (find.h).  Quick: a few stats and small files, no library is loaded, no
	 * service started, no data read; what cannot be looked at is not there.  0 or -1 (@fn's, or
	 * ERR_NOMEM).  NULL: such apps have no place of their own. */
	int (*find)(app_find_fn *fn, void *ctx, struct err *err);

	/* Of one file in an open format, which is no text_kind's: what a new one is called; it is empty
	 * at first.  NULL: such an app is never made anew. */
	const char *new_file;

	/* May an import of the file or folder @path be read by this one, before the adapters over texts
	 * of the same form?  NULL: no. */
	bool (*reads)(const char *path);

	/* Open @app.  ERR_NOT_FOUND: its path is not there.  Sets (*out)->adapter, or leaves NULL: this. */
	int (*open)(struct app_session **out, const struct app *app, struct err *err);
	void (*close)(struct app_session *s);

	/* Call @fn for every source, by path bytewise: stats only, nothing is opened but folders.
	 * @refused hears of what can be no source; what cannot be listed is refused, too. */
	int (*sources)(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		       struct err *err);

	/* What the source at @path looks like now.  0, APP_MOVED (it is gone) or -1. */
	int (*stamp)(struct app_stamp *out, struct app_session *s, const char *path,
		     struct err *err);

	/* Call @fn for every item of @source, by position, @refused for what is none.
	 * 0, APP_MOVED or APP_UNREAD (nothing of what was emitted counts) or -1. */
	int (*read_source)(struct app_session *s, const struct app_source *source, app_item_fn *fn,
			   app_refused_fn *refused, void *ctx, struct err *err);

	/* The MIME type of the item at @place, static or valid until the next call on @s; reads at
	 * most 4 KiB.  0, APP_MOVED or -1. */
	int (*type)(const char **out, struct app_session *s, const struct app_place *place,
		    struct err *err);

	/* When the picture or film at @place was taken, as it says itself (taken.h); "" where it does not;
	 * reads some KiB.  0, APP_MOVED or -1.  NULL: the app has no such items. */
	int (*taken)(char out[static APP_TAKEN_BYTES], struct app_session *s,
		     const struct app_place *place, struct err *err);

	/* A reader of the item's original bytes.  0, APP_MOVED or -1. */
	int (*open_item)(struct item_reader **out, struct app_session *s,
			 const struct app_place *place, struct err *err);

	/* Carry out @changes, grouped by source: one atomic rename for each file, untouched items
	 * byte-identical, the file's mode kept.  Each change tells its result.  0 if all are done;
	 * ERR_PARTIAL where some are not; their results say which.  Whole files: no APP_REPLACE.
	 */
	int (*apply)(struct app_session *s, struct app_change *changes, size_t n, struct err *err);

	/* The source that takes new items: of an app that is one file, or whose items lie many in a
	 * file; made where there is none.  *out NULL: each new item gets a source of its own.  *out is
	 * valid until the session is closed.  0 or -1.  NULL without a form. */
	int (*home)(const char **out, struct app_session *s, struct err *err);

	/* Carry out the edits of one source, whose stamp tells that it is as it was seen: one new file,
	 * one rename, everything else copied as it is.  @stamp receives what it looks like then.
	 * 0 (all are done, but for those that were refused), APP_MOVED (the source changed, nothing was
	 * written) or -1 (with ERR_BUSY nothing was written).
	 * NULL without a form. */
	int (*rewrite)(struct app_stamp *stamp, struct app_session *s,
		       const struct app_source *source, const struct app_rewrite *rewrite,
		       struct err *err);

	/* Whole files: a writer for a new file at @path, exactly there.  ERR_USAGE: a path that
	 * leads outside, or no path of ours.  NULL with a form. */
	int (*create)(struct item_writer **out, struct app_session *s, const char *path,
		      struct err *err);

	/* May the app be written now?  ERR_BUSY: it is open, and the hint says what to do;
	 * ERR_UNSUPPORTED: it is only read.  NULL: it always may. */
	int (*ready)(struct app_session *s, struct err *err);

	/* Append what the app will show of a new item once @bytes are written.  0, APP_UNSURE or -1.
	 * NULL: the very bytes.  Where it is not NULL, an item that is read back holds the fields that
	 * were written, not their bytes. */
	int (*shown)(struct buf *out, struct app_session *s, struct span bytes, struct err *err);

	/* Remove the temporary files that a killed program, or a disk that failed, left in the app's
	 * folder.  Only where nobody else writes there: under the Box's run lock. */
	int (*tidy)(struct app_session *s, struct err *err);
};

#endif
