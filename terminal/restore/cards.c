/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cards: the restore of an app whose items have fields.
 *
 *     bytes of all items -> plan (twice over) -> originals and held values, durable, in one step ->
 *     the app's own write -> read back -> result
 *
 * Where the app changed under the plan, what is left is planned anew against what it has now.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/content.h"
#include "box/inventory.h"
#include "box/region.h"
#include "os/os.h"
#include "restore/live_cards.h"

#define GROUP_BYTES (8u << 20) /* items whose chunks are fetched ahead together */

struct card {
	const struct opened *from;
	size_t row; /* in the result */
	uint8_t item_id[16];
	struct buf bytes;
	struct plan_step step;
	bool pending;     /* not decided for good */
	bool later;       /* nothing sure was found: names decide */
	bool planned;     /* pending, and `step` is what to do */
	bool path_shared; /* other items of the backup lay in the same file */
	int64_t kept;     /* number of its original, or 0 */
};

struct cards {
	struct run *r;
	struct target *t;
	struct card *list; /* owned */
	size_t n, cap;
	struct by_path *by_path; /* owned */
	size_t cap_by_path;
	struct live_cards live;
	struct plan_fields fields;
	struct merge_choice choice;
	struct region_profile profile;
};

static void
cards_clear(struct cards *c)
{
	for (size_t i = 0; i < c->n; i++) {
		buf_clear(&c->list[i].bytes);
		plan_step_clear(&c->list[i].step);
	}
	free(c->list);
	free(c->by_path);
	live_cards_clear(&c->live);
}
AUTO_OBJ(cards_clear, struct cards);

/* 1. The items' bytes. */

/* What concerns one item; everything else ends the restore. */
static bool
is_of_item(const struct err *err)
{
	switch (err->code) {
	case ERR_AUTH:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_UNSUPPORTED:
	case ERR_SYNTAX:
		return true;
	default:
		return false;
	}
}

static int
fail(struct cards *c, struct card *card, const char *reason, struct err *err)
{
	card->pending = card->planned = false;
	return result_set(c->r, card->row, RESTORE_FAILED, reason, err);
}

static int
read_bytes_of(struct cards *c, struct card *card, struct err *err)
{
	struct payload_sink sink = { &card->bytes, payload_to_buf };
	struct err why = { 0 };

	card->bytes = (struct buf)BUF_INIT(CARD_BYTES_MAX);
	if (fetch_payload(c->r->fetch, &card->from->record, &sink, &why) == 0) {
		card->pending = true;
		return 0;
	}
	if (is_of_item(&why))
		return fail(c, card, why.msg, err);
	if (err)
		*err = why;
	return -1;
}

static int
read_all_bytes(struct cards *c, const struct opened *items, struct err *err)
{
	for (size_t at = 0, end; at < c->n; at = end) {
		uint64_t bytes = 0;

		for (end = at; end < c->n; end++) {
			bytes += items[end].record.size_bytes;
			if (end > at && bytes > GROUP_BYTES)
				break;
		}
		if (fetch_ahead(c->r->fetch, items + at, end - at, err) < 0)
			return -1;
		for (size_t i = at; i < end; i++)
			if (read_bytes_of(c, &c->list[i], err) < 0)
				return -1;
	}
	return 0;
}

struct by_path {
	struct span path;
	struct card *card;
};

static int
compare_paths(const void *a, const void *b)
{
	const struct by_path *x = a, *y = b;

	return span_compare(x->path, y->path);
}

/* A path that several items share is that of a file of many cards: new ones are named by name. */
static int
find_shared_paths(struct cards *c, struct err *err)
{
	if (array_reserve((void **)&c->by_path, &c->cap_by_path, c->n, sizeof *c->by_path,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		c->by_path[i] =
			(struct by_path){ record_path(&c->list[i].from->record), &c->list[i] };
	if (c->n > 1)
		qsort(c->by_path, c->n, sizeof *c->by_path, compare_paths);
	for (size_t i = 1; i < c->n; i++)
		if (span_equal(c->by_path[i - 1].path, c->by_path[i].path))
			c->by_path[i - 1].card->path_shared = c->by_path[i].card->path_shared =
				true;
	return 0;
}

static int
cards_make(struct cards *c, const struct opened *items, size_t n, struct err *err)
{
	if (array_reserve((void **)&c->list, &c->cap, n, sizeof *c->list, LISTING_ITEMS_MAX, err) <
	    0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct card *card = &c->list[i];
		const struct record *rec = &items[i].record;

		c->n = i + 1;
		card->from = &items[i];
		keys_item_id(card->item_id, c->r->me->ids, rec->app, rec->native_id);
		if (row_add(&card->row, c->r, rec->app, rec->native_id, rec->name, err) < 0)
			return -1;
	}
	return find_shared_paths(c, err) < 0 ? -1 : read_all_bytes(c, items, err);
}

/* 2. The plan. */

static int
plan_one(struct card *card, struct plan *plan, enum plan_pass pass, struct err *err)
{
	struct plan_theirs theirs = { card->from->record.native_id, { 0 }, buf_span(&card->bytes) };

	memcpy(theirs.item_id, card->item_id, sizeof theirs.item_id);
	return plan_item(&card->step, plan, &theirs, pass, err);
}

/* New to what could be read; but not all could be, and it must not come twice. */
static int
refuse_unsure(struct cards *c, struct card *card, struct err *err)
{
	if (card->step.outcome != RESTORE_ADDED || !c->live.incomplete)
		return 0;
	return fail(
		c, card,
		_("a part of the app cannot be read, and it may be there: see `cloudbox items`"),
		err);
}

/* 0, PLAN_MOVED or -1. */
static int
plan_pending(struct cards *c, struct plan *plan, struct err *err)
{
	for (int pass = PLAN_SURE; pass <= PLAN_REST; pass++) {
		for (size_t i = 0; i < c->n; i++) {
			struct card *card = &c->list[i];
			int rc;

			if (!card->pending || (pass == PLAN_REST && !card->later))
				continue;
			rc = plan_one(card, plan, (enum plan_pass)pass, err);
			if (rc < 0 || rc == PLAN_MOVED)
				return rc;
			card->later = rc == PLAN_LATER;
			card->planned = rc == 0;
			if (rc == 0 && refuse_unsure(c, card, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Load the app as it is and plan what is pending.  0, PLAN_MOVED or -1. */
static int
plan_against_live(struct cards *c, struct err *err)
{
	struct plan_rules rules = { .profile = &c->profile.item,
				    .choice = c->fields.n ? &c->choice : NULL,
				    .groups = c->r->rq->preview,
				    .read = live_cards_read,
				    .ctx = &c->live };
	AUTO(plan_free) struct plan *plan = NULL;
	int rc;

	for (size_t i = 0; i < c->n; i++) {
		if (!c->list[i].pending)
			continue;
		c->list[i].planned = false;
		plan_step_clear(&c->list[i].step);
	}
	if (plan_new(&plan, &rules, err) < 0)
		return -1;
	rc = live_cards_load(&c->live, c->r, c->t, plan, err);
	if (rc == APP_MOVED)
		return PLAN_MOVED;
	return rc < 0 ? -1 : plan_pending(c, plan, err);
}

/* The step is final: into the result. */
static int
settle(struct cards *c, struct card *card, struct err *err)
{
	struct restore_item *it = &c->r->out->items[card->row];
	struct plan_step *s = &card->step;

	card->pending = card->planned = false;
	it->added = s->added;
	it->n_added = s->n_added;
	it->held = s->held;
	it->n_held = s->n_held;
	it->same = s->same;
	it->n_same = s->n_same;
	it->stays = s->stays;
	it->n_stays = s->n_stays;
	for (size_t i = 0; s->held_bodies && i < s->n_held; i++)
		buf_clear(&s->held_bodies[i]);
	s->added = s->held = s->same = s->stays = NULL;
	s->n_added = s->n_held = s->n_same = s->n_stays = 0;
	run_progress(c->r, 1);
	if (s->outcome == RESTORE_SKIPPED)
		return result_lacks_field(c->r, card->row, s->reason, err);
	c->r->any_field = true;
	if (s->outcome != RESTORE_FAILED && run_prove(c->r, &card->from->at, err) < 0)
		return -1;
	return result_set(c->r, card->row, s->outcome, s->reason, err);
}

/* 3. What is kept before anything is written. */

struct already {
	struct run *r;
	struct span body;
	bool found;
};

static int
same_held(void *ctx, const struct kept *k, struct err *err)
{
	struct already *a = ctx;
	AUTO(buf_clear) struct buf body = BUF_INIT(ORIGINAL_BYTES_MAX);
	const struct account_keys *keys = fetch_keys(a->r->fetch, k->epoch);
	struct err why = { 0 };

	if (a->found || !keys)
		return 0;
	if (kept_open(&body, a->r->box, k, keys->psk, keys->aek, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 0;
	a->found = span_equal(buf_span(&body), a->body);
	return 0;
}

static struct kept
kept_of(const struct cards *c, const struct card *card, enum kept_kind kind)
{
	const struct record *rec = &card->from->record;
	struct kept k = { .kind = kind,
			  .restore = span_str(c->r->out->id),
			  .app = c->t->app->name,
			  .native_id = rec->native_id,
			  .name = rec->name,
			  .field = "" };

	if (card->step.at != MATCH_NONE) {
		const struct live_card *l = &c->live.cards[card->step.at];

		k.native_id = span_of(l->id, l->n_id);
		k.source = span_str(l->source);
	}
	keys_item_id(k.item, c->r->me->ids, span_str(k.app), k.native_id);
	return k;
}

static int
keep_held(struct cards *c, struct card *card, struct err *err)
{
	for (size_t i = 0; i < card->step.n_held; i++) {
		struct kept k = kept_of(c, card, KEPT_HELD);
		struct already a = { c->r, buf_span(&card->step.held_bodies[i]), false };
		struct kept_filter f = { KEPT_HELD, k.app, k.native_id, { NULL, 0 } };

		k.field = card->step.held[i].field;
		if (kept_each(c->r->box, &f, same_held, &a, err) < 0)
			return -1;
		if (!a.found && kept_put(c->r->box, &k, a.body, err) < 0)
			return -1;
	}
	return 0;
}

static int
keep_original(struct cards *c, struct card *card, struct err *err)
{
	bool added = card->step.at == MATCH_NONE;
	struct kept k = kept_of(c, card, added ? KEPT_CREATED : KEPT_ORIGINAL);
	struct span body = added ? (struct span){ NULL, 0 } : buf_span(&card->step.before);

	content_of(k.written, c->r->me->ids, buf_span(&card->step.bytes));
	k.added_keys =
		span_of(card->step.added_keys, card->step.n_added * sizeof *card->step.added_keys);
	if (kept_put(c->r->box, &k, body, err) < 0)
		return -1;
	card->kept = k.number;
	if (added && card->step.new_uid && !card->step.uid_taken)
		return inventory_put_alias(c->r->box, c->t->app->name, span_str(card->step.uid),
					   card->from->record.native_id, err);
	return 0;
}

/* All in one transaction, durable when it returns. */
static int
keep_all(struct cards *c, struct err *err)
{
	if (!c->t->in_box)
		return 0;
	if (box_begin(c->r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		struct card *card = &c->list[i];

		if (!card->planned)
			continue;
		if (keep_held(c, card, err) < 0 ||
		    (card->step.writes && keep_original(c, card, err) < 0)) {
			box_rollback(c->r->box);
			return -1;
		}
	}
	return box_commit(c->r->box, err);
}

/* It was not written after all: what was kept for it goes. */
static int
unkeep(struct cards *c, struct card *card, struct err *err)
{
	int64_t number = card->kept;

	card->kept = 0;
	return number ? kept_remove(c->r->box, number, err) : 0;
}

/* 4. The write. */

static int
make_change(struct app_change *out, struct cards *c, const struct card *card, struct err *err)
{
	const struct record *rec = &card->from->record;
	struct span path = record_path(rec);
	char *copy;

	*out = (struct app_change){ .bytes = buf_span(&card->step.bytes) };
	if (card->step.at != MATCH_NONE) {
		out->kind = APP_REPLACE;
		out->place = c->live.cards[card->step.at].place;
		out->expected = buf_span(&card->step.before);
		return 0;
	}
	out->kind = APP_ADD;
	out->name = rec->name;
	if (card->path_shared || !path_is_safe(path))
		return 0;
	copy = strndup((const char *)path.p, path.n);
	out->path = copy;
	return copy ? 0 : err_nomem(err);
}

struct changes {
	struct app_change *list; /* owned, with the paths */
	size_t *of;              /* owned: whose they are, in cards.list */
	size_t n, cap, cap_of;
};

static void
changes_clear(struct changes *ch)
{
	for (size_t i = 0; i < ch->n; i++) {
		free((void *)(uintptr_t)ch->list[i].path);
		app_change_clear(&ch->list[i]);
	}
	free(ch->list);
	free(ch->of);
}
AUTO_OBJ(changes_clear, struct changes);

static int
changes_make(struct changes *ch, struct cards *c, struct err *err)
{
	if (array_reserve((void **)&ch->list, &ch->cap, c->n, sizeof *ch->list, LISTING_ITEMS_MAX,
			  err) < 0 ||
	    array_reserve((void **)&ch->of, &ch->cap_of, c->n, sizeof *ch->of, LISTING_ITEMS_MAX,
			  err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		struct card *card = &c->list[i];

		if (!card->planned || !card->step.writes)
			continue;
		if (make_change(&ch->list[ch->n], c, card, err) < 0)
			return -1;
		ch->of[ch->n++] = i;
	}
	return 0;
}

/* The app has what was written, to the byte. */
static int
check_written(struct cards *c, struct card *card, const struct app_change *change, struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * (size_t)CARD_BYTES_MAX);
	struct err why = { 0 };
	int rc = item_read_all(&back, c->t->session, &change->written, &why);

	c->r->out->written++;
	if (rc == 0 && !span_equal(buf_span(&back), buf_span(&card->step.bytes)))
		rc = err_set(&why, ERR_IO, "what was read back is not what was written");
	if (rc < 0)
		return fail(c, card, why.msg, err);
	return settle(c, card, err);
}

static int
take_result(struct cards *c, struct card *card, const struct app_change *change, bool last,
	    const struct err *why, struct err *err)
{
	if (change->result == APP_CHANGE_DONE)
		return check_written(c, card, change, err);
	/* What failed may have been written before: it stays known. */
	if (change->result != APP_CHANGE_FAILED && unkeep(c, card, err) < 0)
		return -1;
	if (change->result == APP_CHANGE_CONFLICT) {
		if (!last)
			return 0;
		return fail(c, card,
			    _("the app kept changing this item; restore it again when the app "
			      "rests"),
			    err);
	}
	return fail(c, card, change->result == APP_CHANGE_FAILED ? change->err.msg : why->msg, err);
}

/* Write what is planned; what the app moved under stays pending. */
static int
write_pending(struct cards *c, bool last, struct err *err)
{
	AUTO(changes_clear) struct changes ch = { 0 };
	struct err why = { 0 };
	int rc = 0;

	if (keep_all(c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].planned && !c->list[i].step.writes &&
		    settle(c, &c->list[i], err) < 0)
			return -1;
	if (changes_make(&ch, c, err) < 0)
		return -1;
	if (ch.n)
		c->t->session->adapter->apply(c->t->session, ch.list, ch.n, &why);
	if (ch.n && c->t->in_box)
		rc = box_begin(c->r->box, err);
	for (size_t i = 0; rc == 0 && i < ch.n; i++)
		rc = take_result(c, &c->list[ch.of[i]], &ch.list[i], last, &why, err);
	if (ch.n && c->t->in_box) {
		if (rc == 0)
			rc = box_commit(c->r->box, err);
		else
			box_rollback(c->r->box);
	}
	return rc;
}

/* What would be done; one that waits for another of this plan would be merged after it. */
static int
preview(struct cards *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		struct card *card = &c->list[i];

		if (!card->pending)
			continue;
		if (!card->planned) {
			card->step.outcome = RESTORE_MERGED;
			snprintf(card->step.reason, sizeof card->step.reason, "%s",
				 _("another backed-up item is merged into the same one first"));
		}
		if (settle(c, card, err) < 0)
			return -1;
	}
	return 0;
}

static bool
any_pending(const struct cards *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].pending)
			return true;
	return false;
}

static int
fail_pending(struct cards *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].pending &&
		    fail(c, &c->list[i],
			 _("the app kept changing this item; restore it again when the app rests"),
			 err) < 0)
			return -1;
	return 0;
}

/* A home region is set, and nothing here knows its numbers. */
static int
tell_missing_numbers(struct run *r, struct err *err)
{
	if (!phone_was_missed())
		return 0;
	return result_alarm(r->out,
			    _("numbers without + were compared as they are written: this program "
			      "came without libphonenumber"),
			    err);
}

int
cards_restore(struct run *r, struct target *t, struct opened *items, size_t n, struct err *err)
{
	AUTO(cards_clear) struct cards c = { .r = r, .t = t };

	c.fields = (struct plan_fields){ r->rq->fields, r->rq->n_fields };
	c.choice = (struct merge_choice){ plan_wants, &c.fields };
	if (cards_make(&c, items, n, err) < 0 ||
	    (!r->rq->preview && region_settle(&c.profile.region, r->box, err) < 0) ||
	    region_profile(&c.profile, r->box, t->session->adapter->profile, err) < 0)
		return -1;
	for (int i = 1; i <= RESTORE_TRIES && any_pending(&c); i++) {
		int rc = plan_against_live(&c, err);

		if (rc < 0 || run_check_cancelled(r, err) < 0 || tell_missing_numbers(r, err) < 0)
			return -1;
		if (rc == PLAN_MOVED)
			continue;
		if (r->rq->preview)
			return preview(&c, err);
		if (write_pending(&c, i == RESTORE_TRIES, err) < 0)
			return -1;
	}
	if (fail_pending(&c, err) < 0)
		return -1;
	return t->in_box && !r->rq->preview
		       ? inventory_refresh(NULL, r->box, t->session, NULL, NULL, err)
		       : 0;
}
