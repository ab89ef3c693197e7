/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_app: see row_app.h.  Reading first, then writing.
 *
 * A store that cannot be read now (locked, damaged, a disk that failed) loses no item: it is refused
 * as a whole, and what was known of it stays known (APP_UNREAD).
 */
#include "apps/row_app.h"

#include <stdlib.h>
#include <string.h>

#include "apps/app_item.h"
#include "apps/apps.h"
#include "apps/folder_session.h"

struct row_session {
	struct app_session base; /* first: a row_session is an app_session */
	const struct row_kind *kind;
	void *store;
};

static struct row_session *
row_session_of(struct app_session *s)
{
	return (struct row_session *)s;
}

/* 1. Opening. */

int
row_session_open(struct app_session **out, const struct adapter *adapter, const struct app *app,
		 struct err *err)
{
	struct row_session *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->base.adapter = adapter;
	s->base.app = app;
	s->kind = adapter->rows;
	if (s->kind->open(&s->store, app, err) < 0) {
		free(s);
		return err_wrap(err, "%s", app->name);
	}
	*out = &s->base;
	return 0;
}

void *
row_session_store(struct app_session *s)
{
	return row_session_of(s)->store;
}

int
row_app_open(struct app_session **out, const struct app *app, struct err *err)
{
	const struct adapter *adapter;

	return adapter_find(&adapter, app->adapter, err) < 0
		       ? -1
		       : row_session_open(out, adapter, app, err);
}

void
row_app_close(struct app_session *s)
{
	struct row_session *r = row_session_of(s);

	r->kind->close(r->store);
	free(r);
}

int
row_app_tidy(struct app_session *s, struct err *err)
{
	struct row_session *r = row_session_of(s);

	return r->kind->tidy ? r->kind->tidy(r->store, err) : 0;
}

/* 2. Reading. */

int
row_app_stamp(struct app_stamp *out, struct app_session *s, const char *path, struct err *err)
{
	struct row_session *r = row_session_of(s);

	return strcmp(path, r->kind->source) == 0 ? r->kind->stamp(out, r->store, err) : APP_MOVED;
}

int
row_app_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		struct err *err)
{
	struct app_source source = { .path = row_session_of(s)->kind->source };
	struct err why = { 0 };
	int rc = row_app_stamp(&source.stamp, s, source.path, &why);

	(void)refused;
	if (rc == APP_MOVED)
		return 0; /* gone: it has no source */
	if (rc < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (rc <
	    0) /* it is there, and not as it was: read_source() will say why it cannot be read */
		source.stamp = (struct app_stamp){ 0 };
	return fn(ctx, &source, err);
}

struct reading {
	const struct app_source *source;
	const struct adapter *adapter;
	uint32_t position;
	bool stopped; /* by @fn or @refused */
	app_item_fn *fn;
	app_refused_fn *refused;
	void *ctx;
	struct buf name; /* scratch */
};

static int
reading_refuse(struct reading *r, const struct err *why, struct err *err)
{
	struct app_refused refused = { .source = r->source->path, .why = why };
	int rc = r->refused ? r->refused(r->ctx, &refused, err) : 0;

	r->stopped |= rc < 0;
	return rc;
}

/* row_refused_fn */
static int
reading_no_row(void *ctx, const struct err *why, struct err *err)
{
	return reading_refuse(ctx, why, err);
}

/* row_fn */
static int
reading_row(void *ctx, const struct row *row, struct err *err)
{
	struct reading *r = ctx;
	const struct adapter *a = r->adapter;
	AUTO(item_free) struct item *it = NULL;
	struct err why = { 0 };
	struct app_item out = {
		.place = { .source = r->source->path,
			   .stamp = r->source->stamp,
			   .position = r->position,
			   .offset = (uint64_t)row->number,
			   .size = row->bytes.n },
		.type = a->form->types[0],
		.modified_unix_ms = row->modified_unix_ms,
		.bytes = row->bytes,
		.id_by_content = true,
	};

	if (a->form->parse(&it, row->bytes, r->source->path, 1, a->profile, &why) < 0) {
		if (why.code == ERR_NOMEM)
			return *err = why, -1;
		return reading_refuse(r, &why, err);
	}
	if (app_item_name(&out, &r->name, it, err) < 0)
		return -1;
	r->position++;
	int rc = r->fn(r->ctx, &out, err);
	r->stopped |= rc < 0;
	return rc;
}

/* Is the store still what @stamp says?  0, APP_MOVED or -1. */
static int
check_stamp(struct row_session *r, const struct app_stamp *stamp, struct err *err)
{
	struct app_stamp now = { 0 };
	int rc = r->kind->stamp(&now, r->store, err);

	return rc ? rc : app_stamp_equal(&now, stamp) ? 0 : APP_MOVED;
}

/* Nothing of the store is known for now. */
static int
reading_give_up(struct reading *r, struct err *why, struct err *err)
{
	if (why->code == ERR_NOMEM || r->stopped)
		return *err = *why, -1;
	why->code = ERR_IO; /* whatever the reason: any item may be there */
	return reading_refuse(r, why, err) < 0 ? -1 : APP_UNREAD;
}

int
row_app_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		    app_refused_fn *refused, void *ctx, struct err *err)
{
	struct row_session *rows = row_session_of(s);
	struct reading r = { .source = source,
			     .adapter = s->adapter,
			     .fn = fn,
			     .refused = refused,
			     .ctx = ctx,
			     .name = BUF_INIT(8192) };
	struct err why = { 0 };
	int rc = check_stamp(rows, &source->stamp, &why);

	if (rc == 0)
		rc = rows->kind->each(rows->store, reading_row, reading_no_row, &r, &why);
	if (rc == 0)
		rc = check_stamp(rows, &source->stamp, &why);
	buf_clear(&r.name);
	return rc < 0 ? reading_give_up(&r, &why, err) : rc;
}

int
row_app_type(const char **out, struct app_session *s, const struct app_place *place,
	     struct err *err)
{
	(void)place;
	(void)err;
	*out = s->adapter->form->types[0];
	return 0;
}

int
row_app_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		  struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	struct row_session *r = row_session_of(s);
	int rc = r->kind->read(r->store, (int64_t)place->offset, &bytes, err);

	if (rc == 0) /* afterwards: so it holds for what was read */
		rc = check_stamp(r, &place->stamp, err);
	return rc ? rc : bytes_reader_new(out, &bytes, err);
}

/* 3. Writing. */

int
row_app_home(const char **out, struct app_session *s, struct err *err)
{
	(void)err;
	*out = row_session_of(s)->kind->source;
	return 0;
}

static int
begin(struct row_session *r, struct err *err)
{
	if (!r->kind->begin)
		return err_set(err, ERR_UNSUPPORTED, "%s is only read, never written",
			       r->base.app->name);
	return r->kind->begin(r->store, err);
}

int
row_app_ready(struct app_session *s, struct err *err)
{
	struct row_session *r = row_session_of(s);

	if (begin(r, err) < 0)
		return -1;
	r->kind->rollback(r->store);
	return 0;
}

int
row_app_shown(struct buf *out, struct app_session *s, struct span bytes, struct err *err)
{
	struct row_session *r = row_session_of(s);
	struct err why = { 0 };
	size_t before = out->n;
	int rc = r->kind->shown ? r->kind->shown(out, r->store, bytes, &why) : ROW_REFUSED;

	if (rc < 0)
		return *err = why, -1;
	if (rc)
		out->n = before;
	return rc ? APP_UNSURE : 0;
}

/* Is the row what the edit expects?  0, APP_MOVED or -1. */
static int
check_expected(struct row_session *r, const struct app_edit *e, struct err *err)
{
	AUTO(buf_clear) struct buf now = BUF_INIT(ITEM_BYTES_MAX);
	int rc = r->kind->read(r->store, (int64_t)e->offset, &now, err);

	return rc ? rc : span_equal(buf_span(&now), e->expected) ? 0 : APP_MOVED;
}

#define EDIT_REFUSED 2 /* beside 0, APP_MOVED, -1 */

_Static_assert(EDIT_REFUSED != APP_MOVED, "told apart");

/* 0 with the row's number, APP_MOVED (nothing is written), EDIT_REFUSED with *why, or -1. */
static int
carry_out(int64_t *number, struct row_session *r, const struct app_edit *e, struct err *why,
	  struct err *err)
{
	struct err failed = { 0 };
	int rc = e->kind == APP_ADD ? 0 : check_expected(r, e, err);

	if (rc)
		return rc;
	*number = (int64_t)e->offset;
	if (e->kind == APP_ADD)
		rc = r->kind->add(r->store, e->bytes, number, &failed);
	else if (e->kind == APP_REPLACE)
		rc = r->kind->replace(r->store, *number, e->bytes, &failed);
	else
		rc = r->kind->remove(r->store, *number, &failed);
	if (rc == ROW_REFUSED)
		return *why = failed, EDIT_REFUSED;
	return rc < 0 ? (*err = failed, -1) : 0;
}

static int
carry_out_next(struct row_session *r, const struct app_rewrite *w, const struct app_edit *e,
	       struct err *err)
{
	struct err why = { 0 };
	int64_t number;
	int rc = carry_out(&number, r, e, &why, err);

	if (rc == EDIT_REFUSED)
		return w->refused(w->ctx, &why, err);
	return rc ? rc : w->placed(w->ctx, (uint64_t)number, e->bytes.n, err);
}

static int
carry_out_all(struct row_session *r, const struct app_source *source, const struct app_rewrite *w,
	      struct err *err)
{
	struct app_edit e;
	int rc = check_stamp(r, &source->stamp, err);

	while (rc == 0 && (rc = w->next(w->ctx, &e, err)) == 0)
		rc = carry_out_next(r, w, &e, err);
	return rc == APP_END ? r->kind->commit(r->store, err) : rc;
}

int
row_app_rewrite(struct app_stamp *stamp, struct app_session *s, const struct app_source *source,
		const struct app_rewrite *rewrite, struct err *err)
{
	struct row_session *r = row_session_of(s);
	int rc = begin(r, err);

	if (rc < 0)
		return -1;
	rc = carry_out_all(r, source, rewrite, err);
	if (rc) {
		r->kind->rollback(r->store);
		return rc;
	}
	return r->kind->stamp(stamp, r->store, err) == 0
		       ? 0
		       : err_set(err, ERR_CONFLICT, "%s is gone since it was written",
				 r->kind->source);
}

/* Each by itself: its row is, or is not, what was read.  0, or -1: all is to be rolled back. */
static int
change_carry_out(struct row_session *r, struct app_change *c, struct err *err)
{
	const struct app_edit e = { c->kind, c->place.offset, c->place.size, c->expected,
				    c->bytes };
	int64_t number;
	int rc = carry_out(&number, r, &e, &c->err, err);

	if (rc < 0)
		return -1;
	if (rc == APP_MOVED)
		err_set(&c->err, ERR_CONFLICT, "%s: it changed in the meantime", r->kind->source);
	c->result = rc == 0           ? APP_CHANGE_DONE
		    : rc == APP_MOVED ? APP_CHANGE_CONFLICT
				      : APP_CHANGE_REFUSED;
	if (rc)
		return 0;
	c->written_path = strdup(r->kind->source);
	if (!c->written_path)
		return err_nomem(err);
	c->written = (struct app_place){ .source = c->written_path,
					 .offset = (uint64_t)number,
					 .size = c->bytes.n };
	return 0;
}

/* Whatever was done before counts no more. */
static void
take_back(struct app_change *changes, size_t n, enum app_change_result result,
	  const struct err *why)
{
	for (size_t i = 0; i < n; i++) {
		if (changes[i].result != APP_CHANGE_DONE)
			continue;
		changes[i].result = result;
		changes[i].err = *why;
	}
}

static int
change_all(struct row_session *r, struct app_change *changes, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (change_carry_out(r, &changes[i], err) < 0) {
			r->kind->rollback(r->store);
			take_back(changes, i + 1, APP_CHANGE_OPEN, err);
			return -1;
		}
	if (r->kind->commit(r->store, err) == 0)
		return 0;
	r->kind->rollback(r->store);
	take_back(changes, n, APP_CHANGE_FAILED, err); /* nobody knows how far it came */
	return -1;
}

int
row_app_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	struct row_session *r = row_session_of(s);
	struct app_stamp stamp = { 0 };
	size_t failed = 0;
	int rc;

	if (n == 0)
		return 0;
	if (begin(r, err) < 0 || change_all(r, changes, n, err) < 0)
		return -1;
	rc = r->kind->stamp(&stamp, r->store, err);
	for (size_t i = 0; i < n; i++) {
		changes[i].written.stamp = stamp;
		failed += changes[i].result != APP_CHANGE_DONE;
	}
	if (rc < 0)
		return -1;
	if (failed)
		return err_set(err, ERR_PARTIAL, "%zu of %zu changes were not made", failed, n);
	return 0;
}
