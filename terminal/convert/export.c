/* SPDX-License-Identifier: Apache-2.0 */
/* export: see export.h. */
#include "convert/export.h"

#include "base/array.h"
#include "base/text.h"
#include "box/inventory.h"
#include "box/shortcuts.h"
#include "convert/export_out.h"

#define ITEMS_MAX      (1u << 22)
#define NAME_MAX_BYTES 120 /* of a file made from an item's name */
#define NAMES_TRIED    10000

void
export_result_clear(struct export_result *r)
{
	for (size_t i = 0; i < r->n_items; i++) {
		struct export_item *it = &r->items[i];
		for (size_t j = 0; j < it->n_notes; j++) {
			free(it->notes[j].kind);
			free(it->notes[j].field);
			free(it->notes[j].text);
		}
		free(it->notes);
		free(it->id);
		free(it->name);
		free(it->failed);
	}
	free(r->items);
	*r = (struct export_result){ 0 };
}

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

static char *
copied(struct span s)
{
	return s.n ? strndup((const char *)s.p, s.n) : strdup("");
}

static int
add_item(struct export_item **item, struct export *x, const struct inventory_item *from,
	 struct err *err)
{
	struct export_result *r = x->out;
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);

	if (item_show_id(&id, x->box, from->native_id, from->item, err) < 0 ||
	    array_reserve((void **)&r->items, &r->cap_items, r->n_items + 1, sizeof *r->items,
			  ITEMS_MAX, err) < 0)
		return -1;
	*item = &r->items[r->n_items++];
	(*item)->id = copied(buf_span(&id));
	(*item)->name = copied(from->name);
	return (*item)->id && (*item)->name ? 0 : err_nomem(err);
}

static int
item_failed(struct export *x, struct export_item *item, const char *why, struct err *err)
{
	x->out->failed++;
	item->failed = strdup(why);
	return item->failed ? 0 : err_nomem(err);
}

static int
add_notes(struct export_item *item, const struct card_notes *notes, enum item_version to,
	  struct err *err)
{
	char text[CARD_NOTE_BYTES] = "";

	if (array_reserve((void **)&item->notes, &item->cap_notes, notes->n, sizeof *item->notes,
			  CARD_FIELDS_MAX, err) < 0)
		return -1;
	for (size_t i = 0; i < notes->n; i++) {
		struct export_note *n = &item->notes[item->n_notes++];

		card_note_text(text, &notes->list[i], to);
		n->kind = strdup(card_note_name(notes->list[i].kind));
		n->field = strdup(notes->list[i].field);
		n->text = strdup(text);
		n->line = notes->list[i].line;
		if (!n->kind || !n->field || !n->text)
			return err_nomem(err);
	}
	return 0;
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
convert(struct export *x, struct buf *text, const struct inventory_item *from,
	struct export_item *item, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *it = NULL;
	int rc = read_item(&it, &bytes, x, from, err);

	if (rc != 0)
		return rc;
	if (x->kind->item(text, &notes, &x->state, it, err) < 0)
		return -1;
	x->out->noted += notes.n > 0;
	return notes.n ? add_notes(item, &notes, x->kind->version, err) : 0;
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
put_item(struct export *x, const struct inventory_item *from, struct export_item *item,
	 struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	bool alone = !export_out_is_one(x->file); /* a file of its own */
	int rc;

	if (alone && put_head(&text, x, 1, err) < 0)
		return -1;
	rc = convert(x, &text, from, item, err);
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
	struct export_item *item;
	struct err why = { 0 };
	int rc;

	if (x->watch && x->watch->cancelled && x->watch->cancelled(x->watch->ctx))
		return err_set(err, ERR_CANCELLED, "ended before everything was exported");
	if (add_item(&item, x, from, err) < 0)
		return -1;
	rc = x->kind ? put_item(x, from, item, &why) : put_file(x, from, &why);
	if (rc < 0 && !is_of_item(&why)) {
		*err = why;
		return -1;
	}
	if (rc != 0)
		return item_failed(x, item, rc < 0 ? why.msg : moved(), err);
	x->out->exported++;
	if (x->watch && x->watch->progress)
		x->watch->progress(x->watch->ctx, x->out->exported, export_out_bytes(x->file));
	return 0;
}

/* ---- an order ---- */

/* An item that will be written: where its key and its native id stand in the index's text. */
struct entry {
	uint32_t key, n_key, id, n_id;
};

struct index {
	struct export *x;
	struct buf text;
	struct entry *list; /* owned */
	size_t n, cap;
};

#define INDEX_BYTES_MAX ((size_t)1 << 30)
#define INDEX_INIT(export)                                                                         \
	{                                                                                          \
		.x = (export), .text = BUF_INIT(INDEX_BYTES_MAX)                                   \
	}

static void
index_clear(struct index *in)
{
	buf_clear(&in->text);
	free(in->list);
}
AUTO_OBJ(index_clear, struct index);

static int
index_add(struct index *in, const struct item *it, struct span native_id, struct err *err)
{
	struct entry e = { .key = (uint32_t)in->text.n };

	if (array_reserve((void **)&in->list, &in->cap, in->n + 1, sizeof *in->list, ITEMS_MAX,
			  err) < 0 ||
	    in->x->kind->key(&in->text, it, err) < 0)
		return -1;
	e.n_key = (uint32_t)in->text.n - e.key;
	e.id = (uint32_t)in->text.n;
	if (buf_append(&in->text, native_id, err) < 0)
		return -1;
	e.n_id = (uint32_t)in->text.n - e.id;
	in->list[in->n++] = e;
	return 0;
}

static int
index_item(void *ctx, const struct inventory_item *from, struct err *err)
{
	struct index *in = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct export_item *item;
	struct err why = { 0 };
	int rc = read_item(&it, &bytes, in->x, from, &why);

	if (rc == 0)
		return index_add(in, it, from->native_id, err);
	if (rc < 0 && !is_of_item(&why)) {
		*err = why;
		return -1;
	}
	if (add_item(&item, in->x, from, err) < 0)
		return -1;
	return item_failed(in->x, item, rc < 0 ? why.msg : moved(), err);
}

/* Ascending by key; of one key as they came. */
static int
entry_order(const void *a, const void *b, void *ctx)
{
	const struct entry *l = a, *r = b;
	const uint8_t *text = ((struct index *)ctx)->text.p;
	int c = span_compare(span_of(text + l->key, l->n_key), span_of(text + r->key, r->n_key));

	return c ? c : (l->key > r->key) - (l->key < r->key);
}

static int
export_indexed(struct export *x, const struct index *in, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	uint64_t failed = x->out->failed;

	for (size_t i = 0; i < in->n; i++) {
		struct span id = span_of(in->text.p + in->list[i].id, in->list[i].n_id);
		int rc = inventory_get(&f, x->box, x->session->app->name, id, err);

		if (rc < 0 || (rc == 0 && export_item(x, &f.item, err) < 0))
			return -1;
		if (rc == 0 && x->out->failed == failed)
			continue;
		err_set(err, ERR_CONFLICT, "%s changed while it was read", x->session->app->name);
		return err_hint(err, "export it again");
	}
	return 0;
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

static int
export_in_order(struct export *x, struct index *in, struct err *err)
{
	if (in->n)
		qsort_r(in->list, in->n, sizeof *in->list, entry_order, in);
	return export_indexed(x, in, err);
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
	AUTO(index_clear) struct index in = INDEX_INIT(x);
	bool ordered = x->kind && x->kind->key;

	if ((ordered && each(x, index_item, &in, err) < 0) || put_around(x, in.n, true, err) < 0 ||
	    (ordered ? export_in_order(x, &in, err) < 0 : each(x, export_item, x, err) < 0))
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
