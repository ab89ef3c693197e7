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

#define NAME_TRIES   1000 /* of a free name beside one that is taken */
#define COPY_BYTES   ((size_t)64 << 10)
#define NEW_TEXT_MAX (4 * TEXT_CONVERTED_MAX)

/* 1. One source's new text. */

/* From the old text to the new one. */
struct copying {
	struct source_text *from;
	const char *path;
	struct buf piece; /* what is read, or looked at */
	struct buf out;   /* what is to be written; all of it where it has to be converted */
	int fd;           /* the new file */
	uint64_t n;       /* bytes of the new text */
	uint8_t last;     /* its last one */
	bool is_blank;    /* nothing but blanks so far */
	uint64_t add_at;  /* where new items go, in the old text */
	const char *eol;  /* what ends a new item within a root; NULL: there is no root */
	struct text_frame frame;
	uint64_t new_count; /* with frame.count_n: in the place of its count */
	int64_t grown;      /* items, so far */
};

static int
copying_flush(struct copying *c, struct err *err)
{
	int rc = os_write_all(c->fd, buf_span(&c->out), c->path, err);

	buf_reset(&c->out);
	return rc;
}

static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
			return false;
	return true;
}

static int
put(struct copying *c, struct span s, struct err *err)
{
	if (s.n == 0)
		return 0;
	c->n += s.n;
	c->last = s.p[s.n - 1];
	c->is_blank = c->is_blank && is_blank(s);
	if (buf_append(&c->out, s, err) < 0)
		return -1;
	return c->from->form == CHARSET_BYTES && c->out.n >= COPY_BYTES ? copying_flush(c, err) : 0;
}

/* Copy the old text from @at to @end as it is.  0, APP_MOVED or -1. */
static int
copy_bytes(struct copying *c, uint64_t at, uint64_t end, struct err *err)
{
	while (at < end) {
		size_t n = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		uint8_t *p;

		buf_reset(&c->piece);
		if (buf_extend(&c->piece, n, &p, err) < 0)
			return -1;
		int rc = source_text_read(c->from, at, p, n, c->path, err);
		if (rc)
			return rc;
		if (put(c, buf_span(&c->piece), err) < 0)
			return -1;
		at += n;
	}
	return 0;
}

/* Copy the old text from @at to @end, its root's count put right.  0, APP_MOVED or -1. */
static int
copy(struct copying *c, uint64_t at, uint64_t end, struct err *err)
{
	const struct text_frame *f = &c->frame;
	char digits[24];
	int rc;

	if (f->count_n == 0 || at > f->count_at || f->count_at + f->count_n > end)
		return copy_bytes(c, at, end, err);
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)c->new_count);
	rc = copy_bytes(c, at, f->count_at, err);
	if (rc == 0 && put(c, span_str(digits), err) < 0)
		return -1;
	return rc ? rc : copy_bytes(c, f->count_at + f->count_n, end, err);
}

/* Is the item that @e expects where it expects it?  0, APP_MOVED or -1. */
static int
check_expected(struct copying *c, const struct app_edit *e, struct err *err)
{
	uint8_t *p;

	if (e->size != e->expected.n)
		return APP_MOVED;
	buf_reset(&c->piece);
	if (buf_extend(&c->piece, e->expected.n, &p, err) < 0)
		return -1;
	int rc = source_text_read(c->from, e->offset, p, e->expected.n, c->path, err);
	return rc ? rc : span_equal(buf_span(&c->piece), e->expected) ? 0 : APP_MOVED;
}

/* A new item, on a line of its own; within a root only where its end tag stands so. */
static int
put_new_item(struct copying *c, struct span item, uint64_t *offset, uint64_t *size, struct err *err)
{
	const char *eol = c->eol ? c->eol : "\r\n";
	bool ended = item.n && item.p[item.n - 1] == '\n';

	if (!c->eol && c->n && c->last != '\n' && c->last != '\r' && put(c, span_str(eol), err) < 0)
		return -1;
	*offset = c->n;
	if (put(c, item, err) < 0)
		return -1;
	if (c->eol)
		*size = c->n - *offset; /* the line end is not the element's */
	if (item.n && !ended && put(c, span_str(eol), err) < 0)
		return -1;
	if (!c->eol)
		*size = c->n - *offset;
	return 0;
}

/* Within a root the line of an item that goes, goes as well, where it has one of its own as ours have:
 * the bytes at @at that end it. */
static int
skip_line_end(struct copying *c, uint64_t *at, struct err *err)
{
	uint64_t left = c->from->size - *at;
	uint8_t next[2] = { 0, 0 };
	int rc;

	if (!c->eol || c->last != '\n' || left == 0)
		return 0;
	rc = source_text_read(c->from, *at, next, left < 2 ? 1 : 2, c->path, err);
	if (rc == 0)
		*at += next[0] == '\n' ? 1 : next[0] == '\r' && next[1] == '\n' ? 2 : 0;
	return rc;
}

/* One edit; *at is how far the old text is done. */
static int
carry_out(struct copying *c, const struct app_rewrite *w, const struct app_edit *e, uint64_t *at,
	  struct err *err)
{
	uint64_t start = e->kind == APP_ADD ? c->add_at : e->offset, offset, size;
	int rc = 0;

	if (start < *at || (e->kind != APP_ADD && e->size > c->from->size - start))
		return APP_MOVED;
	if (e->kind != APP_ADD)
		rc = check_expected(c, e, err);
	if (rc == 0)
		rc = copy(c, *at, start, err);
	if (rc)
		return rc;
	*at = e->kind == APP_ADD ? start : start + e->size;
	offset = c->n;
	size = e->bytes.n;
	if (e->kind == APP_REPLACE && put(c, e->bytes, err) < 0)
		return -1;
	if (e->kind == APP_ADD && put_new_item(c, e->bytes, &offset, &size, err) < 0)
		return -1;
	c->grown += (e->kind == APP_ADD) - (e->kind == APP_REMOVE);
	rc = e->kind == APP_REMOVE ? skip_line_end(c, at, err) : 0;
	if (rc)
		return rc;
	return w->placed(w->ctx, offset, size, err);
}

static int
carry_out_all(struct copying *c, const struct app_rewrite *w, struct err *err)
{
	uint64_t at = 0;
	struct app_edit e;
	int rc;

	while ((rc = w->next(w->ctx, &e, err)) == 0)
		if ((rc = carry_out(c, w, &e, &at, err)) != 0)
			return rc;
	if (rc != APP_END)
		return -1;
	if (c->grown != w->grows)
		return err_set(err, ERR_CONFLICT, "%s: not the edits that were announced", c->path);
	return copy(c, at, c->from->size, err);
}

/* Where new items go.  0, APP_MOVED or -1. */
static int
survey(struct copying *c, const char *root, int64_t grows, struct err *err)
{
	uint8_t before[2] = { 0, 0 };
	struct text_frame *f = &c->frame;
	int rc;

	c->add_at = c->from->size;
	if (!root)
		return 0;
	c->eol = "";
	rc = source_text_survey(f, c->from, c->path, root, err);
	if (rc)
		return rc;
	if (!f->whole && grows > 0) {
		err_set(err, ERR_UNSUPPORTED,
			"nothing can be added to %s: it is no whole <%s> file", c->path, root);
		return err_hint(err, "mend its end, or name the folder it lies in as the app");
	}
	if (f->whole)
		c->add_at = f->end_at;
	if (!f->has_count || grows == 0)
		f->count_n = 0;
	c->new_count = (uint64_t)((int64_t)f->count + grows);
	if (!f->whole || f->end_at < sizeof before)
		return 0;
	rc = source_text_read(c->from, f->end_at - 2, before, 2, c->path, err);
	c->eol = before[1] != '\n' ? "" : before[0] == '\r' ? "\r\n" : "\n";
	return rc;
}

/* What is left in the buffer, in the file's own form. */
static int
copying_finish(struct copying *c, struct err *err)
{
	AUTO(buf_clear) struct buf file = BUF_INIT(NEW_TEXT_MAX);

	if (c->from->form == CHARSET_BYTES)
		return copying_flush(c, err);
	if (charset_close(&file, buf_span(&c->out), c->from->form, err) < 0)
		return -1;
	return os_write_all(c->fd, buf_span(&file), c->path, err);
}

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

/* The new text of @source lies in @p's temporary file.  0, APP_MOVED or -1. */
int
pending_text(struct pending *p, struct folder_session *s, const struct app_source *source,
	     const struct app_rewrite *w, struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	struct copying c = { .from = &t,
			     .path = source->path,
			     .piece = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX),
			     .out = BUF_INIT(NEW_TEXT_MAX),
			     .is_blank = true };
	int rc = source_text_open(&t, s, source->path, &source->stamp, err);

	if (rc == 0)
		rc = pending_begin(p, s, source->path, FOLDER_MISSING_FAILS, err);
	c.fd = p->file.fd;
	if (rc == 0)
		rc = survey(&c, text_kind_of(&s->base)->root, w->grows, err);
	if (rc == 0)
		rc = carry_out_all(&c, w, err);
	if (rc == 0)
		rc = copying_finish(&c, err);
	if (rc == 0)
		rc = source_text_check(&t, s, source->path, &source->stamp, err);
	p->like = t.st;
	p->form = t.form;
	p->is_gone = c.is_blank && !s->folder.only && !c.eol;
	if (rc == 0 && !p->is_gone)
		rc = folder_file_look_like(&p->file, source->path, &t.st, err);
	buf_clear(&c.piece);
	buf_clear(&c.out);
	return rc;
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

	if (!c->path || folder_path_check(c->path, &ignored) < 0)
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
