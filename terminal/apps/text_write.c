/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_write: changes to apps whose items lie many in a file (text_app.h).
 *
 *     prepare (a temporary file beside its place)  ->  all durable  ->  into place, one rename each
 *     ->  folders durable
 *
 * All edits of one file make one new text, in which every other item's bytes are copied as they are.
 * A new item goes to a file of its own in a folder, to the end of the file otherwise, or, where a root
 * is around them, before its end tag.  Files go into place by FOLDER_FILES_MAX at a time, so that a
 * thousand contacts cost a few waits for the disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/app_item.h"
#include "apps/text_write.h"
#include "merge/merge.h"

#define NAME_TRIES 1000 /* of a free name beside one that is taken */

/* 1. On its way. */

void
pending_clear(struct pending *p)
{
	folder_file_clear(&p->file);
	free(p->path);
	*p = (struct pending){ .file = FOLDER_FILE_INIT };
}
/* A temporary file beside @path. */
int
pending_begin(struct pending *p, struct folder_session *s, const char *path,
	      enum folder_missing missing, struct err *err)
{
	int fd = -1, rc;

	p->path = strdup(path);
	if (!p->path)
		return err_nomem(err);
	rc = folder_of(&fd, &p->name, &s->folder, p->path, missing, err);
	return rc ? rc : folder_file_new(&p->file, fd, err);
}

/* 2. A new card's file. */

/* A file name of a contact's name: no separators, no leading dot, short enough for a suffix. */
static int
file_name_of(struct buf *out, struct span name, const char *extension, struct err *err)
{
	AUTO(buf_clear) struct buf clean = BUF_INIT(8192);
	size_t n;

	if (name_for_people(&clean, name, err) < 0)
		return -1;
	for (size_t i = 0; i < clean.n; i++) {
		if (clean.p[i] == '/' || clean.p[i] == '\\' || (i == 0 && clean.p[i] == '.'))
			clean.p[i] = '_';
	}
	for (n = clean.n < 200 ? clean.n : 200; n > 0 && n < clean.n; n--) {
		if ((clean.p[n] & 0xc0) != 0x80)
			break; /* not in the middle of a character */
	}
	if (buf_append(out, span_of(clean.p, n), err) < 0)
		return -1;
	return buf_append_str(out, extension, err);
}

/* Where a new item would go first: the path it had, if that is one of ours; else by its name. */
static int
path_for(struct buf *out, const struct app_change *c, const struct text_kind *kind, struct err *err)
{
	struct err ignored = { 0 };

	if (!c->path || folder_path_check(c->path, &ignored) < 0 || folder_path_is_hidden(c->path))
		return file_name_of(out, c->name, kind->new_file, err);
	if (buf_append_str(out, c->path, err) < 0)
		return -1;
	if (kind->wants(c->path))
		return 0;
	if (buf_append_str(out, kind->new_file, err) < 0)
		return -1;
	if (folder_path_check(buf_str(out), &ignored) == 0)
		return 0;
	buf_reset(out);
	return file_name_of(out, c->name, kind->new_file, err);
}

/* Put @nth before the extension: "Anna (from backup).vcf" becomes "Anna (from backup) 2.vcf". */
static int
path_number(struct buf *path, unsigned nth, struct err *err)
{
	AUTO(buf_clear) struct buf extension = BUF_INIT(APP_PATH_MAX);
	const char *dot = strrchr(buf_str(path), '.');

	if (dot && buf_append_str(&extension, dot, err) < 0)
		return -1;
	path->n -= extension.n;
	if (buf_append_fmt(path, err, " %u", nth) < 0)
		return -1;
	return buf_append(path, buf_span(&extension), err);
}

/* The @nth name to try: the path itself; "NAME (from backup).vcf"; that with 2, 3… */
static int
path_try(struct buf *out, struct span path, unsigned nth, struct err *err)
{
	buf_reset(out);
	if (nth == 0)
		return buf_append(out, path, err);
	if (merge_file_name(out, path, err) < 0)
		return -1;
	return nth == 1 ? 0 : path_number(out, nth, err);
}

int
pending_new(struct pending *p, struct folder_session *s, const struct app_change *c,
	    struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(2 * APP_PATH_MAX);

	p->is_new = true;
	if (path_for(&path, c, text_kind_of(&s->base), err) < 0 ||
	    pending_begin(p, s, buf_str(&path), FOLDER_MISSING_MAKE, err) != 0)
		return -1;
	return os_write_all(p->file.fd, c->bytes, buf_str(&path), err);
}

/* At its path, or beside what lies there: only the last part of the path changes. */
int
pending_put_new(struct pending *p, struct err *err)
{
	AUTO(buf_clear) struct buf candidate = BUF_INIT(2 * APP_PATH_MAX);
	struct span path = span_str(p->path);
	int rc = APP_EXISTS;

	for (unsigned i = 0; rc == APP_EXISTS && i < NAME_TRIES; i++) {
		if (path_try(&candidate, path, i, err) < 0 ||
		    folder_path_check(buf_str(&candidate), err) < 0)
			return -1;
		rc = folder_file_put_new(&p->file, buf_str(&candidate) + (p->name - p->path), err);
	}
	if (rc == APP_EXISTS)
		return err_set(err, ERR_EXISTS, "%s and all names beside it are taken", p->path);
	if (rc < 0)
		return -1;
	free(p->path);
	p->name = NULL;
	p->path = strdup(buf_str(&candidate));
	return p->path ? 0 : err_nomem(err);
}

/* 3. Into place. */

int
pending_put(struct pending *p, struct err *err)
{
	struct app_stamp stamp = folder_stamp(&p->like);

	if (p->is_new)
		return pending_put_new(p, err);
	if (p->is_gone)
		return folder_unlink(p->file.folder_fd, p->name, &stamp, err);
	return folder_file_put_over(&p->file, p->name, &p->like, err);
}

int
text_app_rewrite(struct app_stamp *stamp, struct app_session *s, const struct app_source *source,
		 const struct app_rewrite *rewrite, struct err *err)
{
	AUTO(pending_clear) struct pending p = { .file = FOLDER_FILE_INIT };
	struct folder_file *file = &p.file;
	int rc = pending_text(&p, folder_session_of(s), source, rewrite, err);

	if (rc)
		return rc;
	if (folder_files_sync(&file, 1, err) < 0)
		return -1;
	rc = pending_put(&p, err);
	*stamp = source->stamp;
	return rc || p.is_gone ? rc : folder_files_settle(&file, 1, stamp, err);
}
