/* SPDX-License-Identifier: Apache-2.0 */
/* eds_keep: see eds_keep.h. */
#include "apps/eds_keep.h"

#include <stdlib.h>

#include "base/array.h"
#include "merge/key_set.h"

/* The fields of an item that what is shown of it lacks; by `fields` of the item. */
struct lost {
	bool *is; /* owned */
	size_t n;
};

static void
lost_clear(struct lost *l)
{
	free(l->is);
}
AUTO_OBJ(lost_clear, struct lost);

static int
lost_find(struct lost *lost, const struct item *it, const struct item *shown, struct err *err)
{
	AUTO(key_set_clear) struct key_set keys = KEY_SET_INIT;
	size_t at;

	lost->is = calloc(it->n_fields + 1, sizeof *lost->is);
	if (!lost->is)
		return err_nomem(err);
	for (size_t i = 0; i < shown->n_fields; i++)
		if (key_set_add(&keys, &shown->fields[i].key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		lost->is[i] =
			!(f->flags & FIELD_IGNORED) && key_set_find(&keys, &f->key) == KEY_SET_NONE;
		lost->n += lost->is[i];
	}
	return 0;
}

/* A line that is to be said otherwise. */
struct change {
	struct range at;
	const struct field *field; /* its first; NULL: a label, or whatever belongs to one */
};

struct changes {
	struct change *list; /* owned; by place */
	size_t n, cap;
};

static void
changes_clear(struct changes *c)
{
	free(c->list);
}
AUTO_OBJ(changes_clear, struct changes);

static int
changes_add(struct changes *c, struct range at, const struct field *field, struct err *err)
{
	if (array_reserve((void **)&c->list, &c->cap, c->n + 1, sizeof *c->list, SIZE_MAX / 64,
			  err) < 0)
		return -1;
	c->list[c->n++] = (struct change){ at, field };
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	size_t x = ((const struct change *)a)->at.start, y = ((const struct change *)b)->at.start;

	return (x > y) - (x < y);
}

/* The lines of the lost fields, once each; @groups: with all that belongs to them. */
static int
changes_find(struct changes *c, const struct item *it, const struct lost *lost, bool groups,
	     struct err *err)
{
	const struct field *first = it->fields;

	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		if (f->own.start != first->own.start)
			first = f;
		if (!lost->is[i])
			continue;
		if (changes_add(c, first->own, first, err) < 0)
			return -1;
		for (size_t m = 0; groups && m < f->n_members; m++)
			if (changes_add(c, it->members[f->first_member + m], NULL, err) < 0)
				return -1;
	}
	if (c->n)
		qsort(c->list, c->n, sizeof *c->list, by_place);
	return 0;
}

/* Append @it with these lines hidden, or said anew. */
static int
append_changed(struct buf *out, const struct item *it, const struct changes *c,
	       const struct eds_keep *k, bool hidden, struct err *err)
{
	struct span bytes = it->bytes;
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct change *change = &c->list[i];

		if (change->at.start < at)
			continue; /* once */
		if (buf_append(out, span_of(bytes.p + at, change->at.start - at), err) < 0 ||
		    (hidden ? k->hide(out, it, change->at, err)
			    : k->anew(out, it, change->field, err)) < 0)
			return -1;
		at = change->at.end;
	}
	return buf_append(out, span_of(bytes.p + at, bytes.n - at), err);
}

/* What is shown of @text once it is written. */
static int
shown_of(struct buf *out, const struct eds_keep *k, const struct buf *text, struct err *err)
{
	AUTO(buf_clear) struct buf printed = BUF_INIT(2 * ITEM_BYTES_MAX);

	return k->print(k->ctx, &printed, buf_str(text), err) < 0
		       ? -1
		       : k->show(out, buf_span(&printed), err);
}

/* Say otherwise what would be lost of @text.  0 or -1; *all: nothing would. */
static int
mend(bool *all, struct buf *text, const struct eds_keep *k, bool hidden, struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf better = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(changes_clear) struct changes changes = { 0 };
	AUTO(lost_clear) struct lost lost = { 0 };
	AUTO(item_free) struct item *it = NULL;
	AUTO(item_free) struct item *shown = NULL;

	if (shown_of(&back, k, text, err) < 0 ||
	    k->form->parse(&it, buf_span(text), "", 1, NULL, err) < 0 ||
	    k->form->parse(&shown, buf_span(&back), "", 1, NULL, err) < 0 ||
	    lost_find(&lost, it, shown, err) < 0 ||
	    changes_find(&changes, it, &lost, hidden, err) < 0)
		return -1;
	*all = lost.n == 0;
	if (*all)
		return 0;
	if (append_changed(&better, it, &changes, k, hidden, err) < 0)
		return -1;
	struct buf was = *text;
	*text = better;
	better = was;
	return 0;
}

/* What the clean text has no words for either: hidden as it stood in @original. */
static int
keep_rest(struct buf *out, const struct buf *text, struct span original, const struct eds_keep *k,
	  struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(changes_clear) struct changes changes = { 0 };
	AUTO(lost_clear) struct lost lost = { 0 };
	AUTO(item_free) struct item *it = NULL;
	AUTO(item_free) struct item *shown = NULL;
	AUTO(item_free) struct item *now = NULL;
	size_t at = 0;

	if (shown_of(&back, k, text, err) < 0 ||
	    k->form->parse(&it, original, "", 1, NULL, err) < 0 ||
	    k->form->parse(&now, buf_span(text), "", 1, NULL, err) < 0 ||
	    k->form->parse(&shown, buf_span(&back), "", 1, NULL, err) < 0 ||
	    lost_find(&lost, it, shown, err) < 0 ||
	    changes_find(&changes, it, &lost, true, err) < 0 ||
	    buf_append(out, span_of(text->p, now->insert_at), err) < 0)
		return -1;
	for (size_t i = 0; i < changes.n; i++) {
		if (changes.list[i].at.start >= at && k->hide(out, it, changes.list[i].at, err) < 0)
			return -1;
		at = changes.list[i].at.end;
	}
	return buf_append(out, span_of(text->p + now->insert_at, text->n - now->insert_at), err);
}

int
eds_keep_whole(struct buf *out, struct buf *text, struct span original, const struct eds_keep *k,
	       struct err *err)
{
	bool all = false;

	return mend(&all, text, k, false, err) < 0 || (!all && mend(&all, text, k, true, err) < 0)
		       ? -1
		       : keep_rest(out, text, original, k, err);
}
