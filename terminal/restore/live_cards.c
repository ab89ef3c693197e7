/* SPDX-License-Identifier: Apache-2.0 */
/* live_cards: see live_cards.h. */
#include "restore/live_cards.h"

#include "base/array.h"
#include "box/inventory.h"

#define LIVE_CARDS_MAX (1u << 22)

void
live_cards_clear(struct live_cards *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->cards[i].source);
		free(l->cards[i].id);
	}
	free(l->cards);
	*l = (struct live_cards){ 0 };
}

static int
add(struct live_cards *l, const struct app_place *place, struct span id, struct err *err)
{
	struct live_card *c;

	if (array_reserve((void **)&l->cards, &l->cap, l->n + 1, sizeof *l->cards, LIVE_CARDS_MAX,
			  err) < 0)
		return -1;
	c = &l->cards[l->n++];
	*c = (struct live_card){ .place = *place, .n_id = id.n };
	c->source = strdup(place->source);
	c->id = malloc(id.n + 1);
	if (!c->source || !c->id)
		return err_nomem(err);
	if (id.n)
		memcpy(c->id, id.p, id.n);
	c->place.source = c->source;
	return 0;
}

/* The app is in the Box: its inventory knows the native ids. */

static int
add_known(void *ctx, const struct inventory_item *item, struct err *err)
{
	return add(ctx, &item->place, item->native_id, err);
}

static int
by_place(const void *a, const void *b)
{
	const struct live_card *x = a, *y = b;
	int c = strcmp(x->source, y->source);

	return c ? c
		 : (x->place.position > y->place.position) -
			       (x->place.position < y->place.position);
}

/* One source's reading beside the cards that are known to lie there. */
struct beside {
	struct live_cards *l;
	struct plan *plan;
	size_t at, end; /* the source's cards */
};

static int
tell_known(void *ctx, const struct app_item *item, struct err *err)
{
	struct beside *b = ctx;
	struct live_card *c;

	while (b->at < b->end && b->l->cards[b->at].place.position < item->place.position) {
		c = &b->l->cards[b->at++];
		if (plan_add_live(b->plan, span_of(c->id, c->n_id), span_of("", 0), err) < 0)
			return -1;
	}
	if (b->at == b->end || b->l->cards[b->at].place.position != item->place.position)
		return 0;
	c = &b->l->cards[b->at++];
	return plan_add_live(b->plan, span_of(c->id, c->n_id), item->bytes, err);
}

static int
nothing_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	(void)ctx;
	(void)refused;
	(void)err;
	return 0;
}

static int
read_source(struct live_cards *l, struct plan *plan, size_t at, size_t end, struct err *err)
{
	struct app_source source = { l->cards[at].source, l->cards[at].place.stamp };
	struct beside b = { l, plan, at, end };
	int rc = l->session->adapter->read_source(l->session, &source, tell_known, nothing_refused,
						  &b, err);

	if (rc != 0)
		return rc;
	for (; b.at < end; b.at++) {
		const struct live_card *c = &l->cards[b.at];

		if (plan_add_live(plan, span_of(c->id, c->n_id), span_of("", 0), err) < 0)
			return -1;
	}
	return 0;
}

static int
load_known(struct live_cards *l, struct run *r, const struct target *t, struct plan *plan,
	   struct err *err)
{
	if (inventory_refresh(NULL, r->box, t->session, NULL, NULL, err) < 0 ||
	    inventory_each(r->box, t->app->name, add_known, l, err) < 0)
		return -1;
	if (l->n > 1)
		qsort(l->cards, l->n, sizeof *l->cards, by_place);
	for (size_t at = 0, end; at < l->n; at = end) {
		int rc;

		for (end = at + 1;
		     end < l->n && strcmp(l->cards[end].source, l->cards[at].source) == 0; end++)
			;
		rc = read_source(l, plan, at, end, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A folder that the Box does not know (--create): the cards' own UIDs serve. */

struct outside {
	struct live_cards *l;
	struct plan *plan;
};

static int
tell_outside(void *ctx, const struct app_item *item, struct err *err)
{
	struct outside *o = ctx;

	return add(o->l, &item->place, item->uid, err) < 0
		       ? -1
		       : plan_add_live(o->plan, item->uid, item->bytes, err);
}

struct sources {
	struct app_source *list; /* owned, with its paths */
	size_t n, cap;
};

static int
collect(void *ctx, const struct app_source *source, struct err *err)
{
	struct sources *s = ctx;

	if (array_reserve((void **)&s->list, &s->cap, s->n + 1, sizeof *s->list, LIVE_CARDS_MAX,
			  err) < 0)
		return -1;
	s->list[s->n] = *source;
	s->list[s->n].path = strdup(source->path);
	return s->list[s->n++].path ? 0 : err_nomem(err);
}

static int
load_outside(struct live_cards *l, struct plan *plan, struct err *err)
{
	struct sources s = { 0 };
	struct outside o = { l, plan };
	int rc = l->session->adapter->sources(l->session, collect, nothing_refused, &s, err);

	for (size_t i = 0; rc == 0 && i < s.n; i++)
		rc = l->session->adapter->read_source(l->session, &s.list[i], tell_outside,
						      nothing_refused, &o, err);
	for (size_t i = 0; i < s.n; i++)
		free((void *)(uintptr_t)s.list[i].path);
	free(s.list);
	return rc;
}

int
live_cards_load(struct live_cards *l, struct run *r, const struct target *t, struct plan *plan,
		struct err *err)
{
	live_cards_clear(l);
	l->session = t->session;
	return t->in_box ? load_known(l, r, t, plan, err) : load_outside(l, plan, err);
}

int
live_cards_read(void *live_cards, size_t at, struct buf *out, struct err *err)
{
	struct live_cards *l = live_cards;
	int rc = item_read_all(out, l->session, &l->cards[at].place, err);

	return rc == APP_MOVED ? PLAN_MOVED : rc;
}
