/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcard: contacts, as a folder of .vcf files (recursively) or as one .vcf with many cards.
 *
 * A source is a file, an item is a card: a range of the file's text.  The text is the file's bytes,
 * or, where a byte order mark says UTF-16 or UTF-32, their UTF-8 form (then items are read from the
 * whole converted text, and changes are written back in the file's own form).
 *
 * Writing: all changes of one file make one new text, in which every other card's bytes are copied
 * as they are, and one rename.  A new card goes to a file of its own in a folder, to the end of the
 * file otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/folder_session.h"
#include "apps/item_reader.h"
#include "item/card.h"
#include "item/charset.h"
#include "merge/merge.h"

#define VCARD_FILE_MAX ((size_t)256 << 20)
#define VCARD_TYPE     "text/vcard"
#define VCARD_UID_MAX  1024 /* a longer UID is no id */
#define VCARD_TRIES    1000 /* of a free name beside one that is taken */

_Static_assert(APP_CONTENT_ID_BYTES == ITEM_CONTENT_ID_BYTES &&
		       ITEM_CONTENT_ID_BYTES == FIELD_KEY_BYTES,
	       "an item's ids by content are the keys of lib/item");

static bool
is_vcf(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcasecmp(dot, ".vcf") == 0 || strcasecmp(dot, ".vcard") == 0);
}

static int
vcard_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
	      struct err *err)
{
	return folder_walk(&folder_session_of(s)->folder, is_vcf, fn, refused, ctx, err);
}

/* A source's text. */
struct text {
	struct buf file;      /* bytes as stored */
	struct buf converted; /* if they are not the text themselves */
	struct span span;     /* the text */
	enum charset_form form;
	struct stat st;
};

#define TEXT_INIT                                                                                  \
	{                                                                                          \
		.file = BUF_INIT(VCARD_FILE_MAX), .converted = BUF_INIT(2 * VCARD_FILE_MAX)        \
	}

static void
text_clear(struct text *t)
{
	buf_clear(&t->file);
	buf_clear(&t->converted);
}
AUTO_OBJ(text_clear, struct text);

/* Read all of an open file and be sure that it is one state of it. */
static int
text_read_file(struct text *t, const struct folder_session *s, int fd, const char *path,
	       const struct app_stamp *stamp, struct err *err)
{
	uint8_t *p;
	size_t got;

	if (stamp->size > VCARD_FILE_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu MiB", path,
			       VCARD_FILE_MAX >> 20);
	if (buf_extend(&t->file, (size_t)stamp->size, &p, err) < 0 ||
	    os_read_full(fd, p, (size_t)stamp->size, &got, path, err) < 0)
		return -1;
	if (os->fstat(fd, &t->st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	if (got != stamp->size)
		return APP_MOVED;
	return folder_check_file(fd, &s->folder, path, stamp, err);
}

static int
text_open(struct text *t, const struct folder_session *s, const char *path,
	  const struct app_stamp *stamp, struct err *err)
{
	int fd = -1, rc = folder_open_file(&fd, &s->folder, path, stamp, err);

	if (rc)
		return rc;
	rc = text_read_file(t, s, fd, path, stamp, err);
	os->close(fd);
	if (rc)
		return rc;
	return charset_open(&t->span, &t->form, &t->converted, buf_span(&t->file), err);
}

/* Reading a source: card by card. */
struct reading {
	const struct app_source *source;
	const struct text *text;
	const struct item_profile *profile;
	bool in_folder;
	uint32_t position;
	app_item_fn *fn;
	app_refused_fn *refused;
	void *ctx;
};

static int
reading_refuse(struct reading *r, unsigned line, const struct err *why, struct err *err)
{
	struct app_refused refused = { .source = r->source->path, .line = line, .why = why };

	return r->refused ? r->refused(r->ctx, &refused, err) : 0;
}

static int
reading_emit(struct reading *r, const struct card_part *part, const struct item *card,
	     struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	size_t uid_n = card->uid ? strlen(card->uid) : 0;
	struct app_item out = {
		.place = { .source = r->source->path,
			   .stamp = r->source->stamp,
			   .position = r->position,
			   .offset = part->range.start,
			   .size = part->range.end - part->range.start,
			   .form = (uint8_t)r->text->form },
		.type = VCARD_TYPE,
		/* In a file of many cards its time says nothing about one of them. */
		.modified_unix_ms = r->in_folder ? r->source->stamp.mtime_ns / 1000000 : 0,
		.bytes = card->bytes,
		.id_by_content = !r->in_folder,
	};

	if (uid_n && uid_n <= VCARD_UID_MAX)
		out.uid = span_of(card->uid, uid_n);
	else if (out.id_by_content && item_content_id(card, out.content_id, err) < 0)
		return -1;
	if (card->n_name_keys > 0)
		memcpy(out.name_id, card->name_keys[0].b, sizeof out.name_id);
	if (name_for_people(&name, span_str(card->name), err) < 0)
		return -1;
	out.name = buf_span(&name);
	r->position++;
	return r->fn(r->ctx, &out, err);
}

static int
reading_part(void *ctx, const struct card_part *part, struct err *err)
{
	struct reading *r = ctx;
	AUTO(item_free) struct item *card = NULL;
	struct err why = { 0 };

	if (part->bad)
		return reading_refuse(r, part->line, part->bad, err);
	if (card_parse(&card, range_span(r->text->span, part->range), r->source->path, part->line,
		       r->profile, &why) < 0) {
		if (why.code == ERR_NOMEM)
			return *err = why, -1;
		return reading_refuse(r, part->line, &why, err);
	}
	return reading_emit(r, part, card, err);
}

static int
vcard_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		  app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(text_clear) struct text t = TEXT_INIT;
	struct folder_session *f = folder_session_of(s);
	struct reading r = { .source = source,
			     .text = &t,
			     .profile = s->adapter->profile,
			     .in_folder = !f->folder.only,
			     .fn = fn,
			     .refused = refused,
			     .ctx = ctx };
	struct err why = { 0 };
	int rc = text_open(&t, f, source->path, &source->stamp, &why);

	if (rc == APP_MOVED)
		return rc;
	if (rc < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (rc < 0)
		return reading_refuse(&r, 0, &why, err);
	return card_split(t.span, source->path, reading_part, &r, err);
}

static int
vcard_type(const char **out, struct app_session *s, const struct app_place *place, struct err *err)
{
	(void)s;
	(void)place;
	(void)err;
	*out = VCARD_TYPE;
	return 0;
}

static int
vcard_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		struct err *err)
{
	AUTO(text_clear) struct text t = TEXT_INIT;
	AUTO(buf_clear) struct buf card = BUF_INIT(CARD_BYTES_MAX);
	struct folder_session *f = folder_session_of(s);
	int rc;

	if (place->form == CHARSET_BYTES)
		return folder_reader_new(out, f, place, err);
	rc = text_open(&t, f, place->source, &place->stamp, err);
	if (rc)
		return rc;
	if (place->offset > t.span.n || place->size > t.span.n - place->offset)
		return APP_MOVED;
	if (buf_append(&card, span_of(t.span.p + place->offset, (size_t)place->size), err) < 0)
		return -1;
	return bytes_reader_new(out, &card, err);
}

/* Changes of one source, ascending by offset; the additions last. */
struct rewrite {
	struct folder_session *session;
	struct app_change **changes;
	size_t n;
	const char *path;
	struct app_stamp stamp;
};

static void
rewrite_result(const struct rewrite *w, enum app_change_result result, const struct err *why)
{
	for (size_t i = 0; i < w->n; i++) {
		w->changes[i]->result = result;
		if (why)
			w->changes[i]->err = *why;
	}
}

/* Is the card that each change expects where it expects it, and do no two overlap? */
static int
rewrite_check(const struct rewrite *w, struct span text)
{
	uint64_t end = 0;

	for (size_t i = 0; i < w->n && w->changes[i]->kind != APP_ADD; i++) {
		const struct app_place *p = &w->changes[i]->place;

		if (!app_stamp_equal(&p->stamp, &w->stamp) || p->offset < end ||
		    p->offset > text.n || p->size > text.n - p->offset ||
		    !span_equal(span_of(text.p + p->offset, (size_t)p->size),
				w->changes[i]->expected))
			return APP_MOVED;
		end = p->offset + p->size;
	}
	return 0;
}

/* Append a card, on a line of its own. */
static int
append_card(struct buf *out, struct span card, struct app_place *written, struct err *err)
{
	if (out->n && out->p[out->n - 1] != '\n' && out->p[out->n - 1] != '\r' &&
	    buf_append_str(out, "\r\n", err) < 0)
		return -1;
	written->offset = out->n;
	written->size = card.n;
	if (buf_append(out, card, err) < 0)
		return -1;
	if (card.n && card.p[card.n - 1] != '\n') {
		written->size += 2;
		return buf_append_str(out, "\r\n", err);
	}
	return 0;
}

/* The new text: what stands between the changes is copied as it is. */
static int
rewrite_text(struct buf *out, const struct rewrite *w, struct span text, struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct app_change *c = w->changes[i];
		size_t start = c->kind == APP_ADD ? text.n : (size_t)c->place.offset;

		if (buf_append(out, span_of(text.p + at, start - at), err) < 0)
			return -1;
		at = c->kind == APP_ADD ? text.n : start + (size_t)c->place.size;
		c->written.offset = out->n;
		c->written.size = c->bytes.n;
		if (c->kind == APP_REPLACE && buf_append(out, c->bytes, err) < 0)
			return -1;
		if (c->kind == APP_ADD && append_card(out, c->bytes, &c->written, err) < 0)
			return -1;
	}
	return buf_append(out, span_skip(text, at), err);
}

static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
			return false;
	}
	return true;
}

static int
rewrite_done(const struct rewrite *w, const struct app_stamp *stamp, enum charset_form form,
	     struct err *err)
{
	for (size_t i = 0; i < w->n; i++) {
		struct app_change *c = w->changes[i];

		c->written_path = strdup(w->path);
		if (!c->written_path)
			return err_nomem(err);
		c->written.source = c->written_path;
		c->written.stamp = *stamp;
		c->written.form = (uint8_t)form;
	}
	rewrite_result(w, APP_CHANGE_DONE, NULL);
	return 0;
}

/* Put the new content of the source into place: 0, APP_MOVED or -1. */
static int
rewrite_put(const struct rewrite *w, struct span content, const struct stat *like, bool gone,
	    struct app_stamp *stamp, struct err *err)
{
	AUTO(folder_file_clear) struct folder_file file = FOLDER_FILE_INIT;
	const char *name;
	int fd = -1;
	int rc = folder_of(&fd, &name, &w->session->folder, w->path, FOLDER_MISSING_FAILS, err);

	if (rc)
		return rc;
	if (gone) {
		rc = folder_unlink(fd, name, &w->stamp, err);
		os->close(fd);
		return rc;
	}
	if (folder_file_new(&file, fd, err) < 0 || os_write_all(file.fd, content, w->path, err) < 0)
		return -1;
	return folder_file_replace(&file, name, like, stamp, err);
}

static int
rewrite_source(const struct rewrite *w, struct err *err)
{
	AUTO(text_clear) struct text t = TEXT_INIT;
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * VCARD_FILE_MAX);
	AUTO(buf_clear) struct buf file = BUF_INIT(2 * VCARD_FILE_MAX);
	struct app_stamp stamp = w->stamp;
	struct span content;
	int rc = text_open(&t, w->session, w->path, &w->stamp, err);

	if (rc == 0)
		rc = rewrite_check(w, t.span);
	if (rc)
		return rc;
	if (buf_reserve(&text, t.span.n, err) < 0 || rewrite_text(&text, w, t.span, err) < 0)
		return -1;
	content = buf_span(&text);
	if (t.form != CHARSET_BYTES) {
		if (charset_close(&file, content, t.form, err) < 0)
			return -1;
		content = buf_span(&file);
	}
	bool gone = !w->session->folder.only && is_blank(buf_span(&text));
	rc = rewrite_put(w, content, &t.st, gone, &stamp, err);
	return rc ? rc : rewrite_done(w, &stamp, t.form, err);
}

/* A file name of a contact's name: no separators, no leading dot, short enough for a suffix. */
static int
file_name_of(struct buf *out, struct span name, struct err *err)
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
	return buf_append_str(out, ".vcf", err);
}

/* Where a new card would go first: the path it had, if that is one of ours; else by its name. */
static int
path_for(struct buf *out, const struct app_change *c, struct err *err)
{
	struct err ignored = { 0 };

	if (!c->path || folder_path_check(c->path, &ignored) < 0)
		return file_name_of(out, c->name, err);
	if (buf_append_str(out, c->path, err) < 0)
		return -1;
	if (is_vcf(c->path))
		return 0;
	if (buf_append_str(out, ".vcf", err) < 0)
		return -1;
	if (folder_path_check(buf_str(out), &ignored) == 0)
		return 0;
	buf_reset(out);
	return file_name_of(out, c->name, err);
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

static int
add_at(struct folder_session *s, struct app_change *c, const char *path, struct err *err)
{
	AUTO(folder_file_clear) struct folder_file file = FOLDER_FILE_INIT;
	const char *name;
	int fd = -1;

	if (folder_of(&fd, &name, &s->folder, path, FOLDER_MISSING_MAKE, err))
		return -1;
	if (folder_file_new(&file, fd, err) < 0 || os_write_all(file.fd, c->bytes, path, err) < 0)
		return -1;
	int rc = folder_file_link(&file, name, &c->written.stamp, err);
	if (rc)
		return rc;
	c->written_path = strdup(path);
	if (!c->written_path)
		return err_nomem(err);
	c->written.source = c->written_path;
	c->written.size = c->bytes.n;
	c->written.form = CHARSET_BYTES;
	return 0;
}

static int
add_in_folder(struct folder_session *s, struct app_change *c, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(2 * APP_PATH_MAX);
	AUTO(buf_clear) struct buf candidate = BUF_INIT(2 * APP_PATH_MAX);
	int rc = APP_EXISTS;

	if (path_for(&path, c, err) < 0)
		return -1;
	for (unsigned i = 0; rc == APP_EXISTS && i < VCARD_TRIES; i++) {
		if (path_try(&candidate, buf_span(&path), i, err) < 0)
			return -1;
		rc = add_at(s, c, buf_str(&candidate), err);
	}
	if (rc == APP_EXISTS)
		return err_set(err, ERR_EXISTS, "%s and all names beside it are taken",
			       buf_str(&path));
	return rc;
}

/* Additions of a folder have no source in common: each by itself, after everything else. */
static bool
stands_alone(const struct folder_session *s, const struct app_change *c)
{
	return c->kind == APP_ADD && !s->folder.only;
}

static const char *
source_of(const struct folder_session *s, const struct app_change *c)
{
	return s->folder.only ? s->folder.only : c->kind == APP_ADD ? "" : c->place.source;
}

static int
change_compare(const void *a, const void *b, void *session)
{
	const struct app_change *x = *(struct app_change *const *)a;
	const struct app_change *y = *(struct app_change *const *)b;
	int c = strcmp(source_of(session, x), source_of(session, y));

	if (c)
		return c;
	if ((x->kind == APP_ADD) != (y->kind == APP_ADD))
		return x->kind == APP_ADD ? 1 : -1;
	if (x->kind != APP_ADD && x->place.offset != y->place.offset)
		return x->place.offset < y->place.offset ? -1 : 1;
	return x < y ? -1 : x > y; /* the order given */
}

/* Carry out the changes of one source, or one addition.  Their results tell. */
static void
apply_group(struct folder_session *s, struct app_change **changes, size_t n)
{
	struct rewrite w = { .session = s,
			     .changes = changes,
			     .n = n,
			     .path = source_of(s, changes[0]),
			     .stamp = changes[0]->place.stamp };
	struct err why = { 0 };
	int rc;

	if (stands_alone(s, changes[0])) {
		rc = add_in_folder(s, changes[0], &why);
		if (rc == 0)
			changes[0]->result = APP_CHANGE_DONE;
	} else {
		rc = changes[0]->kind == APP_ADD
			     ? folder_stamp_of(&w.stamp, &s->folder, w.path, &why)
			     : 0;
		if (rc == 0)
			rc = rewrite_source(&w, &why);
	}
	if (rc == APP_MOVED) {
		err_set(&why, ERR_CONFLICT, "%s changed in the meantime", w.path);
		rewrite_result(&w, APP_CHANGE_CONFLICT, &why);
	} else if (rc < 0) {
		rewrite_result(&w, APP_CHANGE_FAILED, &why);
	}
}

static int
vcard_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	struct folder_session *f = folder_session_of(s);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what is meant */
	AUTO(free) struct app_change **sorted = calloc(n ? n : 1, sizeof(*sorted));
	size_t failed = 0;

	if (!sorted)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		sorted[i] = &changes[i];
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	qsort_r(sorted, n, sizeof(*sorted), change_compare, f);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && !stands_alone(f, sorted[i]); end++) {
			if (strcmp(source_of(f, sorted[i]), source_of(f, sorted[end])) != 0)
				break;
		}
		apply_group(f, sorted + i, end - i);
	}
	for (size_t i = 0; i < n; i++)
		failed += changes[i].result != APP_CHANGE_DONE;
	if (failed)
		return err_set(err, ERR_PARTIAL, "%zu of %zu changes were not made", failed, n);
	return 0;
}

/* Whatever program reads the folder shows one face: a second photo would only be lost in it. */
static const char *const vcard_single[] = { "PHOTO", NULL };
static const struct item_profile vcard_profile = { .single = vcard_single };

extern const struct adapter adapter_vcard;
const struct adapter adapter_vcard = {
	.name = "vcard",
	.merge = ADAPTER_FIELDS,
	.profile = &vcard_profile,
	.open = folder_session_open,
	.close = folder_session_close,
	.sources = vcard_sources,
	.stamp = folder_session_stamp,
	.tidy = folder_session_tidy,
	.read_source = vcard_read_source,
	.type = vcard_type,
	.open_item = vcard_open_item,
	.apply = vcard_apply,
};
