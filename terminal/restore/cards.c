/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cards: the restore of an app whose items have fields.
 *
 *     the live app, once, into an index  ->  each backup item as it comes is looked up there: what is
 *     identical is done; everything else, its bytes and its plan, is put aside  ->  names decide about
 *     what nothing sure was found for  ->  cards_write.c
 *
 * Memory: some 10 MiB with one group of items; 24 bytes in the index and 16 here for each live item, 24 for
 * each row, some 60 for each item put aside.  All else lies in the run's sealed file (os/scratch.h).
 * Where the app changed under the plan, what is left is planned anew against what it has now.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"
#include "box/inventory.h"
#include "merge/postings.h"
#include "os/os.h"
#include "restore/cards_internal.h"
#include "restore/result_rows.h"

#define GROUP_BYTES    (4u << 20) /* items whose chunks are fetched ahead together */
#define UIDS_IN_MEMORY 4096
#define ID_BYTES       ((size_t)64 << 10)

int
cards_new(struct cards **out, struct run *r, struct target *t, struct err *err)
{
	AUTO(cards_free) struct cards *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->r = r;
	c->t = t;
	c->fields = (struct plan_fields){ r->rq->fields, r->rq->n_fields };
	c->choice = (struct merge_choice){ plan_wants, &c->fields };
	if ((!r->rq->preview && region_settle(&c->profile.region, r->box, err) < 0) ||
	    region_profile(&c->profile, r->box, t->session->adapter->profile, err) < 0 ||
	    scratch_new(&c->scratch, box_home_fd(r->box), err) < 0 ||
	    postings_new(&c->uids, c->scratch, UIDS_IN_MEMORY, err) < 0)
		return -1;
	*out = TAKE(c);
	return 0;
}

/* What has been worked off takes no memory any more. */
static void
release(struct cards *c)
{
	free(TAKE(c->list));
	free(TAKE(c->paths));
	plan_free(TAKE(c->plan));
	live_cards_clear(&c->live);
	postings_free(TAKE(c->uids));
	c->n = c->cap = c->n_paths = c->cap_paths = 0;
}

void
cards_free(struct cards *c)
{
	if (!c)
		return;
	release(c);
	fit_clear(&c->fit);
	scratch_free(c->scratch);
	free(c);
}

/* What is known of an item at the end. */

int
cards_fail(struct cards *c, struct card *card, const char *reason, struct err *err)
{
	card->done = true;
	run_progress(c->r, 1);
	return result_set(c->r, card->row, RESTORE_FAILED, reason, err);
}

int
cards_settle(struct cards *c, const struct aside_item *it, uint32_t row, struct plan_step *s,
	     struct err *err)
{
	struct restore_item *told;

	if (result_rows_open(&told, c->r->out->rows, row, err) < 0)
		return -1;
	told->added = s->added;
	told->n_added = s->n_added;
	told->held = s->held;
	told->n_held = s->n_held;
	told->left = s->left;
	told->n_left = s->n_left;
	told->same = s->same;
	told->n_same = s->n_same;
	told->stays = s->stays;
	told->n_stays = s->n_stays;
	for (size_t i = 0; s->held_bodies && i < s->n_held; i++)
		buf_clear(&s->held_bodies[i]);
	s->added = s->held = s->left = s->same = s->stays = NULL;
	s->n_added = s->n_held = s->n_left = s->n_same = s->n_stays = 0;
	run_progress(c->r, 1);
	if (s->outcome == RESTORE_SKIPPED)
		return result_lacks_field(c->r, row, s->reason, err);
	c->r->any_field = true;
	if (s->outcome != RESTORE_FAILED && run_prove(c->r, &it->at, err) < 0)
		return -1;
	return result_set(c->r, row, s->outcome, s->reason, err);
}

/* 1. The plan. */

/* Load the app as it is, with a new plan.  It may move meanwhile: c->moved. */
static int
load(struct cards *c, struct err *err)
{
	struct plan_rules rules = { .form = c->t->session->adapter->form,
				    .outside = !c->t->in_box,
				    .profile = &c->profile.item,
				    .choice = c->fields.n ? &c->choice : NULL,
				    .groups = c->r->rq->preview,
				    .read = live_cards_read,
				    .ctx = &c->live,
				    .scratch = c->scratch };
	int rc;

	plan_free(c->plan);
	c->plan = NULL;
	c->loaded = true;
	if (plan_new(&c->plan, &rules, err) < 0)
		return -1;
	rc = live_cards_load(&c->live, c->r, c->t, c->scratch, c->plan, err);
	c->moved = rc == APP_MOVED;
	return rc < 0 ? -1 : 0;
}

/* Why it cannot be done now, whatever the plan says, or NULL: the app is not to be written (what is identical
 * there, or only kept in the Box, needs no writing), or a part of it could not be read, and what seems new may be
 * in it. */
static const char *
impossible(char words[static REASON_BYTES], const struct cards *c, const struct plan_step *s)
{
	bool is_unsure = s->outcome == RESTORE_ADDED && c->live.incomplete;

	if (c->t->unready.code && (s->writes || is_unsure)) {
		reason_of(words, &c->t->unready);
		return words;
	}
	return is_unsure ? _("a part of the app cannot be read, and it may be there: see "
			     "`cloudbox items`")
			 : NULL;
}

/* Nothing is to be written for it, nor kept: done. */
static bool
is_done(const struct cards *c, const struct plan_step *s)
{
	return (!s->writes && s->n_held == 0) || c->r->rq->preview;
}

/* Plan one item; what is done is settled.  *card is filled in where it is not. */
static int
plan_one(struct cards *c, struct card *card, const struct aside_item *it, enum plan_pass pass,
	 struct err *err)
{
	AUTO(plan_step_clear) struct plan_step step = { 0 };
	struct plan_theirs theirs = { it->native_id, { 0 }, it->bytes };
	struct scratch_place place;
	char words[REASON_BYTES];
	const char *why;
	int rc;

	memcpy(theirs.item_id, it->item_id, sizeof theirs.item_id);
	rc = plan_item(&step, c->plan, &theirs, pass, err);
	card->later = rc == PLAN_LATER;
	card->planned = false;
	c->moved |= rc == PLAN_MOVED;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	why = impossible(words, c, &step);
	if (why)
		return cards_fail(c, card, why, err);
	card->done = is_done(c, &step);
	if (card->done)
		return cards_settle(c, it, card->row, &step, err);
	card->planned = true;
	card->at = step.at == MATCH_NONE ? CARD_NEW : (uint32_t)step.at;
	card->at_unix_ms = step.at_unix_ms;
	if (aside_put_step(&place, c->scratch, &step, err) < 0)
		return -1;
	card->step_at = place.at;
	card->step_n = place.n;
	return 0;
}

/* Plan what is put aside. */
static int
plan_aside(struct cards *c, enum plan_pass pass, struct err *err)
{
	AUTO(aside_item_clear) struct aside_item it = ASIDE_ITEM_INIT;

	for (size_t i = 0; i < c->n && !c->moved; i++) {
		struct card *card = &c->list[i];

		if (card->done || (pass == PLAN_REST && !card->later))
			continue;
		if (aside_get_item(&it, c->scratch, card_item(card), err) < 0 ||
		    plan_one(c, card, &it, pass, err) < 0)
			return -1;
	}
	return 0;
}

/* 2. Items as they come. */

static int
note_path(struct cards *c, struct span path, struct err *err)
{
	struct field_key k = key_hash(path);

	if (array_reserve((void **)&c->paths, &c->cap_paths, c->n_paths + 1, sizeof *c->paths,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	c->paths[c->n_paths++] = get_u64(k.b);
	return 0;
}

static int
put_aside(struct cards *c, struct card *card, const struct aside_item *it, struct err *err)
{
	struct scratch_place place;

	if (array_reserve((void **)&c->list, &c->cap, c->n + 1, sizeof *c->list, LISTING_ITEMS_MAX,
			  err) < 0 ||
	    aside_put_item(&place, c->scratch, it, err) < 0)
		return -1;
	card->item_at = place.at;
	card->item_n = place.n;
	c->list[c->n++] = *card;
	return 0;
}

/*
 * The id that the item will have in this app, appended to @id: where that tells less apart than the app
 * which the record is from (messages a millisecond apart, where seconds are kept), the record's says nothing.
 * Items that are the same to this app are counted, as its inventory does.
 */
static int
own_id(struct buf *id, struct cards *c, struct span bytes, struct err *err)
{
	const struct form *form = c->t->session->adapter->form;
	AUTO(item_free) struct item *it = NULL;
	struct field_key k;
	struct err bad = { 0 };
	size_t n;

	if (form->match != FORM_BY_ID || !item_profile_is_coarse(&c->profile.item))
		return 0;
	if (form->parse(&it, bytes, "", 1, &c->profile.item, &bad) < 0)
		return bad.code == ERR_NOMEM ? err_nomem(err) : 0; /* the plan will tell */
	k = key_hash(span_str(it->uid));
	if (postings_count(&n, c->uids, &k, err) < 0 || postings_add(c->uids, &k, 0, err) < 0)
		return -1;
	return n ? buf_append_fmt(id, err, "%s#%zu", it->uid, n + 1)
		 : buf_append_str(id, it->uid, err);
}

static int
take_item(struct cards *c, const struct opened *from, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf id = BUF_INIT(ID_BYTES);
	const struct record *rec = &from->record;
	struct payload_sink sink = { &bytes, payload_to_buf };
	struct aside_item it = { .at = from->at,
				 .native_id = rec->native_id,
				 .name = rec->name,
				 .path = record_path(rec) };
	struct card card = { .at = CARD_NEW };
	struct err why = { 0 };
	size_t row;

	keys_item_id(it.item_id, c->r->me->ids, rec->app, rec->native_id);
	if (row_add(&row, c->r, rec->app, rec->native_id, rec->name, err) < 0 ||
	    note_path(c, it.path, err) < 0)
		return -1;
	card.row = (uint32_t)row;
	if (fetch_payload(c->r->fetch, rec, &sink, &why) < 0) {
		if (opener_blames_item(&why))
			return cards_fail(c, &card, why.msg, err);
		if (err)
			*err = why;
		return -1;
	}
	it.bytes = buf_span(&bytes);
	if (own_id(&id, c, it.bytes, err) < 0)
		return -1;
	if (id.n)
		it.native_id = buf_span(&id);
	if (c->r->crossing &&
	    fit_note(&c->fit, c->t->session->adapter->form, &c->profile.item, it.bytes, err) < 0)
		return -1;
	if (!c->moved && plan_one(c, &card, &it, PLAN_SURE, err) < 0)
		return -1;
	return card.done ? 0 : put_aside(c, &card, &it, err);
}

int
cards_take(struct cards *c, const struct opened *items, size_t n, struct err *err)
{
	if (!c->loaded && load(c, err) < 0)
		return -1;
	for (size_t at = 0, end; at < n; at = end) {
		uint64_t bytes = 0;

		for (end = at; end < n; end++) {
			bytes += items[end].record.size_bytes;
			if (end > at && bytes > GROUP_BYTES)
				break;
		}
		if (run_check_cancelled(c->r, err) < 0 ||
		    fetch_ahead(c->r->fetch, items + at, end - at, err) < 0)
			return -1;
		for (size_t i = at; i < end; i++)
			if (take_item(c, &items[i], err) < 0)
				return -1;
	}
	return 0;
}

/* 3. What is left. */

/* What would be done; one that waits for another of this plan would be merged after it. */
static int
preview_rest(struct cards *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		struct card *card = &c->list[i];

		if (card->done)
			continue;
		card->done = true;
		run_progress(c->r, 1);
		if (result_set(c->r, card->row, RESTORE_MERGED,
			       _("another backed-up item is merged into the same one first"),
			       err) < 0)
			return -1;
	}
	return 0;
}

/* Forget those that are done. */
static void
drop_done(struct cards *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (!c->list[i].done)
			c->list[kept++] = c->list[i];
	c->n = kept;
}

static int
fail_rest(struct cards *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (cards_fail(c, &c->list[i],
			       _("the app kept changing this item; restore it again when the app "
				 "rests"),
			       err) < 0)
			return -1;
	c->n = 0;
	return 0;
}

/* Plan all that is left: anew where what was planned counts no more. */
static int
plan_rest(struct cards *c, bool anew, struct err *err)
{
	if (anew && (load(c, err) < 0 || plan_aside(c, PLAN_SURE, err) < 0))
		return -1;
	return plan_aside(c, PLAN_REST, err);
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
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

/* Nothing is written yet. */
static void
tell_fit(struct cards *c)
{
	const struct restore_watch *w = c->r->watch;

	c->fit.app = c->t->app->name;
	if (c->r->crossing && c->fit.n_items && w && w->fit)
		w->fit(w->ctx, &c->fit);
}

int
cards_finish(struct cards *c, struct err *err)
{
	if (c->n_paths > 1)
		qsort(c->paths, c->n_paths, sizeof *c->paths, compare_hashes);
	tell_fit(c);
	for (int i = 1; i <= RESTORE_TRIES && c->n > 0; i++) {
		if (plan_rest(c, i > 1 || c->moved, err) < 0 || run_check_cancelled(c->r, err) < 0)
			return -1;
		if (!c->moved && (c->r->rq->preview ? preview_rest(c, err) < 0
						    : cards_write(c, i == RESTORE_TRIES, err) < 0))
			return -1;
		drop_done(c);
	}
	if (fail_rest(c, err) < 0 || tell_missing_numbers(c->r, err) < 0)
		return -1;
	release(c);
	return c->t->in_box && !c->r->rq->preview
		       ? inventory_refresh(NULL, c->r->box, c->t->session, NULL, NULL, err)
		       : 0;
}
