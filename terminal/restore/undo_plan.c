/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_plan: what is to be done with one item as it is now.  Reads, never writes.
 *
 * A card is found by its native id; one that the restore made, or whose id is gone (a renamed file),
 * by the content that was written, too.  Never is an item touched for its id alone: a field goes
 * only if the card has it, an item only if it has the very bytes that the restore wrote.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/content.h"
#include "merge/merge.h"
#include "restore/result.h"
#include "restore/undo_internal.h"

#define ITEMS_MAX     (1u << 22)
#define FILE_KEPT_MAX APP_PIECE_BYTES /* a larger file that goes is not kept: the backup has it */
#define CARD_ROOM     (2 * (size_t)ITEM_BYTES_MAX)

static const uint8_t unknown[BOX_HASH_BYTES];

static bool
hash_equal(const uint8_t a[static BOX_HASH_BYTES], const uint8_t b[static BOX_HASH_BYTES])
{
	return memcmp(a, b, BOX_HASH_BYTES) == 0;
}

static void
clear_list(struct restore_field **list, size_t *n)
{
	restore_fields_free(*list, *n);
	*list = NULL;
	*n = 0;
}

void
undo_plan_clear(struct undo *u, struct target *t)
{
	struct undo_item *it = undo_row(u, t);

	target_clear_plan(t);
	clear_list(&it->removed, &it->n_removed);
	clear_list(&it->put_back, &it->n_put_back);
	clear_list(&it->stays, &it->n_stays);
}

void
undo_reason(char *out, size_t n, const struct target *t)
{
	switch (t->outcome) {
	case UNDO_TAKEN_AWAY:
		if (t->n_changed == 0)
			snprintf(out, n, "%s", _("what was added is taken away again"));
		else
			snprintf(
				out, n,
				text_plural("what was added is taken away again, but for %zu field "
					    "that was changed since and stays",
					    "what was added is taken away again, but for %zu "
					    "fields that were changed since and stay",
					    t->n_changed),
				t->n_changed);
		return;
	case UNDO_GONE:
		snprintf(out, n, "%s",
			 _("it was made by the restore and is unchanged: it is gone again"));
		return;
	case UNDO_PUT_BACK:
		snprintf(out, n, "%s", _("the value from before is back"));
		return;
	case UNDO_BEFORE:
	case UNDO_STAYS:
	case UNDO_FAILED:
		break;
	}
	out[0] = '\0';
}

static int
settle(struct undo *u, struct target *t, enum undo_outcome outcome, const char *reason,
       struct err *err)
{
	target_clear_plan(t);
	return undo_settle(u, t, outcome, reason, err) < 0 ? -1 : UNDO_SETTLED;
}

static int
settle_before(struct undo *u, struct target *t, struct err *err)
{
	return settle(u, t, UNDO_BEFORE, _("it was undone before the undo was cut off"), err);
}

/* An item that is not here: it went by an undo that was cut off, or somebody removed it. */
static int
settle_absent(struct undo *u, struct target *t, struct err *err)
{
	if (t->begun && hash_equal(t->begun_written, unknown) && !u->incomplete)
		return settle_before(u, t, err);
	if (u->incomplete)
		return settle(u, t, UNDO_FAILED,
			      _("a part of the app cannot be read, and it may be there: see "
				"`cloudbox items`"),
			      err);
	return settle(u, t, UNDO_STAYS, _("it is not here any more"), err);
}

/* 1. Which item. */

static int
add_by_content(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct undo *u = ctx;
	struct by_content *c;

	if (!item->has_content)
		return 0;
	if (array_reserve((void **)&u->by_content, &u->cap_by_content, u->n_by_content + 1,
			  sizeof *u->by_content, ITEMS_MAX, err) < 0)
		return -1;
	c = &u->by_content[u->n_by_content++];
	memcpy(c->content, item->content, sizeof c->content);
	memcpy(c->item, item->item, sizeof c->item);
	return 0;
}

static int
compare_content(const void *a, const void *b)
{
	return memcmp(((const struct by_content *)a)->content,
		      ((const struct by_content *)b)->content, BOX_HASH_BYTES);
}

static int
find_by_content(struct inventory_found *f, struct undo *u, const struct target *t, struct err *err)
{
	struct by_content key = { .content = { 0 } }, *found;

	if (hash_equal(t->written, unknown))
		return BOX_ABSENT;
	if (!u->have_by_content) {
		u->n_by_content = 0;
		if (inventory_each(u->box, t->app, add_by_content, u, err) < 0)
			return -1;
		if (u->n_by_content > 1)
			qsort(u->by_content, u->n_by_content, sizeof *u->by_content,
			      compare_content);
		u->have_by_content = true;
	}
	memcpy(key.content, t->written, sizeof key.content);
	found = u->n_by_content
			? bsearch(&key, u->by_content, u->n_by_content, sizeof key, compare_content)
			: NULL;
	return found ? inventory_get_id(f, u->box, found->item, err) : BOX_ABSENT;
}

/* 0, BOX_ABSENT or -1. */
static int
find_card(struct inventory_found *f, struct undo *u, const struct target *t, struct err *err)
{
	int rc = inventory_get(f, u->box, t->app, target_native(t), err);

	if (rc < 0)
		return -1;
	if (rc == 0 && (t->kind != KEPT_CREATED ||
			(f->item.has_content && hash_equal(f->item.content, t->written))))
		return 0;
	int other = find_by_content(f, u, t, err);
	if (other != BOX_ABSENT || rc != 0)
		return other;
	return inventory_get(f, u->box, t->app, target_native(t), err);
}

static int
take_place(struct target *t, const struct app_place *place, struct err *err)
{
	t->place_source = strdup(place->source);
	if (!t->place_source)
		return err_nomem(err);
	t->place = *place;
	t->place.source = t->place_source;
	return 0;
}

/* 2. Cards. */

static bool
is_single(const struct field *f, const char *name)
{
	return (f->flags & FIELD_SINGLE) && !(f->flags & FIELD_IGNORED) &&
	       strcmp(f->name, name) == 0;
}

static const struct field *
find_single(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (is_single(&it->fields[i], name))
			return &it->fields[i];
	return NULL;
}

static const struct field *
find_key(const struct item *it, const struct field_key *key)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED) &&
		    field_key_equal(&it->fields[i].key, key))
			return &it->fields[i];
	return NULL;
}

static int
parse(struct item **out, const struct undo *u, const struct buf *bytes, struct err *err)
{
	const struct adapter *a = u->session->adapter;

	return a->form->parse(out, buf_span(bytes), "", 1, a->profile, err);
}

/* What the flags of merge_remove() say, in fields. */
static int
tell_removed(struct undo *u, struct target *t, const struct item *mine, const bool *removed,
	     size_t *n_removed, struct err *err)
{
	struct undo_item *it = undo_row(u, t);

	*n_removed = 0;
	for (size_t i = 0; i < t->n_keys; i++) {
		const struct field *f = find_key(mine, &t->keys[i]);
		int rc = 0;

		*n_removed += removed[i];
		t->n_changed += !removed[i];
		if (f && removed[i])
			rc = undo_add_field(&it->removed, &it->n_removed, f->name, f->value, err);
		else if (f)
			rc = undo_add_field(&it->stays, &it->n_stays, f->name, f->value, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
plan_fields(struct undo *u, struct target *t, const struct item *mine, struct err *err)
{
	AUTO(free) bool *removed = calloc(t->n_keys + 1, sizeof *removed);
	size_t n_removed;

	if (!removed)
		return err_nomem(err);
	if (merge_remove(&t->bytes, mine, t->keys, t->n_keys, removed, err) < 0 ||
	    tell_removed(u, t, mine, removed, &n_removed, err) < 0)
		return -1;
	if (n_removed == 0)
		return settle(u, t, UNDO_STAYS,
			      _("what was added to it was changed or removed since: it stays"),
			      err);
	t->outcome = UNDO_TAKEN_AWAY;
	return 0;
}

/* The item as it was before the take. */
static int
open_before(struct buf *out, struct undo *u, const struct target *t, struct err *err)
{
	const struct account_keys *keys = u->rq->keys(u->rq->keys_ctx, t->epoch, err);
	struct kept k = { .number = t->number,
			  .restore = span_str(u->out->restore),
			  .app = t->app,
			  .epoch = t->epoch };

	memcpy(k.item, t->item, sizeof k.item);
	return keys ? kept_open(out, u->box, &k, keys->psk, keys->aek, err) : -1;
}

/* What was taken gives way to what stood there before. */
static int
plan_put_back(struct undo *u, struct target *t, const struct item *mine, struct err *err)
{
	struct undo_item *it = undo_row(u, t);
	AUTO(buf_clear) struct buf before = BUF_INIT(ORIGINAL_BYTES_MAX);
	AUTO(item_free) struct item *was = NULL;
	const struct field *taken = t->n_keys ? find_key(mine, &t->keys[0]) : NULL, *old;
	bool removed = false;
	int rc;

	if (!taken)
		return settle(u, t, UNDO_STAYS,
			      _("the value that was taken was changed since: it stays"), err);
	if (open_before(&before, u, t, err) < 0 || parse(&was, u, &before, err) < 0)
		return -1;
	old = find_single(was, t->field);
	if (hash_equal(t->content, t->written))
		rc = buf_append(&t->bytes, buf_span(&before), err);
	else if (old)
		rc = merge_take(&t->bytes, mine, taken, was, old, err);
	else
		rc = merge_remove(&t->bytes, mine, t->keys, 1, &removed, err);
	if (rc < 0 ||
	    undo_add_field(&it->removed, &it->n_removed, taken->name, taken->value, err) < 0)
		return -1;
	t->outcome = UNDO_PUT_BACK;
	return old ? undo_add_field(&it->put_back, &it->n_put_back, old->name, old->value, err) : 0;
}

static int
plan_created(struct undo *u, struct target *t, struct err *err)
{
	if (hash_equal(t->written, unknown))
		return settle(u, t, UNDO_STAYS,
			      _("the restore was cut off while it made this: whether it is the "
				"restore's work cannot be told, so it stays"),
			      err);
	if (!hash_equal(t->content, t->written))
		return settle(u, t, UNDO_STAYS, _("it was changed since: it stays"), err);
	t->outcome = UNDO_GONE;
	return 0;
}

static int
plan_found_card(struct undo *u, struct target *t, struct err *err)
{
	AUTO(item_free) struct item *mine = NULL;

	content_of(t->content, u->me->ids, buf_span(&t->before));
	if (t->begun && !hash_equal(t->begun_written, unknown) &&
	    hash_equal(t->content, t->begun_written))
		return settle_before(u, t, err);
	if (t->kind == KEPT_CREATED)
		return plan_created(u, t, err);
	if (parse(&mine, u, &t->before, err) < 0)
		return -1;
	return t->kind == KEPT_TAKEN ? plan_put_back(u, t, mine, err)
				     : plan_fields(u, t, mine, err);
}

static int
plan_card(struct undo *u, struct target *t, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc = find_card(&f, u, t, err);

	if (rc != 0)
		return rc < 0 ? -1 : settle_absent(u, t, err);
	t->before = (struct buf)BUF_INIT(ITEM_BYTES_MAX);
	t->bytes = (struct buf)BUF_INIT(CARD_ROOM);
	if (take_place(t, &f.item.place, err) < 0)
		return -1;
	rc = item_read_all(&t->before, u->session, &t->place, err);
	if (rc != 0)
		return rc < 0 ? -1 : UNDO_MOVED;
	return plan_found_card(u, t, err);
}

/* 3. Files. */

/* Its content's hash, and, if it is small, its bytes.  0, APP_MOVED or -1. */
static int
read_file(struct undo *u, struct target *t, struct err *err)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	struct content content;
	struct span piece;
	int rc = item_reader_open(&r, u->session, &t->place, err);

	content_init(&content, u->me->ids);
	while (rc == 0 && (rc = item_reader_next(r, &piece, err)) == 0) {
		content_add(&content, piece);
		if (t->place.size <= FILE_KEPT_MAX && buf_append(&t->before, piece, err) < 0)
			return -1;
	}
	content_final(&content, t->content);
	return rc == APP_END ? 0 : rc;
}

static int
plan_file(struct undo *u, struct target *t, struct err *err)
{
	struct app_place place = { .source = t->source };
	int rc;

	if (!path_is_safe(span_str(t->source)))
		return err_set(err, ERR_FORMAT, "its path leads out of the app's folder: refused");
	rc = u->session->adapter->stamp(&place.stamp, u->session, t->source, err);
	if (rc != 0)
		return rc < 0 ? -1 : settle_absent(u, t, err);
	place.size = place.stamp.size;
	t->before = (struct buf)BUF_INIT(FILE_KEPT_MAX);
	if (take_place(t, &place, err) < 0)
		return -1;
	rc = read_file(u, t, err);
	if (rc != 0)
		return rc < 0 ? -1 : UNDO_MOVED;
	return plan_created(u, t, err);
}

int
undo_plan(struct undo *u, struct target *t, struct err *err)
{
	undo_plan_clear(u, t);
	return !u->session->adapter->form ? plan_file(u, t, err) : plan_card(u, t, err);
}
