/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo: from the request to the receipt; see undo.h.
 *
 *     which restore -> what is kept of it, item by item -> app by app (undo_write.c) -> close
 */
#include "restore/undo.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/receipts.h"
#include "box/shortcuts.h"
#include "os/os.h"
#include "restore/result.h"
#include "restore/take.h"
#include "restore/undo_internal.h"

#define TARGETS_MAX   (1u << 22)
#define FIELDS_MAX    (1u << 20)
#define ID_DIGITS_MIN 4

void
undo_result_clear(struct undo_result *r)
{
	for (size_t i = 0; i < r->n_items; i++) {
		struct undo_item *it = &r->items[i];

		free(it->app);
		free(it->id);
		free(it->name);
		free(it->reason);
		restore_fields_free(it->removed, it->n_removed);
		restore_fields_free(it->put_back, it->n_put_back);
		restore_fields_free(it->stays, it->n_stays);
	}
	free(r->items);
	*r = (struct undo_result){ 0 };
}

int
undo_add_field(struct restore_field **list, size_t *n, const char *field, const char *value,
	       struct err *err)
{
	struct restore_field *grown = reallocarray(*list, *n + 1, sizeof **list);

	if (!grown)
		return err_nomem(err);
	*list = grown;
	grown[*n] = (struct restore_field){ strdup(field), strdup(value), strdup("") };
	(*n)++;
	return grown[*n - 1].field && grown[*n - 1].value && grown[*n - 1].here ? 0
										: err_nomem(err);
}

int
undo_settle(struct undo *u, struct target *t, enum undo_outcome outcome, const char *reason,
	    struct err *err)
{
	struct undo_item *it = undo_row(u, t);
	char *words = text_for_people(span_str(reason), err);

	if (!words)
		return -1; /* no row without a reason */
	t->pending = false;
	t->outcome = it->outcome = outcome;
	free(it->reason);
	it->reason = words;
	u->done++;
	if (u->watch && u->watch->progress)
		u->watch->progress(u->watch->ctx, u->done, u->n_targets, 0);
	return 0;
}

/* 1. Which restore. */

struct choice {
	struct box *box;
	const char *typed; /* NULL: the newest that can be undone */
	char id[RESTORE_ID_BYTES];
	bool undone;
	size_t n; /* that fit */
};

static void
choose(struct choice *c, const struct restore_row *r)
{
	if (c->n++ > 0)
		return;
	snprintf(c->id, sizeof c->id, "%.*s", SPAN_ARGS(r->id));
	c->undone = r->undone;
}

static int
look_at(void *ctx, const struct restore_row *r, struct err *err)
{
	struct choice *c = ctx;
	size_t n = c->typed ? strlen(c->typed) : 0;
	int rc;

	if (c->typed) {
		if (n <= r->id.n && strncasecmp((const char *)r->id.p, c->typed, n) == 0)
			choose(c, r);
		return 0;
	}
	if (c->n > 0 || r->undone)
		return 0;
	rc = kept_any(c->box, r->id, err);
	if (rc == 0)
		choose(c, r);
	return rc < 0 ? -1 : 0;
}

static int
not_found(const char *typed, struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "there is no restore \"%.40s\"", typed);
	return err_hint(err, "`cloudbox originals` names the restores that can be undone");
}

/* A restore that wrote something of which nothing is kept. */
static int
check_kept(struct choice *c, struct err *err)
{
	struct receipt r = { 0 };
	int rc = kept_any(c->box, span_str(c->id), err);

	if (rc != BOX_ABSENT)
		return rc;
	rc = receipt_find(&r, c->box, RECEIPT_RESTORE, span_str(c->id), err);
	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT || r.items == 0)
		return 0;
	err_set(err, ERR_NOT_FOUND, "nothing is kept of what this restore changed");
	return err_hint(err, "it was purged, or went to a folder of --create");
}

/* 0 with out->restore, "" where there is nothing to undo. */
static int
choose_restore(struct undo *u, struct err *err)
{
	struct choice c = { .box = u->box, .typed = u->rq->restore };
	size_t n = c.typed ? strlen(c.typed) : 0;

	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)c.typed[i]))
			return not_found(c.typed, err);
	if (c.typed && n < ID_DIGITS_MIN)
		return not_found(c.typed, err);
	if (restore_rows_each(u->box, look_at, &c, err) < 0)
		return -1;
	if (c.typed && c.n == 0)
		return not_found(c.typed, err);
	if (c.n > 1) {
		err_set(err, ERR_AMBIGUOUS, "%zu restores begin with \"%.40s\"", c.n, c.typed);
		return err_hint(err, "type more of its digits: `cloudbox originals` shows them");
	}
	if (c.n && !c.undone && check_kept(&c, err) < 0)
		return -1;
	memcpy(u->out->restore, c.id, sizeof u->out->restore);
	u->out->was_undone = c.undone;
	return 0;
}

/* 2. What is kept of it. */

static void
target_clear(struct target *t)
{
	target_clear_plan(t);
	free(t->app);
	free(t->native);
	free(t->name);
	free(t->field);
	free(t->source);
	free(t->keys);
}

static void
undo_clear(struct undo *u)
{
	for (size_t i = 0; i < u->n_targets; i++)
		target_clear(&u->targets[i]);
	free(u->targets);
	free(u->by_content);
}
AUTO_OBJ(undo_clear, struct undo);

static char *
copy_text(struct span s)
{
	char *text = malloc(s.n + 1);

	if (!text)
		return NULL;
	if (s.n)
		memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return text;
}

static int
add_keys(struct target *t, struct span keys, struct err *err)
{
	size_t n = keys.n / sizeof *t->keys;

	if (array_reserve((void **)&t->keys, &t->cap_keys, t->n_keys + n, sizeof *t->keys,
			  FIELDS_MAX, err) < 0)
		return -1;
	if (n)
		memcpy(t->keys + t->n_keys, keys.p, n * sizeof *t->keys);
	t->n_keys += n;
	return 0;
}

/* A row as a target of its own; fold() puts together what belongs together. */
static int
add_row(void *ctx, const struct kept *k, struct err *err)
{
	struct undo *u = ctx;
	struct target *t;

	if (array_reserve((void **)&u->targets, &u->cap_targets, u->n_targets + 1,
			  sizeof *u->targets, TARGETS_MAX, err) < 0)
		return -1;
	t = &u->targets[u->n_targets++];
	*t = (struct target){ .kind = k->kind,
			      .number = k->number,
			      .epoch = k->epoch,
			      .app = strdup(k->app),
			      .native = (uint8_t *)copy_text(k->native_id),
			      .n_native = k->native_id.n,
			      .name = copy_text(k->name),
			      .field = strdup(k->field),
			      .source = copy_text(k->source),
			      .pending = true };
	memcpy(t->item, k->item, sizeof t->item);
	memcpy(t->written, k->written, sizeof t->written);
	if (!t->app || !t->native || !t->name || !t->field || !t->source)
		return err_nomem(err);
	return add_keys(t, k->added_keys, err);
}

/* By app and item; what an item was before the restore first; newest rows first. */
static int
by_item(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = memcmp(x->item, y->item, sizeof x->item);
	if (c == 0)
		c = (x->kind > y->kind) - (x->kind < y->kind);
	return c ? c : (x->number < y->number) - (x->number > y->number);
}

static bool
same_item(const struct target *a, const struct target *b)
{
	return strcmp(a->app, b->app) == 0 && memcmp(a->item, b->item, sizeof a->item) == 0;
}

/* The row of an earlier undo, at the target that it was about: what went was made, what was written
 * anew was there before. */
static void
take_begun(struct undo *u, const struct target *row)
{
	static const uint8_t gone[BOX_HASH_BYTES];
	bool goes = memcmp(row->written, gone, sizeof gone) == 0;

	for (size_t i = u->n_targets; i-- > 0 && same_item(&u->targets[i], row);) {
		struct target *t = &u->targets[i];

		if (t->begun || (t->kind == KEPT_CREATED) != goes || row->n_keys != 2)
			continue;
		t->begun = row->number;
		memcpy(t->begun_before, row->keys, sizeof t->begun_before);
		memcpy(t->begun_written, row->written, sizeof t->begun_written);
	}
}

/* Several originals of one item are one target, its fields those of all. */
static int
fold(struct undo *u, struct err *err)
{
	size_t n = u->n_targets;

	if (n > 1)
		qsort(u->targets, n, sizeof *u->targets, by_item);
	u->n_targets = 0;
	for (size_t i = 0; i < n; i++) {
		struct target row = u->targets[i];
		struct target *last = u->n_targets ? &u->targets[u->n_targets - 1] : NULL;
		int rc = 0;

		u->targets[i] = (struct target){ 0 };
		if (row.kind == KEPT_UNDONE) {
			take_begun(u, &row);
			target_clear(&row);
		} else if (last && same_item(last, &row) && row.kind == KEPT_ORIGINAL &&
			   last->kind == KEPT_ORIGINAL) {
			rc = add_keys(last, span_of(row.keys, row.n_keys * sizeof *row.keys), err);
			target_clear(&row);
		} else {
			u->targets[u->n_targets++] = row;
		}
		if (rc < 0) {
			u->n_targets = n; /* the others are still to be freed */
			return -1;
		}
	}
	return 0;
}

static int
row_new(struct undo *u, struct target *t, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	struct undo_result *out = u->out;
	struct undo_item *it;

	if (item_show_id(&id, u->box, target_native(t), t->item, err) < 0 ||
	    array_reserve((void **)&out->items, &out->cap_items, out->n_items + 1,
			  sizeof *out->items, TARGETS_MAX, err) < 0)
		return -1;
	t->row = out->n_items;
	it = undo_row(u, t);
	it->app = strdup(t->app);
	it->id = line_for_people(buf_span(&id), err);
	it->name = line_for_people(span_str(t->name), err);
	it->reason = strdup(_("the undo ended before it came to this"));
	if (it->app && it->id && it->name && it->reason) {
		out->n_items++;
		return 0;
	}
	free(it->app); /* a row with a gap is none */
	free(it->id);
	free(it->name);
	free(it->reason);
	*it = (struct undo_item){ 0 };
	return err_nomem(err);
}

static int
read_targets(struct undo *u, struct err *err)
{
	struct kept_filter f = { .restore = span_str(u->out->restore) };

	if (kept_each(u->box, &f, add_row, u, err) < 0 || fold(u, err) < 0)
		return -1;
	for (size_t i = 0; i < u->n_targets; i++)
		if (row_new(u, &u->targets[i], err) < 0)
			return -1;
	return 0;
}

/* 3. App by app. */

static int
fail_app(struct undo *u, size_t from, size_t to, const struct err *why, struct err *err)
{
	char words[REASON_BYTES];

	reason_of(words, why);
	for (size_t i = from; i < to; i++)
		if (undo_settle(u, &u->targets[i], UNDO_FAILED, words, err) < 0)
			return -1;
	return 0;
}

static int
open_and_undo(struct undo *u, size_t from, size_t to, struct err *err)
{
	AUTO(app_free) struct app *app = NULL;
	AUTO(app_session_free) struct app_session *session = NULL;
	struct err why = { 0 };

	if (box_app_get(&app, u->box, u->targets[from].app, &why) < 0 ||
	    app_session_open(&session, app, &why) < 0 || app_session_ready(session, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : fail_app(u, from, to, &why, err);
	u->session = session;
	return undo_app(u, from, to, err);
}

static int
undo_all(struct undo *u, struct err *err)
{
	for (size_t from = 0, to; from < u->n_targets; from = to) {
		for (to = from + 1;
		     to < u->n_targets && strcmp(u->targets[from].app, u->targets[to].app) == 0;)
			to++;
		if (open_and_undo(u, from, to, err) < 0)
			return -1;
	}
	return 0;
}

/* 4. The end. */

static bool
is_done(enum undo_outcome outcome)
{
	return outcome == UNDO_TAKEN_AWAY || outcome == UNDO_GONE || outcome == UNDO_PUT_BACK ||
	       outcome == UNDO_BEFORE;
}

static bool
is_any_done(const struct undo_result *out)
{
	for (size_t i = 0; i < out->n_items; i++)
		if (is_done(out->items[i].outcome))
			return true;
	return false;
}

static int
put_line(struct undo *u, struct receipt *r, bool is_new, const struct undo_item *it,
	 struct err *err)
{
	struct receipt_item line = { .app = it->app,
				     .id = span_str(it->id),
				     .name = span_str(it->name),
				     .result = is_done(it->outcome)        ? "undone"
					       : it->outcome == UNDO_STAYS ? "stays"
									   : "failed",
				     .reason = span_str(it->reason) };
	int rc = is_new ? BOX_ABSENT : receipt_has_item(u->box, r->number, it->app, line.id, err);

	if (rc <= 0)
		return rc;
	r->items += is_done(it->outcome);
	return receipt_put_item(u->box, r->number, &line, err);
}

/* One receipt for one undo, in however many runs it was done. */
static int
put_receipt(struct undo *u, struct err *err)
{
	struct span restore = span_str(u->out->restore);
	struct receipt r = { 0 };
	int rc = receipt_find(&r, u->box, RECEIPT_UNDO, restore, err);

	if (rc < 0)
		return -1;
	r.kind = RECEIPT_UNDO;
	r.at_unix_ms = os->now_unix_ms();
	r.restore = restore;
	r.failed = u->out->failed;
	if (rc == BOX_ABSENT && receipt_put(u->box, &r, err) < 0)
		return -1;
	for (size_t i = 0; i < u->out->n_items; i++) {
		const struct undo_item *it = &u->out->items[i];

		if (it->outcome != UNDO_FAILED && put_line(u, &r, rc == BOX_ABSENT, it, err) < 0)
			return -1;
	}
	return receipt_update(u->box, &r, err);
}

/* What was taken and is put back is held again. */
static int
hold_again(struct undo *u, struct err *err)
{
	for (size_t i = 0; i < u->n_targets; i++)
		if (u->targets[i].kind == KEPT_TAKEN && is_done(u->targets[i].outcome) &&
		    kept_put_untaken(u->box, u->targets[i].number, err) < 0)
			return -1;
	return 0;
}

static int
close_undo(struct undo *u, bool whole, struct err *err)
{
	if (box_begin(u->box, err) < 0)
		return -1;
	if ((is_any_done(u->out) && put_receipt(u, err) < 0) || hold_again(u, err) < 0 ||
	    (whole && restore_row_undone(u->box, span_str(u->out->restore), err) < 0)) {
		box_rollback(u->box);
		return -1;
	}
	return box_commit(u->box, err);
}

static int
by_app_name_id(const void *a, const void *b)
{
	const struct undo_item *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

static int
undo_it(struct undo *u, struct err *err)
{
	struct undo_result *out = u->out;
	struct err later = { 0 };
	int rc;

	if (take_recover(u->box, err) < 0 || choose_restore(u, err) < 0)
		return -1;
	if (!out->restore[0] || out->was_undone)
		return 0;
	rc = read_targets(u, err) < 0 ? -1 : undo_all(u, err);
	for (size_t i = 0; i < out->n_items; i++)
		out->failed += out->items[i].outcome == UNDO_FAILED;
	if (close_undo(u, rc == 0 && out->failed == 0, &later) < 0 && rc == 0) {
		*err = later;
		rc = -1;
	}
	if (out->n_items > 1)
		qsort(out->items, out->n_items, sizeof *out->items, by_app_name_id);
	return rc;
}

int
undo_run(struct undo_result *out, struct box *box, const struct undo_request *request,
	 const struct restore_watch *watch, struct err *err)
{
	AUTO(undo_clear)
	struct undo u = { .out = out, .box = box, .rq = request, .watch = watch };
	int rc;

	if (box_identity_need(&u.me, box, err) < 0 ||
	    box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	rc = undo_it(&u, err);
	box_unlock(box);
	return rc;
}
