/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_app: see text_app.h.  A source is a file, an item is a range of the file's text.  The text is
 * the file's bytes, or, where a byte order mark says UTF-16 or UTF-32, their UTF-8 form (then items are
 * read from the whole converted text, and changes are written back in the file's own form).
 *
 * A file is read through a window, however large it is (item/text_stream.h).  Writing: text_write.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/app_item.h"
#include "apps/item_reader.h"
#include "apps/text_app.h"
#include "apps/text_series.h"
#include "apps/text_zones.h"

const struct text_kind *
text_kind_of(const struct app_session *s)
{
	return s->adapter->text;
}

int
text_app_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		 struct err *err)
{
	return folder_walk(&folder_session_of(s)->folder, text_kind_of(s)->wants, fn, refused, ctx,
			   err);
}

struct text_state *
text_state_of(struct folder_session *s, struct err *err)
{
	struct text_state *state = s->state;

	if (state)
		return state;
	state = calloc(1, sizeof *state);
	if (!state) {
		err_nomem(err);
		return NULL;
	}
	state->zones = (struct ical_zones)ICAL_ZONES_INIT;
	state->series.keys = (struct key_set)KEY_SET_INIT;
	s->state = state;
	return state;
}

void
text_app_close(struct app_session *s)
{
	struct text_state *state = folder_session_of(s)->state;

	if (state) {
		ical_zones_clear(&state->zones);
		text_series_clear(&state->series);
		free(state->zones_of);
		free(state->home);
		free(state);
	}
	folder_session_close(s);
}

/* A source's text. */

void
source_text_clear(struct source_text *t)
{
	if (t->fd >= 0)
		os->close(t->fd);
	t->fd = -1;
	buf_clear(&t->converted);
}

/* The whole file, converted. */
static int
text_convert(struct source_text *t, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf file = BUF_INIT(TEXT_CONVERTED_MAX);
	uint64_t size = (uint64_t)t->st.st_size;
	struct span text;
	uint8_t *p;
	int rc;

	if (size > TEXT_CONVERTED_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu MiB and not in UTF-8", path,
			       TEXT_CONVERTED_MAX >> 20);
	if (buf_extend(&file, (size_t)size, &p, err) < 0)
		return -1;
	t->size = size;
	t->form = CHARSET_BYTES; /* its bytes, for the moment */
	rc = source_text_read(t, 0, p, (size_t)size, path, err);
	if (rc)
		return rc;
	if (charset_open(&text, &t->form, &t->converted, buf_span(&file), err) < 0)
		return -1;
	t->size = text.n;
	return 0;
}

static int
text_start(struct source_text *t, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf none = BUF_INIT(64);
	uint8_t mark[4];
	struct span text;

	if (os->fstat(t->fd, &t->st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	t->size = (uint64_t)t->st.st_size;
	if (t->size < sizeof mark)
		return 0;
	int rc = source_text_read(t, 0, mark, sizeof mark, path, err);
	if (rc)
		return rc;
	if (charset_open(&text, &t->form, &none, SPAN_ARRAY(mark), err) < 0)
		return -1;
	return t->form == CHARSET_BYTES ? 0 : text_convert(t, path, err);
}

int
source_text_open(struct source_text *t, const struct folder_session *s, const char *path,
		 const struct app_stamp *stamp, struct err *err)
{
	int rc = folder_open_file(&t->fd, &s->folder, path, stamp, err);

	if (rc == 0)
		rc = text_start(t, path, err);
	return rc || t->form == CHARSET_BYTES ? rc : source_text_check(t, s, path, stamp, err);
}

int
source_text_read(struct source_text *t, uint64_t at, void *p, size_t n, const char *path,
		 struct err *err)
{
	if (at > t->size || n > t->size - at)
		return APP_MOVED;
	if (t->form != CHARSET_BYTES || t->fd < 0) {
		if (n)
			memcpy(p, t->converted.p + at, n);
		return 0;
	}
	for (size_t got = 0; got < n;) {
		ssize_t r = os->pread(t->fd, (char *)p + got, n - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "cannot read %s", path);
		if (r == 0)
			return APP_MOVED;
		got += (size_t)r;
	}
	return 0;
}

int
source_text_check(const struct source_text *t, const struct folder_session *s, const char *path,
		  const struct app_stamp *stamp, struct err *err)
{
	return folder_check_file(t->fd, &s->folder, path, stamp, err);
}

/* Reading a source: item by item. */
struct reading {
	const struct app_source *source;
	struct source_text *text;
	uint64_t at; /* read so far */
	bool moved;
	bool stopped; /* by @fn or @refused */
	const struct adapter *adapter;
	bool in_folder;
	const struct ical_zones *zones; /* of the source; NULL: items carry none */
	uint32_t position;
	app_item_fn *fn;
	app_refused_fn *refused;
	void *ctx;
};

static int
reading_refuse(struct reading *r, unsigned line, const struct err *why, struct err *err)
{
	struct app_refused refused = { .source = r->source->path, .line = line, .why = why };

	int rc = r->refused ? r->refused(r->ctx, &refused, err) : 0;

	r->stopped |= rc < 0;
	return rc;
}

/* The source as a whole gives nothing; for now only, if the disk is why. */
static int
reading_give_up(struct reading *r, const struct err *why, struct err *err)
{
	if (reading_refuse(r, 0, why, err) < 0)
		return -1;
	return why->code == ERR_IO ? APP_UNREAD : 0;
}

static int
reading_emit(struct reading *r, const struct text_part *part, const struct item *it,
	     struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	struct app_item out = {
		.place = { .source = r->source->path,
			   .stamp = r->source->stamp,
			   .position = r->position,
			   .offset = part->offset,
			   .size = part->bytes.n,
			   .form = (uint8_t)r->text->form },
		.type = r->adapter->form->types[0],
		/* In a file of many items its time says nothing about one of them. */
		.modified_unix_ms = r->in_folder ? r->source->stamp.mtime_ns / 1000000 : 0,
		.bytes = it->bytes,
		.id_by_content = !r->in_folder,
	};

	if (app_item_name(&out, &name, it, err) < 0)
		return -1;
	r->position++;
	int rc = r->fn(r->ctx, &out, err);
	r->stopped |= rc < 0;
	return rc;
}

/* @part with the zones that it names behind it, in @with; as it is where it names none. */
static int
add_zones(struct text_part *part, const struct reading *r, struct buf *with, struct err *err)
{
	AUTO(buf_clear) struct buf zones = BUF_INIT(ICAL_ZONES_BYTES_MAX);

	if (!r->zones || part->bad)
		return 0;
	if (ical_zones_append(&zones, r->zones, part->bytes, err) < 0)
		return -1;
	if (zones.n == 0)
		return 0;
	if (buf_append(with, part->bytes, err) < 0 || buf_append(with, buf_span(&zones), err) < 0)
		return -1;
	part->bytes = buf_span(with);
	return 0;
}

static int
reading_part(void *ctx, const struct text_part *found, struct err *err)
{
	struct reading *r = ctx;
	const struct form *form = r->adapter->form;
	AUTO(buf_clear) struct buf with = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct text_part part = *found;
	struct err why = { 0 };

	if (part.bad)
		return reading_refuse(r, part.line, part.bad, err);
	if (add_zones(&part, r, &with, &why) < 0 ||
	    form->parse(&it, part.bytes, r->source->path, part.line, r->adapter->profile, &why) <
		    0) {
		if (why.code == ERR_NOMEM)
			return *err = why, -1;
		return reading_refuse(r, part.line, &why, err);
	}
	return reading_emit(r, &part, it, err);
}

/* The next bytes of the text. */
static int
reading_read(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct reading *r = ctx;
	uint64_t left = r->text->size - r->at;
	int rc;

	*got = left < n ? (size_t)left : n;
	rc = source_text_read(r->text, r->at, p, *got, r->source->path, err);
	r->moved = rc == APP_MOVED;
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "%s changed", r->source->path);
	r->at += *got;
	return 0;
}

static int
reading_run(struct reading *r, struct folder_session *f, struct err *err)
{
	struct text_stream stream = { .ctx = r, .read = reading_read, .source = r->source->path };
	struct err why = { 0 };
	int rc = r->adapter->text->split(&stream, reading_part, r, &why);

	if (rc == 0)
		rc = source_text_check(r->text, f, r->source->path, &r->source->stamp, &why);
	if (rc == 0 || rc == APP_MOVED || r->moved)
		return rc == 0 ? 0 : APP_MOVED;
	if (r->stopped || why.code == ERR_NOMEM)
		return *err = why, -1;
	return reading_give_up(r, &why, err);
}

int
text_app_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		     app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	struct folder_session *f = folder_session_of(s);
	struct reading r = { .source = source,
			     .text = &t,
			     .adapter = s->adapter,
			     .in_folder = !f->folder.only && !text_kind_of(s)->root,
			     .fn = fn,
			     .refused = refused,
			     .ctx = ctx };
	struct err why = { 0 };
	int rc = source_text_open(&t, f, source->path, &source->stamp, &why);

	if (rc == 0 && text_kind_of(s)->zones)
		rc = text_zones_of(&r.zones, f, source, &why);
	if (rc == APP_MOVED)
		return rc;
	if (rc < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (rc < 0)
		return reading_give_up(&r, &why, err);
	return reading_run(&r, f, err);
}

int
text_app_type(const char **out, struct app_session *s, const struct app_place *place,
	      struct err *err)
{
	(void)place;
	(void)err;
	*out = s->adapter->form->types[0];
	return 0;
}

/* The component at @place, and what it names.  Right after a write place->size is what was written, which
 * may lack the last line end, and zones that the calendar has. */
static int
read_with_zones(struct buf *out, struct folder_session *f, struct source_text *t,
		const struct app_place *place, struct err *err)
{
	uint64_t left = place->offset < t->size ? t->size - place->offset : 0;
	size_t n = place->size + 2 < left ? (size_t)place->size + 2 : (size_t)left, own;
	uint8_t *p;

	if (buf_extend(out, n, &p, err) < 0)
		return -1;
	int rc = source_text_read(t, place->offset, p, n, place->source, err);
	if (rc == 0 && ical_own_bytes(&own, buf_span(out), err) < 0)
		rc = -1;
	if (rc)
		return rc;
	out->n = own;
	AUTO(buf_clear) struct buf zones = BUF_INIT(ICAL_ZONES_BYTES_MAX);
	rc = text_zones_append(&zones, f, place, buf_span(out), err);
	if (rc)
		return rc;
	return buf_append(out, buf_span(&zones), err);
}

int
text_app_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		   struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	struct folder_session *f = folder_session_of(s);
	uint8_t *p;
	int rc;

	bool zones = text_kind_of(s)->zones;
	if (place->form == CHARSET_BYTES && !zones)
		return folder_reader_new(out, f, place, err);
	rc = source_text_open(&t, f, place->source, &place->stamp, err);
	if (rc)
		return rc;
	if (zones) {
		rc = read_with_zones(&bytes, f, &t, place, err);
		if (rc == 0)
			rc = source_text_check(&t, f, place->source, &place->stamp, err);
		return rc ? rc : bytes_reader_new(out, &bytes, err);
	}
	if (buf_extend(&bytes, (size_t)place->size, &p, err) < 0)
		return -1;
	rc = source_text_read(&t, place->offset, p, (size_t)place->size, place->source, err);
	return rc ? rc : bytes_reader_new(out, &bytes, err);
}

/* 0 with @out, APP_MOVED or -1. */
int
source_text_survey(struct text_frame *out, struct source_text *t, const char *path,
		   const struct text_root *root, struct err *err)
{
	const struct app_source source = { .path = path };
	struct reading r = { .source = &source, .text = t };
	struct text_stream stream = { .ctx = &r, .read = reading_read, .source = path };
	int rc = root->survey(out, &stream, root->name, err);

	return r.moved ? APP_MOVED : rc;
}

int
source_text_each(struct source_text *t, const char *path, text_part_fn *fn, void *ctx,
		 struct err *err)
{
	const struct app_source source = { .path = path };
	struct reading r = { .source = &source, .text = t };
	struct text_stream stream = { .ctx = &r, .read = reading_read, .source = path };
	int rc = ical_split_all(&stream, fn, ctx, err);

	return r.moved ? APP_MOVED : rc;
}

int
source_text_zones(struct ical_zones *out, struct source_text *t, const char *path, bool count,
		  struct err *err)
{
	const struct app_source source = { .path = path };
	struct reading r = { .source = &source, .text = t };
	struct text_stream stream = { .ctx = &r, .read = reading_read, .source = path };
	int rc = ical_zones_read(out, &stream, count, err);

	return r.moved ? APP_MOVED : rc;
}
