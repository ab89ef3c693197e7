/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_write: one app's items, in groups: planned against the app as it is, kept, written, read back.
 */
#include <sodium.h>
#include <stdio.h>

#include "base/text.h"
#include "box/content.h"
#include "restore/undo_internal.h"
#include "restore/written.h"

#define GROUP_ITEMS 512
#define GROUP_BYTES (8u << 20)

struct group {
	struct target *of[GROUP_ITEMS];
	struct app_change changes[GROUP_ITEMS];
	size_t n;
	size_t bytes;
};

/* What concerns one item; everything else ends the undo. */
static bool
is_of_item(const struct err *err)
{
	switch (err->code) {
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_SYNTAX:
	case ERR_UNSUPPORTED:
	case ERR_USAGE:
	case ERR_CONFLICT:
	case ERR_IO:
	case ERR_EXISTS:
		return true;
	default:
		return false;
	}
}

static int
fail(struct undo *u, struct target *t, const char *reason, struct err *err)
{
	undo_plan_clear(u, t);
	return undo_settle(u, t, UNDO_FAILED, reason, err);
}

/* The app moved: again, or at last no more. */
static int
lose(struct undo *u, struct target *t, struct err *err)
{
	undo_plan_clear(u, t);
	if (++t->n_lost < UNDO_TRIES)
		return 0;
	return fail(u, t, _("the app kept changing this item; undo it again when the app rests"),
		    err);
}

/* 1. The group. */

/* Is an item at the same place in the group already?  Then this one waits for the next. */
static bool
is_in_group(const struct group *g, const struct target *t)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->of[i]->place.offset == t->place.offset &&
		    strcmp(g->of[i]->place_source, t->place_source) == 0)
			return true;
	return false;
}

static void
group_add(struct group *g, struct target *t)
{
	struct app_change *c = &g->changes[g->n];
	bool goes = t->outcome == UNDO_GONE;

	g->of[g->n++] = t;
	g->bytes += t->before.n + t->bytes.n;
	*c = (struct app_change){ .kind = goes ? APP_REMOVE : APP_REPLACE,
				  .place = t->place,
				  .bytes = buf_span(&t->bytes) };
}

static int
plan_one(struct group *g, struct undo *u, struct target *t, struct err *err)
{
	struct err why = { 0 };
	int rc = undo_plan(u, t, &why);

	if (rc == UNDO_SETTLED)
		return 0;
	if (rc == UNDO_MOVED)
		return lose(u, t, err);
	if (rc < 0 && is_of_item(&why))
		return fail(u, t, why.msg, err);
	if (rc < 0) {
		*err = why;
		return -1;
	}
	if (is_in_group(g, t))
		undo_plan_clear(u, t);
	else
		group_add(g, t);
	return 0;
}

static int
group_fill(struct group *g, struct undo *u, size_t from, size_t to, struct err *err)
{
	g->n = g->bytes = 0;
	for (size_t i = from; i < to && g->n < GROUP_ITEMS && g->bytes < GROUP_BYTES; i++)
		if (u->targets[i].pending && plan_one(g, u, &u->targets[i], err) < 0)
			return -1;
	for (size_t i = 0; i < g->n; i++)
		if (u->session->adapter->form)
			g->changes[i].expected = buf_span(&g->of[i]->before);
	return 0;
}

/* 2. What is kept of it. */

static int
keep_one(struct undo *u, struct target *t, struct err *err)
{
	struct kept k = { .kind = KEPT_UNDONE,
			  .restore = span_str(u->out->restore),
			  .app = t->app,
			  .native_id = target_native(t),
			  .name = span_str(t->name),
			  .field = "",
			  .source = span_str(t->place_source),
			  .added_keys = SPAN_ARRAY(t->content) };

	t->kept_now = !t->begun || memcmp(t->begun_before, t->content, BOX_HASH_BYTES) != 0;
	t->kept = t->begun;
	if (!t->kept_now)
		return 0;
	memcpy(k.item, t->item, sizeof k.item);
	if (t->outcome != UNDO_GONE &&
	    written_expect(k.written, u->session, u->me, buf_span(&t->bytes), err) < 0)
		return -1;
	if (t->outcome != UNDO_GONE && sodium_is_zero(k.written, sizeof k.written))
		content_of(k.written, u->me->ids, buf_span(&t->bytes)); /* zeros: it went */
	if (kept_put(u->box, &k, buf_span(&t->before), err) < 0)
		return -1;
	t->kept = k.number;
	return 0;
}

/* Durable when it returns. */
static int
group_keep(struct group *g, struct undo *u, struct err *err)
{
	int rc = box_begin(u->box, err);

	if (rc < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < g->n; i++)
		rc = keep_one(u, g->of[i], err);
	if (rc == 0)
		return box_commit(u->box, err);
	box_rollback(u->box);
	return -1;
}

/* 3. The write. */

static int
check_written(struct undo *u, struct target *t, const struct app_change *c, struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(t->bytes.max);
	bool replaced = c->kind == APP_REPLACE;
	uint8_t content[BOX_HASH_BYTES];
	char reason[400];
	struct err why = { 0 };
	int rc = 0;

	u->out->written++;
	if (replaced)
		rc = item_read_all(&back, u->session, &c->written, &why);
	if (rc == 0 && replaced)
		rc = written_check(u->session->adapter, buf_span(&t->bytes), buf_span(&back), &why);
	if (rc < 0)
		return fail(u, t, why.msg, err);
	content_of(content, u->me->ids, buf_span(&back));
	if (replaced && u->session->adapter->shown &&
	    kept_put_written(u->box, t->kept, content, err) < 0)
		return -1;
	undo_reason(reason, sizeof reason, t);
	return undo_settle(u, t, t->outcome, reason, err);
}

static int
take_result(struct undo *u, struct target *t, const struct app_change *c, const struct err *why,
	    struct err *err)
{
	int rc;

	if (c->result == APP_CHANGE_DONE) {
		rc = check_written(u, t, c, err);
		target_clear_plan(t);
		return rc;
	}
	/* Where a write failed nobody knows how far it came (an fsync behind a rename): what was kept
	 * stays, and the next undo sees. */
	if (c->result == APP_CHANGE_FAILED)
		return fail(u, t, c->err.msg, err);
	if (kept_remove(u->box, t->kept, err) < 0)
		return -1;
	t->begun = t->kept = 0;
	if (c->result == APP_CHANGE_CONFLICT)
		return lose(u, t, err);
	if (c->result == APP_CHANGE_REFUSED)
		why = &c->err;
	return fail(u, t, why->msg, err);
}

static int
group_write(struct group *g, struct undo *u, struct err *err)
{
	struct err why = { 0 };
	int rc;

	u->session->adapter->apply(u->session, g->changes, g->n, &why);
	rc = box_begin(u->box, err);
	for (size_t i = 0; rc == 0 && i < g->n; i++)
		rc = take_result(u, g->of[i], &g->changes[i], &why, err);
	for (size_t i = 0; i < g->n; i++)
		app_change_clear(&g->changes[i]);
	if (rc == 0)
		return box_commit(u->box, err);
	box_rollback(u->box);
	return -1;
}

/* 4. The app. */

static bool
any_pending(const struct undo *u, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (u->targets[i].pending)
			return true;
	return false;
}

/* What cannot be read may hold any item: nobody knows then that one is not here. */
static int
refused(void *ctx, const struct app_refused *what, struct err *err)
{
	struct undo *u = ctx;

	(void)err;
	u->incomplete |= what->why->code == ERR_IO || what->why->code == ERR_CONFLICT;
	return 0;
}

static int
refresh(struct undo *u, struct err *err)
{
	u->incomplete = u->have_by_content = false;
	return inventory_refresh(NULL, u->box, u->session, refused, u, err);
}

static int
check_cancelled(const struct undo *u, struct err *err)
{
	if (u->watch && u->watch->cancelled && u->watch->cancelled(u->watch->ctx))
		return err_set(err, ERR_CANCELLED, "ended before everything was undone");
	return 0;
}

static int
undo_groups(struct undo *u, size_t from, size_t to, struct group *g, struct err *err)
{
	bool cards = u->session->adapter->form != NULL;

	if (u->session->adapter->tidy(u->session, err) < 0)
		return -1;
	while (any_pending(u, from, to)) {
		if (check_cancelled(u, err) < 0 || (cards && refresh(u, err) < 0) ||
		    group_fill(g, u, from, to, err) < 0)
			return -1;
		if (g->n && (group_keep(g, u, err) < 0 || group_write(g, u, err) < 0))
			return -1;
	}
	return refresh(u, err);
}

int
undo_app(struct undo *u, size_t from, size_t to, struct err *err)
{
	AUTO(free) struct group *g = calloc(1, sizeof *g);
	int rc;

	if (!g)
		return err_nomem(err);
	rc = undo_groups(u, from, to, g, err);
	for (size_t i = from; i < to; i++)
		target_clear_plan(&u->targets[i]);
	return rc;
}
