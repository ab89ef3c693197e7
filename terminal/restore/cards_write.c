/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cards_write: what is planned is done.
 *
 *     originals and held values, durable, in one step -> the app's own write -> read back -> result
 *
 * by portions of some items.  Where many items go into one source, that is written anew once: all of
 * theirs are kept first, by portions, and then pass through memory one at a time.
 */
#include "base/bytes.h"
#include "base/text.h"
#include "box/content.h"
#include "box/inventory.h"
#include "restore/cards_internal.h"
#include "restore/written.h"

#define PORTION_ITEMS 128 /* as many files as go into place at once */
#define PORTION_BYTES (4u << 20)
#define MANY_OF_ONE   32 /* items of one source: it is written anew by itself */

/* An item in hand. */
struct busy {
	struct card *card;
	struct aside_item it;
	struct plan_step step;
	struct live_card live; /* where it lies; for a new one empty */
};

struct portion {
	struct cards *c;
	struct busy list[PORTION_ITEMS];
	size_t n, bytes;
	bool last;
};

static void
busy_clear(struct busy *b)
{
	aside_item_clear(&b->it);
	plan_step_clear(&b->step);
	live_card_clear(&b->live);
}

static int
busy_load(struct busy *b, struct cards *c, struct card *card, struct err *err)
{
	*b = (struct busy){ .card = card, .it = ASIDE_ITEM_INIT, .live = LIVE_CARD_INIT };
	if (aside_get_item(&b->it, c->scratch, card_item(card), err) < 0 ||
	    aside_get_step(&b->step, c->scratch, card_step(card), err) < 0)
		return -1;
	return card->at == CARD_NEW ? 0 : live_cards_get(&b->live, &c->live, card->at, err);
}

static void
portion_clear(struct portion *p)
{
	for (size_t i = 0; i < p->n; i++)
		busy_clear(&p->list[i]);
	p->n = p->bytes = 0;
}

/* 1. What is kept before anything is written. */

struct already {
	struct run *r;
	struct span body;
	const uint8_t
		*content; /* of the body: tells the same one where nothing opens it (import) */
	bool found;
};

static int
same_held(void *ctx, const struct kept *k, struct err *err)
{
	struct already *a = ctx;
	AUTO(buf_clear) struct buf body = BUF_INIT(ORIGINAL_BYTES_MAX);
	const struct account_keys *keys = fetch_keys(a->r->fetch, k->epoch);
	struct err why = { 0 };

	a->found |= memcmp(k->written, a->content, sizeof k->written) == 0;
	if (a->found || !keys)
		return 0;
	if (kept_open(&body, a->r->box, k, keys->psk, keys->aek, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 0;
	a->found = span_equal(buf_span(&body), a->body);
	return 0;
}

static struct kept
kept_of(const struct cards *c, const struct busy *b, enum kept_kind kind)
{
	struct kept k = { .kind = kind,
			  .restore = span_str(c->r->out->id),
			  .app = c->t->app->name,
			  .native_id = b->it.native_id,
			  .name = b->it.name,
			  .field = "" };

	if (b->card->at != CARD_NEW) {
		k.native_id = b->live.id;
		k.source = span_str(b->live.place.source);
	}
	keys_item_id(k.item, c->r->me->ids, span_str(k.app), k.native_id);
	return k;
}

static int
keep_held(struct cards *c, const struct busy *b, struct err *err)
{
	for (size_t i = 0; i < b->step.n_held; i++) {
		struct kept k = kept_of(c, b, KEPT_HELD);
		struct already a = { c->r, buf_span(&b->step.held_bodies[i]), k.written, false };
		struct kept_filter f = { KEPT_HELD, k.app, k.native_id, { NULL, 0 } };

		k.field = b->step.held[i].field;
		content_of(k.written, c->r->me->ids, a.body);
		if (kept_each(c->r->box, &f, same_held, &a, err) < 0)
			return -1;
		if (!a.found && kept_put(c->r->box, &k, a.body, err) < 0)
			return -1;
	}
	return 0;
}

static int
keep_original(struct cards *c, struct busy *b, struct err *err)
{
	bool added = b->card->at == CARD_NEW;
	struct kept k = kept_of(c, b, added ? KEPT_CREATED : KEPT_ORIGINAL);
	struct span body = added ? (struct span){ NULL, 0 } : buf_span(&b->step.before);

	if (written_expect(k.written, c->t->session, c->r->me, buf_span(&b->step.bytes), err) < 0)
		return -1;
	if (b->step.added_keys)
		k.added_keys =
			span_of(b->step.added_keys, b->step.n_added * sizeof *b->step.added_keys);
	if (kept_put(c->r->box, &k, body, err) < 0)
		return -1;
	b->card->kept = k.number;
	if (added && b->step.new_uid && !b->step.uid_taken)
		return inventory_put_alias(c->r->box, c->t->app->name, span_str(b->step.uid),
					   b->it.native_id, err);
	return 0;
}

/* All of a portion in one transaction, durable when it returns. */
static int
keep(struct portion *p, struct err *err)
{
	struct cards *c = p->c;

	if (!c->t->in_box)
		return 0;
	if (box_begin(c->r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		struct busy *b = &p->list[i];

		if (keep_held(c, b, err) < 0 || (b->step.writes && keep_original(c, b, err) < 0)) {
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

/* 2. What became of an item. */

/* What the app made of it, where that was not known before. */
static int
note_written(struct cards *c, const struct busy *b, struct span back, struct err *err)
{
	uint8_t content[BOX_HASH_BYTES];

	if (!c->t->session->adapter->shown || b->card->kept == 0)
		return 0;
	content_of(content, c->r->me->ids, back);
	return kept_put_written(c->r->box, b->card->kept, content, err);
}

/* The app has what was written. */
static int
check_written(struct cards *c, struct busy *b, const struct app_place *written, struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	struct err why = { 0 };
	int rc = item_read_all(&back, c->t->session, written, &why);

	c->r->out->written++;
	if (rc == 0)
		rc = written_check(c->t->session->adapter, buf_span(&b->step.bytes),
				   buf_span(&back), &why);
	if (rc == APP_MOVED)
		err_set(&why, ERR_CONFLICT, "the app changed it before it could be read back");
	if (rc != 0)
		return cards_fail(c, b->card, why.msg, err);
	b->card->done = true;
	if (note_written(c, b, buf_span(&back), err) < 0)
		return -1;
	return cards_settle(c, &b->it, b->card->row, &b->step, err);
}

/* The app moved under it: planned anew, or, after the last time, told. */
static int
moved(struct cards *c, struct card *card, bool last, struct err *err)
{
	if (unkeep(c, card, err) < 0)
		return -1;
	if (!last)
		return 0;
	return cards_fail(c, card,
			  _("the app kept changing this item; restore it again when the app rests"),
			  err);
}

static int
take_result(struct portion *p, struct busy *b, const struct app_change *change,
	    const struct err *why, struct err *err)
{
	switch (change->result) {
	case APP_CHANGE_DONE:
		return check_written(p->c, b, &change->written, err);
	case APP_CHANGE_CONFLICT:
		return moved(p->c, b->card, p->last, err);
	case APP_CHANGE_FAILED:
		/* It may have been written before: what is kept for it stays. */
		return cards_fail(p->c, b->card, change->err.msg, err);
	case APP_CHANGE_REFUSED:
		why = &change->err;
		break;
	case APP_CHANGE_OPEN:
		break;
	}
	return unkeep(p->c, b->card, err) < 0 ? -1 : cards_fail(p->c, b->card, why->msg, err);
}

/* 3. A portion of items in files of their own. */

static bool
is_shared_path(const struct cards *c, struct span path)
{
	struct field_key k = key_hash(path);
	uint64_t hash = get_u64(k.b);
	size_t from = 0, to = c->n_paths;

	while (from < to) { /* the first that is not below it */
		size_t mid = from + (to - from) / 2;

		if (c->paths[mid] < hash)
			from = mid + 1;
		else
			to = mid;
	}
	return from + 1 < c->n_paths && c->paths[from] == hash && c->paths[from + 1] == hash;
}

/* A path that several items share is that of a file of many cards: new ones are named by name. */
static int
make_change(struct app_change *out, struct cards *c, const struct busy *b, struct err *err)
{
	char *copy;

	*out = (struct app_change){ .bytes = buf_span(&b->step.bytes) };
	if (b->card->at != CARD_NEW) {
		out->kind = APP_REPLACE;
		out->place = b->live.place;
		out->expected = buf_span(&b->step.before);
		return 0;
	}
	out->kind = APP_ADD;
	out->name = b->it.name;
	if (!path_is_safe(b->it.path) || is_shared_path(c, b->it.path))
		return 0;
	copy = strndup((const char *)b->it.path.p, b->it.path.n);
	out->path = copy;
	return copy ? 0 : err_nomem(err);
}

struct changes {
	struct app_change list[PORTION_ITEMS]; /* with paths of our own */
	struct busy *of[PORTION_ITEMS];
	size_t n;
};

static void
changes_free(struct changes *ch)
{
	for (size_t i = 0; ch && i < ch->n; i++) {
		free((void *)(uintptr_t)ch->list[i].path);
		app_change_clear(&ch->list[i]);
	}
	free(ch);
}
AUTO_PTR(changes_free, struct changes);

/* Results in one transaction. */
static int
take_results(struct portion *p, struct changes *ch, const struct err *why, struct err *err)
{
	struct box *box = p->c->r->box;
	int rc = 0;

	if (p->c->t->in_box && box_begin(box, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < ch->n; i++)
		rc = take_result(p, ch->of[i], &ch->list[i], why, err);
	if (!p->c->t->in_box)
		return rc;
	if (rc == 0)
		return box_commit(box, err);
	box_rollback(box);
	return -1;
}

static int
write_portion(struct portion *p, struct err *err)
{
	AUTO(changes_free) struct changes *ch = calloc(1, sizeof *ch);
	struct app_session *s = p->c->t->session;
	struct err why = { 0 };

	if (!ch)
		return err_nomem(err);
	if (keep(p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		struct busy *b = &p->list[i];

		if (!b->step.writes) {
			b->card->done = true;
			if (cards_settle(p->c, &b->it, b->card->row, &b->step, err) < 0)
				return -1;
			continue;
		}
		ch->of[ch->n] = b;
		if (make_change(&ch->list[ch->n++], p->c, b, err) < 0)
			return -1;
	}
	if (ch->n)
		s->adapter->apply(s, ch->list, ch->n, &why);
	return ch->n ? take_results(p, ch, &why, err) : 0;
}

static int
portion_flush(struct portion *p, struct err *err)
{
	int rc = p->n ? write_portion(p, err) : 0;

	portion_clear(p);
	return rc < 0 ? -1 : run_check_cancelled(p->c->r, err);
}

static int
portion_add(struct portion *p, struct card *card, struct err *err)
{
	struct busy *b = &p->list[p->n++];

	if (busy_load(b, p->c, card, err) < 0)
		return -1;
	p->bytes += b->it.bytes.n + b->step.bytes.n + b->step.before.n;
	return p->n == PORTION_ITEMS || p->bytes >= PORTION_BYTES ? portion_flush(p, err) : 0;
}

/* 4. Many items of one source. */

struct rewriting {
	struct cards *c;
	struct card *cards;
	size_t n, next;
	struct busy busy;  /* cards[next - 1] */
	uint64_t *offsets; /* owned: where each lies in the new source */
};

static void
rewriting_clear(struct rewriting *w)
{
	busy_clear(&w->busy);
	free(w->offsets);
}
AUTO_OBJ(rewriting_clear, struct rewriting);

static int
next_edit(void *ctx, struct app_edit *out, struct err *err)
{
	struct rewriting *w = ctx;
	struct busy *b = &w->busy;

	do {
		busy_clear(b);
		if (w->next == w->n)
			return APP_END;
		if (busy_load(b, w->c, &w->cards[w->next++], err) < 0)
			return -1;
	} while (!b->step.writes);
	*out = (struct app_edit){ .kind = b->card->at == CARD_NEW ? APP_ADD : APP_REPLACE,
				  .offset = b->live.place.offset,
				  .size = b->live.place.size,
				  .expected = buf_span(&b->step.before),
				  .bytes = buf_span(&b->step.bytes) };
	return 0;
}

static int
note_placed(void *ctx, uint64_t offset, uint64_t size, struct err *err)
{
	struct rewriting *w = ctx;

	(void)err;
	w->offsets[w->next - 1] = offset;
	(void)size;
	return 0;
}

/* What is kept for it goes with the rest of its portion. */
static int
note_refused(void *ctx, const struct err *why, struct err *err)
{
	struct rewriting *w = ctx;

	return cards_fail(w->c, &w->cards[w->next - 1], why->msg, err);
}

/* Call @fn for the cards [0, n) by portions, loaded. */
static int
by_portions(struct portion *p, struct card *cards, size_t n,
	    int (*fn)(struct portion *p, size_t first, void *ctx, struct err *err), void *ctx,
	    struct err *err)
{
	for (size_t at = 0; at < n;) {
		size_t first = at;
		int rc = 0;

		for (; rc == 0 && at < n && p->n < PORTION_ITEMS && p->bytes < PORTION_BYTES;
		     at++) {
			struct busy *b = &p->list[p->n++];

			rc = busy_load(b, p->c, &cards[at], err);
			p->bytes += b->it.bytes.n + b->step.bytes.n + b->step.before.n;
		}
		if (rc == 0)
			rc = fn(p, first, ctx, err);
		portion_clear(p);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
keep_portion(struct portion *p, size_t first, void *ctx, struct err *err)
{
	(void)first;
	(void)ctx;
	return keep(p, err);
}

/* How the writing of the whole source went. */
struct rewritten {
	const struct rewriting *w;
	struct app_place place; /* of the source as it is now */
	int rc;
	struct err why;
};

static int
tell_one(struct portion *p, struct busy *b, size_t i, const struct rewritten *how, struct err *err)
{
	struct app_place at = how->place;

	if (b->card->done) /* it was refused */
		return unkeep(p->c, b->card, err);
	if (how->rc == APP_MOVED)
		return moved(p->c, b->card, p->last, err);
	if (how->rc < 0 && how->why.code == ERR_BUSY && unkeep(p->c, b->card, err) < 0)
		return -1;
	if (how->rc < 0)
		return cards_fail(p->c, b->card, how->why.msg, err);
	if (!b->step.writes) {
		b->card->done = true;
		return cards_settle(p->c, &b->it, b->card->row, &b->step, err);
	}
	at.offset = how->w->offsets[i];
	at.size = b->step.bytes.n;
	return check_written(p->c, b, &at, err);
}

static int
tell_portion(struct portion *p, size_t first, void *ctx, struct err *err)
{
	struct box *box = p->c->r->box;
	int rc = 0;

	if (p->c->t->in_box && box_begin(box, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < p->n; i++)
		rc = tell_one(p, &p->list[i], first + i, ctx, err);
	if (!p->c->t->in_box)
		return rc;
	if (rc == 0)
		return box_commit(box, err);
	box_rollback(box);
	return -1;
}

/* @source: as the plan saw it, or, with new items only, as it is. */
static int
write_source(struct portion *p, struct card *cards, size_t n, const struct app_source *source,
	     uint8_t form, struct err *err)
{
	struct cards *c = p->c;
	struct app_session *s = c->t->session;
	AUTO(rewriting_clear)
	struct rewriting w = { .c = c,
			       .cards = cards,
			       .n = n,
			       .busy = { .it = ASIDE_ITEM_INIT, .live = LIVE_CARD_INIT } };
	struct app_rewrite rewrite = { &w, 0, next_edit, note_placed, note_refused };
	struct rewritten how = { .w = &w, .place = { .source = source->path, .form = form } };

	if (portion_flush(p, err) < 0) /* it takes @p */
		return -1;
	w.offsets = calloc(n, sizeof *w.offsets);
	if (!w.offsets)
		return err_nomem(err);
	if (by_portions(p, cards, n, keep_portion, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		rewrite.grows += cards[i].at == CARD_NEW;
	how.rc = s->adapter->rewrite(&how.place.stamp, s, source, &rewrite, &how.why);
	if (by_portions(p, cards, n, tell_portion, &how, err) < 0)
		return -1;
	return run_check_cancelled(c->r, err);
}

/* 5. All of it. */

/* New ones last, by date where they have one, else as they came. */
static int
by_place(const void *a, const void *b)
{
	const struct card *x = a, *y = b;

	if (x->at != y->at)
		return (x->at > y->at) - (x->at < y->at);
	if (x->at == CARD_NEW && x->at_unix_ms != y->at_unix_ms)
		return (x->at_unix_ms > y->at_unix_ms) - (x->at_unix_ms < y->at_unix_ms);
	return (x->row > y->row) - (x->row < y->row);
}

/* How many of the cards, which are sorted by place, lie in the source of the first. */
static int
count_of_source(size_t *n, struct cards *c, const struct card *cards, size_t n_cards,
		struct live_card *first, struct err *err)
{
	AUTO(live_card_clear) struct live_card next = LIVE_CARD_INIT;

	if (live_cards_get(first, &c->live, cards[0].at, err) < 0)
		return -1;
	for (*n = 1; *n < n_cards && cards[*n].at != CARD_NEW; ++*n) {
		if (live_cards_get(&next, &c->live, cards[*n].at, err) < 0)
			return -1;
		if (strcmp(next.place.source, first->place.source) != 0)
			break;
	}
	return 0;
}

/* The cards from @cards on, the first of which is in a source that is there: *n of them are done. */
static int
write_merged(struct portion *p, struct card *cards, size_t n_cards, size_t *n, struct err *err)
{
	AUTO(live_card_clear) struct live_card first = LIVE_CARD_INIT;
	struct app_session *s = p->c->t->session;
	const char *home = NULL;

	if (count_of_source(n, p->c, cards, n_cards, &first, err) < 0 ||
	    (cards[n_cards - 1].at == CARD_NEW && s->adapter->home(&home, s, err) < 0))
		return -1;
	bool home_too = home && strcmp(home, first.place.source) == 0 && *n < n_cards &&
			cards[*n].at == CARD_NEW;
	if (home_too)
		*n = n_cards; /* new ones go there, too */
	if (*n >= MANY_OF_ONE || home_too) {
		struct app_source source = { first.place.source, first.place.stamp };

		return write_source(p, cards, *n, &source, first.place.form, err);
	}
	for (size_t i = 0; i < *n; i++)
		if (portion_add(p, &cards[i], err) < 0)
			return -1;
	return 0;
}

/* New cards only. */
static int
write_new(struct portion *p, struct card *cards, size_t n, struct err *err)
{
	struct app_session *s = p->c->t->session;
	struct app_source source = { .path = NULL };
	int rc;

	if (s->adapter->home(&source.path, s, err) < 0)
		return -1;
	if (source.path) {
		rc = s->adapter->stamp(&source.stamp, s, source.path, err);
		if (rc < 0)
			return -1;
		return rc == 0 ? write_source(p, cards, n, &source, CHARSET_BYTES, err) : 0;
	}
	for (size_t i = 0; i < n; i++)
		if (portion_add(p, &cards[i], err) < 0)
			return -1;
	return 0;
}

int
cards_write(struct cards *c, bool last, struct err *err)
{
	struct portion *p = calloc(1, sizeof *p);
	size_t n = 0, at = 0, step = 0;
	int rc = 0;

	if (!p)
		return err_nomem(err);
	p->c = c;
	p->last = last;
	for (size_t i = 0; i < c->n; i++) { /* those to be written come first */
		struct card card = c->list[i];

		if (!card.planned || card.done)
			continue;
		c->list[i] = c->list[n];
		c->list[n++] = card;
	}
	if (n > 1)
		qsort(c->list, n, sizeof *c->list, by_place);
	for (; rc == 0 && at < n && c->list[at].at != CARD_NEW; at += step)
		rc = write_merged(p, c->list + at, n - at, &step, err);
	if (rc == 0 && at < n)
		rc = write_new(p, c->list + at, n - at, err);
	if (rc == 0)
		rc = portion_flush(p, err);
	portion_clear(p);
	free(p);
	return rc;
}
