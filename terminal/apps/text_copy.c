/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_copy: one source's new text: every item that is not meant is copied as it is.
 *
 * An edit is carried out where it stands, additions where new items go; a calendar's zones come and go
 * with the items that name them (text_zones.h).  See text_write.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/text_series.h"
#include "apps/text_write.h"
#include "apps/text_zones.h"

#define COPY_BYTES   ((size_t)64 << 10)
#define NEW_TEXT_MAX (4 * TEXT_CONVERTED_MAX)

/* From the old text to the new one. */
struct copying {
	struct source_text *from;
	const char *path;
	struct buf piece;  /* what is read, or looked at */
	struct buf out;    /* what is to be written; all of it where it has to be converted */
	int fd;            /* the new file */
	uint64_t n;        /* bytes of the new text */
	uint8_t last;      /* its last one */
	bool is_blank;     /* nothing but blanks so far */
	struct span empty; /* with series: the root's text without items */
	size_t n_empty;    /* as many bytes begin as that does */
	bool was_made;     /* for what is removed from it (text_series.h) */
	uint64_t add_at;   /* where new items go, in the old text */
	const char *eol;   /* what ends a new item within a root; NULL: there is no root */
	struct zone_edits *zones; /* of a calendar; else NULL */
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
	for (size_t i = 0; c->n_empty == c->n + i && i < s.n && c->n_empty < c->empty.n; i++)
		c->n_empty += s.p[i] == c->empty.p[c->n_empty];
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

/* A component that is added to a calendar: before it the zones that it brings along. */
static int
add_component(struct copying *c, const struct app_rewrite *w, const struct app_edit *e, size_t own,
	      struct err *err)
{
	AUTO(buf_clear) struct buf zones = BUF_INIT(ICAL_ZONES_BYTES_MAX);
	AUTO(buf_clear) struct buf item = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	struct err why = { 0 };
	uint64_t more, offset;
	int rc = zone_edits_add(c->zones, e->bytes, own, &zones, &why, err);

	c->grown++;
	if (rc)
		return rc < 0 ? -1 : w->refused(w->ctx, &why, err);
	if (buf_append(&item, span_of(e->bytes.p, own), err) < 0 ||
	    (own && item.p[own - 1] != '\n' &&
	     buf_append_str(&item, *c->eol ? c->eol : "\r\n", err) < 0) ||
	    put(c, buf_span(&zones), err) < 0)
		return -1;
	offset = c->n;
	if (put(c, buf_span(&item), err) < 0 ||
	    zone_edits_size(c->zones, buf_span(&item), &more, err) < 0)
		return -1;
	return w->placed(w->ctx, offset, item.n + more, err);
}

/* carry_out() in a calendar, whose items are more than what lies at their place. */
static int
carry_out_component(struct copying *c, const struct app_rewrite *w, const struct app_edit *whole,
		    uint64_t *at, struct err *err)
{
	struct app_edit e = *whole;
	uint64_t from = e.offset, more = 0;
	size_t own = 0, was = 0;
	int rc = 0;

	if (ical_own_bytes(&own, e.bytes, err) < 0 || ical_own_bytes(&was, e.expected, err) < 0)
		return -1;
	e.size = e.expected.n = was;
	if (e.kind == APP_ADD)
		from = c->add_at;
	else if (whole->size != whole->expected.n || from < *at || was > c->from->size - from)
		return APP_MOVED;
	else
		rc = check_expected(c, &e, err);
	if (rc == 0 && e.kind == APP_REMOVE &&
	    (zone_edits_before(c->zones, e.expected, *at, e.offset, &from, err) < 0 ||
	     (c->empty.n && text_series_names(&c->was_made, c->path, e.expected, err) < 0)))
		return -1;
	if (rc == 0)
		rc = copy(c, *at, from, err);
	if (rc)
		return rc;
	*at = e.kind == APP_ADD ? from : e.offset + was;
	if (e.kind == APP_ADD)
		return add_component(c, w, whole, own, err);
	c->grown -= e.kind == APP_REMOVE;
	e.bytes.n = e.kind == APP_REPLACE ? own : 0;
	uint64_t offset = c->n;
	if (put(c, e.bytes, err) < 0 || zone_edits_size(c->zones, e.bytes, &more, err) < 0)
		return -1;
	return w->placed(w->ctx, offset, e.bytes.n + more, err);
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

/* Zones that went with an item and are named by what stays. */
static int
put_back_zones(struct copying *c, uint64_t *at, struct err *err)
{
	AUTO(buf_clear) struct buf zones = BUF_INIT(ICAL_ZONES_BYTES_MAX);

	if (zone_edits_end(c->zones, &zones, err) < 0)
		return -1;
	if (zones.n == 0 || *at > c->add_at)
		return 0;
	int rc = copy(c, *at, c->add_at, err);
	*at = c->add_at;
	return rc ? rc : put(c, buf_span(&zones), err);
}

static int
carry_out_all(struct copying *c, const struct app_rewrite *w, struct err *err)
{
	uint64_t at = 0;
	struct app_edit e;
	int rc;

	while ((rc = w->next(w->ctx, &e, err)) == 0) {
		rc = c->zones ? carry_out_component(c, w, &e, &at, err)
			      : carry_out(c, w, &e, &at, err);
		if (rc)
			return rc;
	}
	if (rc != APP_END)
		return -1;
	if (c->grown != w->grows)
		return err_set(err, ERR_CONFLICT, "%s: not the edits that were announced", c->path);
	if (c->zones && (rc = put_back_zones(c, &at, err)) != 0)
		return rc;
	return copy(c, at, c->from->size, err);
}

/* Where new items go.  0, APP_MOVED or -1. */
static int
survey(struct copying *c, const struct text_root *root, int64_t grows, struct err *err)
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
		err_set(err, ERR_UNSUPPORTED, "nothing can be added to %s: it is no whole %s file",
			c->path, root->written);
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

/* Is nothing left in a file that was made for what went?  A zone may be, where one edit after the other
 * took what named it. */
static bool
is_only_root(const struct copying *c)
{
	return c->was_made && c->n == c->empty.n + zone_edits_idle(c->zones) &&
	       c->n_empty + strlen("END:VCALENDAR\r\n") >= c->empty.n;
}

/* The edits of the text @t, into @p's temporary file.  0, APP_MOVED or -1. */
static int
new_text(struct pending *p, const struct text_kind *kind, struct source_text *t, const char *path,
	 const struct app_rewrite *w, struct err *err)
{
	AUTO(zone_edits_clear) struct zone_edits zones = ZONE_EDITS_INIT;
	struct copying c = { .from = t,
			     .path = path,
			     .fd = p->file.fd,
			     .zones = kind->zones ? &zones : NULL,
			     .piece = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX),
			     .out = BUF_INIT(NEW_TEXT_MAX),
			     .is_blank = true,
			     .empty = span_str(kind->series ? kind->root->empty : "") };
	int rc = survey(&c, kind->root, w->grows, err);

	if (rc == 0 && c.zones)
		rc = zone_edits_begin(c.zones, t, path, err);
	if (rc == 0)
		rc = carry_out_all(&c, w, err);
	if (rc == 0)
		rc = copying_finish(&c, err);
	p->is_gone = c.eol ? is_only_root(&c) : c.is_blank;
	buf_clear(&c.piece);
	buf_clear(&c.out);
	return rc;
}

/* The new text of @source lies in @p's temporary file.  0, APP_MOVED or -1. */
int
pending_text(struct pending *p, struct folder_session *s, const struct app_source *source,
	     const struct app_rewrite *w, struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	int rc = source_text_open(&t, s, source->path, &source->stamp, err);

	if (rc == 0)
		rc = pending_begin(p, s, source->path, FOLDER_MISSING_FAILS, err);
	if (rc == 0)
		rc = new_text(p, text_kind_of(&s->base), &t, source->path, w, err);
	if (rc == 0)
		rc = source_text_check(&t, s, source->path, &source->stamp, err);
	p->like = t.st;
	p->form = t.form;
	p->is_gone = p->is_gone && !s->folder.only;
	if (rc == 0 && !p->is_gone)
		rc = folder_file_look_like(&p->file, source->path, &t.st, err);
	return rc;
}

int
pending_text_new(struct pending *p, struct folder_session *s, const char *path,
		 const struct app_rewrite *w, struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	const struct text_kind *kind = text_kind_of(&s->base);

	p->is_new = true;
	if (buf_append_str(&t.converted, kind->root->empty, err) < 0)
		return -1;
	t.size = t.converted.n;
	int rc = pending_begin(p, s, path, FOLDER_MISSING_MAKE, err);
	return rc ? rc : new_text(p, kind, &t, path, w, err);
}
