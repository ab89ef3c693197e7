/* SPDX-License-Identifier: Apache-2.0 */
/* export: see export.h. */
#include "convert/export.h"

#include "base/array.h"
#include "base/text.h"
#include "box/inventory.h"
#include "box/shortcuts.h"
#include "convert/export_out.h"
#include "os/sorter.h"

#define NAME_MAX_BYTES 120 /* of a file made from an item's name */
#define NAMES_TRIED    10000

/* One export on its way. */
struct export
{
	struct export_result *out;
	struct box *box;
	struct app_session *session;
	const struct export_request *rq;
	const struct export_watch *watch;
	struct export_out *file;
	const struct file_kind *kind; /* NULL: whole files */
	struct buf state;             /* the kind's */
};

/* ---- what is told ---- */

/* What came of the item at hand. */
struct outcome {
	const char *failed; /* NULL: it was exported */
	struct export_note *notes;
	size_t n_notes, cap_notes;
};

static void
outcome_clear(struct outcome *o)
{
	for (size_t i = 0; i < o->n_notes; i++) {
		free((void *)(uintptr_t)o->notes[i].field);
		free((void *)(uintptr_t)o->notes[i].text);
	}
	free(o->notes);
}
AUTO_OBJ(outcome_clear, struct outcome);

static int
add_notes(struct outcome *o, const struct card_notes *notes, enum item_version to, struct err *err)
{
	char text[CARD_NOTE_BYTES] = "";

	if (array_reserve((void **)&o->notes, &o->cap_notes, notes->n, sizeof *o->notes,
			  CARD_FIELDS_MAX, err) < 0)
		return -1;
	for (size_t i = 0; i < notes->n; i++) {
		struct export_note *n = &o->notes[o->n_notes++];

		card_note_text(text, &notes->list[i], to);
		*n = (struct export_note){ .kind = card_note_name(notes->list[i].kind),
					   .field = strdup(notes->list[i].field),
					   .text = strdup(text),
					   .line = notes->list[i].line };
		if (!n->field || !n->text)
			return err_nomem(err);
	}
	return 0;
}

static int
tell(struct export *x, const struct inventory_item *from, const struct outcome *o, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	AUTO(buf_clear) struct buf name = BUF_INIT(16 << 10);
	struct export_item item = { .failed = o->failed, .notes = o->notes, .n_notes = o->n_notes };

	x->out->failed += o->failed != NULL;
	x->out->noted += o->n_notes > 0;
	if (!x->watch || !x->watch->item)
		return 0;
	if (item_show_id(&id, x->box, from->native_id, from->item, err) < 0 ||
	    buf_append(&name, from->name, err) < 0)
		return -1;
	item.id = buf_str(&id);
	item.name = buf_str(&name);
	return x->watch->item(x->watch->ctx, &item, err);
}

/* ---- names of files ---- */

/* A file name of an item's name: no folder, nothing hidden, not too long; the @nth of that name. */
static int
print_item_path(struct buf *out, struct span name, unsigned nth, const char *extension,
		struct err *err)
{
	size_t n = name.n < NAME_MAX_BYTES ? name.n : NAME_MAX_BYTES;

	buf_reset(out);
	while (n && n < name.n && (name.p[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = name.p[i];
		bool odd = c < ' ' || c == 0x7f || strchr("/\\:*?\"<>|", c) || (i == 0 && c == '.');
		if (buf_append_byte(out, odd ? '_' : c, err) < 0)
			return -1;
	}
	if (n == 0 && buf_append_str(out, "_", err) < 0)
		return -1;
	if (nth > 1 && buf_append_fmt(out, err, " %u", nth) < 0)
		return -1;
	return buf_append_str(out, extension, err);
}

/* ---- items with fields ---- */

/* The item's bytes, and what they say.  0, APP_MOVED or -1. */
static int
read_item(struct item **out, struct buf *bytes, const struct export *x,
	  const struct inventory_item *from, struct err *err)
{
	const struct adapter *a = x->session->adapter;
	int rc = item_read_all(bytes, x->session, &from->place, err);

	return rc != 0 ? rc
		       : a->form->parse(out, buf_span(bytes), from->place.source, 1, a->profile,
					err);
}

/* 0, APP_MOVED, or -1 with why this item cannot go. */
static int
convert(struct export *x, struct buf *text, const struct inventory_item *from, struct outcome *o,
	struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *it = NULL;
	int rc = read_item(&it, &bytes, x, from, err);

	if (rc != 0)
		return rc;
	if (x->kind->item(text, &notes, &x->state, it, err) < 0)
		return -1;
	return notes.n ? add_notes(o, &notes, x->kind->version, err) : 0;
}

/* Under a name that is free. */
static int
put_text(struct export *x, struct span name, int64_t modified_unix_ms, struct span text,
	 struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(1024);
	struct export_entry e = { .size = text.n, .modified_unix_ms = modified_unix_ms };

	for (unsigned nth = 1; nth < NAMES_TRIED; nth++) {
		int rc;
		if (print_item_path(&path, name, nth, x->kind->extension, err) < 0)
			return -1;
		e.path = buf_str(&path);
		rc = export_out_begin(x->file, &e, err);
		if (rc == APP_EXISTS)
			continue;
		if (rc < 0 || export_out_write(x->file, text, err) < 0)
			return -1;
		rc = export_out_end(x->file, err);
		if (rc != APP_EXISTS)
			return rc;
	}
	return err_set(err, ERR_LIMIT, "too many items of one name");
}

/* ---- whole files ---- */

/* 0, APP_MOVED or -1; nothing of it remains unless 0. */
static int
copy_file(struct export *x, struct item_reader *r, struct err *err)
{
	struct span piece;
	int rc;

	while ((rc = item_reader_next(r, &piece, err)) == 0)
		if (export_out_write(x->file, piece, err) < 0)
			return -1;
	return rc == APP_END ? 0 : rc;
}

static int
put_file(struct export *x, const struct inventory_item *from, struct err *err)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	struct export_entry e = { from->place.source, from->place.size, from->modified_unix_ms };
	struct err why = { 0 };
	int rc = item_reader_open(&r, x->session, &from->place, err);

	if (rc == 0)
		rc = export_out_begin(x->file, &e, err);
	if (rc != 0)
		return rc;
	rc = copy_file(x, r, &why);
	if (rc == 0)
		return export_out_end(x->file, err);
	if (export_out_drop(x->file, err) < 0)
		return -1;
	*err = why;
	return rc;
}

/* ---- one item ---- */

/* What concerns one item; everything else ends the export. */
static bool
is_of_item(const struct err *err)
{
	return err->code == ERR_SYNTAX || err->code == ERR_LIMIT || err->code == ERR_NOT_FOUND ||
	       err->code == ERR_CONFLICT;
}

static const char *
moved(void)
{
	return _("it changed while it was read: export it again");
}

static int
put_head(struct buf *text, struct export *x, uint64_t n, struct err *err)
{
	buf_reset(&x->state);
	return x->kind->head ? x->kind->head(text, &x->state, n, err) : 0;
}

static int
put_tail(struct buf *text, struct export *x, struct err *err)
{
	return x->kind->tail ? x->kind->tail(text, &x->state, err) : 0;
}

static int
put_item(struct export *x, const struct inventory_item *from, struct outcome *o, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	bool alone = !export_out_is_one(x->file); /* a file of its own */
	int rc;

	if (alone && put_head(&text, x, 1, err) < 0)
		return -1;
	rc = convert(x, &text, from, o, err);
	if (rc != 0)
		return rc;
	if (alone && put_tail(&text, x, err) < 0)
		return -1;
	return put_text(x, from->name, from->modified_unix_ms, buf_span(&text), err);
}

static int
export_item(void *ctx, const struct inventory_item *from, struct err *err)
{
	struct export *x = ctx;
	AUTO(outcome_clear) struct outcome o = { .failed = NULL };
	struct err why = { 0 };
	int rc;

	if (x->watch && x->watch->cancelled && x->watch->cancelled(x->watch->ctx))
		return err_set(err, ERR_CANCELLED, "ended before everything was exported");
	rc = x->kind ? put_item(x, from, &o, &why) : put_file(x, from, &why);
	if (rc < 0 && !is_of_item(&why)) {
		*err = why;
		return -1;
	}
	if (rc != 0)
		o.failed = rc < 0 ? why.msg : moved();
	x->out->exported += rc == 0;
	if (rc == 0 && x->watch && x->watch->progress)
		x->watch->progress(x->watch->ctx, x->out->exported, export_out_bytes(x->file));
	return tell(x, from, &o, err);
}

/* ---- an order ---- */

struct index {
	struct export *x;
	struct sorter *items; /* native ids */
};

static void
index_clear(struct index *in)
{
	sorter_free(in->items);
}
AUTO_OBJ(index_clear, struct index);

static int
index_item(void *ctx, const struct inventory_item *from, struct err *err)
{
	struct index *in = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf key = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct outcome o = { .failed = NULL };
	struct err why = { 0 };
	int rc = read_item(&it, &bytes, in->x, from, &why);

	if (rc == 0)
		return in->x->kind->key(&key, it, err) < 0
			       ? -1
			       : sorter_add(in->items, buf_span(&key), from->native_id, err);
	if (rc < 0 && !is_of_item(&why)) {
		*err = why;
		return -1;
	}
	o.failed = rc < 0 ? why.msg : moved();
	return tell(in->x, from, &o, err);
}

/* 0, SORTER_END or -1.  An item that cannot go now makes the whole wrong, whose head counts it. */
static int
export_next(struct export *x, struct sorter *items, struct inventory_found *f, struct err *err)
{
	uint64_t failed = x->out->failed;
	struct span key, id;
	int rc = sorter_next(&key, &id, items, err);

	if (rc)
		return rc;
	rc = inventory_get(f, x->box, x->session->app->name, id, err);
	if (rc < 0 || (rc == 0 && export_item(x, &f->item, err) < 0))
		return -1;
	if (rc == 0 && x->out->failed == failed)
		return 0;
	err_set(err, ERR_CONFLICT, "%s changed while it was read", x->session->app->name);
	return err_hint(err, "export it again");
}

static int
export_in_order(struct export *x, struct sorter *items, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc = 0;

	while (rc == 0)
		rc = export_next(x, items, &f, err);
	return rc < 0 ? -1 : 0;
}

/* ---- all of them ---- */

static int
each(struct export *x, inventory_fn *fn, void *ctx, struct err *err)
{
	const char *app = x->session->app->name;

	if (!x->rq->n_items)
		return inventory_each(x->box, app, fn, ctx, err);
	for (size_t i = 0; i < x->rq->n_items; i++) {
		AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;

		if (inventory_find(&f, x->box, app, span_str(x->rq->items[i]), err) < 0 ||
		    fn(ctx, &f.item, err) < 0)
			return -1;
	}
	return 0;
}

/* What stands before, or behind, the items of one file. */
static int
put_around(struct export *x, uint64_t n, bool is_head, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);

	if (!x->kind || !export_out_is_one(x->file))
		return 0;
	if (is_head ? put_head(&text, x, n, err) < 0 : put_tail(&text, x, err) < 0)
		return -1;
	return export_out_write(x->file, buf_span(&text), err);
}

static int
export_all(struct export *x, struct err *err)
{
	AUTO(index_clear) struct index in = { .x = x };
	bool ordered = x->kind && x->kind->key;

	if (ordered && (sorter_new(&in.items, box_home_fd(x->box), err) < 0 ||
			each(x, index_item, &in, err) < 0 || sorter_sort(in.items, err) < 0))
		return -1;
	if (put_around(x, ordered ? sorter_n(in.items) : 0, true, err) < 0 ||
	    (ordered ? export_in_order(x, in.items, err) < 0 : each(x, export_item, x, err) < 0))
		return -1;
	return put_around(x, 0, false, err);
}

int
export_run(struct export_result *out, struct box *box, struct app_session *s,
	   const struct export_request *request, const struct export_watch *watch, struct err *err)
{
	AUTO(export_out_free) struct export_out *file = NULL;
	struct export x = { .out = out,
			    .box = box,
			    .session = s,
			    .rq = request,
			    .watch = watch,
			    .state = BUF_INIT(ITEM_BYTES_MAX) };
	int rc;

	if (file_kind_find(&x.kind, s->adapter->form, request->format, err) < 0 ||
	    export_out_new(&file, request->to, x.kind != NULL, err) < 0)
		return -1;
	out->format = x.kind ? x.kind->format : "original";
	x.file = file;
	rc = export_all(&x, err);
	buf_clear(&x.state);
	if (rc < 0 || export_out_finish(file, err) < 0)
		return -1;
	out->bytes = export_out_bytes(file);
	return 0;
}
