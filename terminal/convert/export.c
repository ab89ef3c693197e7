/* SPDX-License-Identifier: Apache-2.0 */
/* export: see export.h. */
#include "convert/export.h"

#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/inventory.h"
#include "box/shortcuts.h"
#include "convert/export_out.h"
#include "item/card.h"

#define ITEMS_MAX      (1u << 22)
#define NAME_MAX_BYTES 120 /* of a file made from an item's name */
#define NAMES_TRIED    10000

static const char *const format_names[] = { "original", "vcard3", "vcard4" };

int
export_format_parse(enum export_format *out, const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof format_names / sizeof *format_names; i++) {
		if (strcmp(name, format_names[i]) != 0)
			continue;
		*out = (enum export_format)i;
		return 0;
	}
	err_set(err, ERR_USAGE, "there is no format %.40s", name);
	return err_hint(err, "there are: %s", "original, vcard3, vcard4");
}

const char *
export_format_name(enum export_format format)
{
	return format_names[format];
}

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
	bool cards;
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
print_card_path(struct buf *out, struct span name, unsigned nth, struct err *err)
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
	return buf_append_str(out, ".vcf", err);
}

/* ---- cards ---- */

/* 0, or -1 with why this card cannot go. */
static int
convert(struct export *x, struct buf *text, const struct inventory_item *from,
	struct export_item *item, struct err *err)
{
	AUTO(buf_clear) struct buf card = BUF_INIT(CARD_BYTES_MAX);
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *it = NULL;
	enum item_version to = x->rq->format == EXPORT_VCARD3 ? ITEM_VCARD_30 : ITEM_VCARD_40;
	int rc = item_read_all(&card, x->session, &from->place, err);

	if (rc != 0)
		return rc;
	if (x->rq->format == EXPORT_ORIGINAL) {
		if (buf_append(text, buf_span(&card), err) < 0)
			return -1;
		return card.n && card.p[card.n - 1] != '\n' ? buf_append_str(text, "\r\n", err) : 0;
	}
	if (card_parse(&it, buf_span(&card), from->place.source, 1, x->session->adapter->profile,
		       err) < 0 ||
	    card_convert(text, &notes, it, to, err) < 0)
		return -1;
	x->out->noted += notes.n > 0;
	return notes.n ? add_notes(item, &notes, to, err) : 0;
}

/* Under a name that is free. */
static int
put_card(struct export *x, struct span name, int64_t modified_unix_ms, struct span text,
	 struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(1024);
	struct export_entry e = { .size = text.n, .modified_unix_ms = modified_unix_ms };

	for (unsigned nth = 1; nth < NAMES_TRIED; nth++) {
		int rc;
		if (print_card_path(&path, name, nth, err) < 0)
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

static int
export_bytes(struct export *x, const struct inventory_item *from, struct export_item *item,
	     struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * (size_t)CARD_BYTES_MAX);
	int rc;

	if (!x->cards)
		return put_file(x, from, err);
	rc = convert(x, &text, from, item, err);
	return rc != 0 ? rc : put_card(x, from->name, from->modified_unix_ms, buf_span(&text), err);
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
	rc = export_bytes(x, from, item, &why);
	if (rc < 0 && !is_of_item(&why)) {
		*err = why;
		return -1;
	}
	if (rc != 0)
		return item_failed(
			x, item,
			rc < 0 ? why.msg : _("it changed while it was read: export it again"), err);
	x->out->exported++;
	if (x->watch && x->watch->progress)
		x->watch->progress(x->watch->ctx, x->out->exported, export_out_bytes(x->file));
	return 0;
}

static int
export_named(struct export *x, struct err *err)
{
	for (size_t i = 0; i < x->rq->n_items; i++) {
		AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;

		if (inventory_find(&f, x->box, x->session->app->name, span_str(x->rq->items[i]),
				   err) < 0 ||
		    export_item(x, &f.item, err) < 0)
			return -1;
	}
	return 0;
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
			    .cards = s->adapter->form != NULL };

	if (x.cards && s->adapter->form != &form_card) {
		err_set(err, ERR_UNSUPPORTED, "%s needs no export", s->app->name);
		return err_hint(err, "its files are what other programs read: %s", s->app->path);
	}
	if (!x.cards && request->format != EXPORT_ORIGINAL)
		return err_set(err, ERR_USAGE, "%s is a format for contacts; %s has whole files",
			       export_format_name(request->format), s->app->name);
	if (export_out_new(&file, request->to, x.cards, err) < 0)
		return -1;
	x.file = file;
	if (request->n_items ? export_named(&x, err) < 0
			     : inventory_each(box, s->app->name, export_item, &x, err) < 0)
		return -1;
	if (export_out_finish(file, err) < 0)
		return -1;
	out->bytes = export_out_bytes(file);
	return 0;
}
