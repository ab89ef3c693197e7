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

/* One loading. */
struct loading {
	struct live_cards *l;
	struct live_cards known; /* by place: what the Box's inventory says */
	struct plan *plan;
	struct app_source *sources; /* owned, with their paths */
	size_t n_sources, cap_sources;
};

static void
loading_clear(struct loading *g)
{
	live_cards_clear(&g->known);
	for (size_t i = 0; i < g->n_sources; i++)
		free((void *)(uintptr_t)g->sources[i].path);
	free(g->sources);
}
AUTO_OBJ(loading_clear, struct loading);

/* The native ids that the Box gave. */

static int
add_known(void *ctx, const struct inventory_item *item, struct err *err)
{
	return add(ctx, &item->place, item->native_id, err);
}

static int
by_place(const void *a, const void *b)
{
	const struct live_card *x = a, *y = b;
	int c = strcmp(x->place.source, y->place.source);

	return c ? c
		 : (x->place.position > y->place.position) -
			       (x->place.position < y->place.position);
}

static int
read_inventory(struct loading *g, struct run *r, const struct target *t, struct err *err)
{
	if (inventory_refresh(NULL, r->box, t->session, NULL, NULL, err) < 0 ||
	    inventory_each(r->box, t->app->name, add_known, &g->known, err) < 0)
		return -1;
	if (g->known.n > 1)
		qsort(g->known.cards, g->known.n, sizeof *g->known.cards, by_place);
	return 0;
}

/* The Box's id for what lies at @place, else the card's own UID. */
static struct span
id_of(const struct loading *g, const struct app_item *item)
{
	struct live_card key = { .place = item->place };
	const struct live_card *k =
		g->known.n ? bsearch(&key, g->known.cards, g->known.n, sizeof key, by_place) : NULL;

	if (k && app_stamp_equal(&k->place.stamp, &item->place.stamp))
		return span_of(k->id, k->n_id);
	return item->uid;
}

/* The app itself. */

/* What cannot be read may hold any card: nobody knows then that one is not here. */
static int
refused(void *ctx, const struct app_refused *what, struct err *err)
{
	struct loading *g = ctx;

	(void)err;
	if (what->why->code == ERR_IO || what->why->code == ERR_CONFLICT)
		g->l->incomplete = true;
	return 0;
}

static int
add_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct loading *g = ctx;

	if (array_reserve((void **)&g->sources, &g->cap_sources, g->n_sources + 1,
			  sizeof *g->sources, LIVE_CARDS_MAX, err) < 0)
		return -1;
	g->sources[g->n_sources] = *source;
	g->sources[g->n_sources].path = strdup(source->path);
	return g->sources[g->n_sources++].path ? 0 : err_nomem(err);
}

static int
add_card(void *ctx, const struct app_item *item, struct err *err)
{
	struct loading *g = ctx;
	struct span id = id_of(g, item);

	return add(g->l, &item->place, id, err) < 0 ? -1
						    : plan_add_live(g->plan, id, item->bytes, err);
}

int
live_cards_load(struct live_cards *l, struct run *r, const struct target *t, struct plan *plan,
		struct err *err)
{
	AUTO(loading_clear) struct loading g = { .l = l, .plan = plan };
	const struct adapter *a = t->session->adapter;
	int rc = 0;

	live_cards_clear(l);
	l->session = t->session;
	if (t->in_box && read_inventory(&g, r, t, err) < 0)
		return -1;
	if (a->sources(t->session, add_source, refused, &g, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < g.n_sources; i++)
		if ((rc = a->read_source(t->session, &g.sources[i], add_card, refused, &g, err)) ==
		    APP_UNREAD)
			rc = 0; /* `incomplete` is set */
	return rc;
}

int
live_cards_read(void *live_cards, size_t at, struct buf *out, struct err *err)
{
	struct live_cards *l = live_cards;
	int rc = item_read_all(out, l->session, &l->cards[at].place, err);

	return rc == APP_MOVED ? PLAN_MOVED : rc;
}
