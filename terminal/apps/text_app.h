/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_app: adapters over text files that hold many items each: a folder of them (recursively), or one.
 *
 * What differs between them is a text_kind; the operations are the same, and go into the adapter's
 * table as they are.
 */
#ifndef APPS_TEXT_APP_H
#define APPS_TEXT_APP_H

#include "apps/folder_session.h"
#include "item/charset.h"
#include "item/ical.h"
#include "item/sms_xml.h"
#include "item/text_stream.h"
#include "merge/key_set.h"

/* What stands around the items of a file. */
struct text_root {
	const char *name;    /* "smses" */
	const char *written; /* for people: "<smses>" */
	text_survey_fn *survey;
	const char *empty; /* the text of a file without items */
};

struct text_kind {
	folder_wants_fn *wants; /* names of its files */
	text_split_fn *split;   /* a file's text into items */
	/* Where new items go.  NULL: in a folder each to a file of its own, else to the end of the file.
	 * Else: before the root's end; its count, if it has one, is kept right. */
	const struct text_root *root;
	bool zones;  /* its items carry the time zones that they name: text_zones.h */
	bool series; /* with a root: a folder may keep each series in a file of its own, and then new
			ones go so: text_series.h */
	const char
		*new_file; /* without a root the extension of a new item's own file (".vcf"); with
				 one, the name of a file that is made where none can take items */
};

const struct text_kind *text_kind_of(const struct app_session *s);

/* Members of struct adapter, besides those of folder_session.h. */
void text_app_close(struct app_session *s);
int text_app_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		     struct err *err);
int text_app_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
			 app_refused_fn *refused, void *ctx, struct err *err);
int text_app_type(const char **out, struct app_session *s, const struct app_place *place,
		  struct err *err);
int text_app_open_item(struct item_reader **out, struct app_session *s,
		       const struct app_place *place, struct err *err);
int text_app_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err);
int text_app_home(const char **out, struct app_session *s, struct err *err);
int
text_app_rewrite(struct app_stamp *stamp, struct app_session *s, const struct app_source *source,
		 const struct app_rewrite *rewrite, struct err *err);

/* ---- a source's text ---- */

#define TEXT_CONVERTED_MAX ((size_t)256 << 20) /* a UTF-16 or UTF-32 file: it is converted whole */

/* Read from the open file, or, where that is UTF-16 or UTF-32, its UTF-8 form; or a text at hand. */
struct source_text {
	int fd;               /* owned; -1: there is no file, `converted` is the text */
	struct buf converted; /* else empty for CHARSET_BYTES */
	uint64_t size;        /* bytes of the text */
	enum charset_form form;
	struct stat st;
};

#define SOURCE_TEXT_INIT                                                                           \
	{                                                                                          \
		.fd = -1, .converted = BUF_INIT(2 * TEXT_CONVERTED_MAX)                            \
	}

/** Open the source at @path if it still has @stamp.  0, APP_MOVED or -1.  A text of the file's own
 *  bytes is one state of the file only if source_text_check() says so after the last byte. */
int source_text_open(struct source_text *t, const struct folder_session *s, const char *path,
		     const struct app_stamp *stamp, struct err *err);
void source_text_clear(struct source_text *t);
AUTO_OBJ(source_text_clear, struct source_text);

/** Read @n bytes from @at on.  0, APP_MOVED (it is shorter now) or -1. */
int source_text_read(struct source_text *t, uint64_t at, void *p, size_t n, const char *path,
		     struct err *err);

/** Has the file still @stamp?  0, APP_MOVED or -1. */
int source_text_check(const struct source_text *t, const struct folder_session *s, const char *path,
		      const struct app_stamp *stamp, struct err *err);

/** The root's survey() of it.  0, APP_MOVED or -1. */
int source_text_survey(struct text_frame *out, struct source_text *t, const char *path,
		       const struct text_root *root, struct err *err);

/** Call @fn for each component of it.  0, APP_MOVED or -1 (also @fn's). */
int source_text_each(struct source_text *t, const char *path, text_part_fn *fn, void *ctx,
		     struct err *err);

/** Its time zones, and, with @count, how many components name each.  0, APP_MOVED or -1. */
int source_text_zones(struct ical_zones *out, struct source_text *t, const char *path, bool count,
		      struct err *err);

/* ---- what a session keeps ---- */

/* The files of a folder that keeps series apart (text_series.h). */
struct text_series {
	bool known;          /* it was looked through */
	bool apart;          /* it is such a folder */
	struct key_set keys; /* a hash of each series' UID */
	char **paths;        /* their files, by the key's number; owned */
	size_t cap, last;    /* number of the path that sorts last */
};

struct text_state {
	char *home; /* the file that takes new items, once it is known */
	struct text_series series;
	struct ical_zones zones; /* of the source that was read last */
	char *zones_of;
	struct app_stamp zones_stamp;
};

/** Made at the first call; NULL: ERR_NOMEM. */
struct text_state *text_state_of(struct folder_session *s, struct err *err);

#endif
