/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_cards: see live_cards.h.  A card is put aside as
 *
 *     u32  bytes of its source's path, its NUL included; then these
 *     40   stamp: device, inode, size, mtime, ctime
 *     u32  position   u64  offset   u64  size   u8  form
 *     …    native id
 */
#include "restore/live_cards.h"

#include "base/array.h"
#include "base/bytes.h"
#include "box/inventory.h"

#define LIVE_CARDS_MAX (1u << 22)

void
live_card_clear(struct live_card *c)
{
	buf_clear(&c->store);
	*c = (struct live_card)LIVE_CARD_INIT;
}

void
live_cards_clear(struct live_cards *l)
{
	free(l->places);
	*l = (struct live_cards){ 0 };
}

static int
encode(struct buf *out, const struct app_place *p, struct span id, struct err *err)
{
	size_t n = strlen(p->source) + 1;

	if (buf_append_u32(out, (uint32_t)n, err) < 0 ||
	    buf_append(out, span_of(p->source, n), err) < 0 ||
	    buf_append_u64(out, p->stamp.device, err) < 0 ||
	    buf_append_u64(out, p->stamp.inode, err) < 0 ||
	    buf_append_u64(out, p->stamp.size, err) < 0 ||
	    buf_append_u64(out, (uint64_t)p->stamp.mtime_ns, err) < 0 ||
	    buf_append_u64(out, (uint64_t)p->stamp.ctime_ns, err) < 0 ||
	    buf_append_u32(out, p->position, err) < 0 || buf_append_u64(out, p->offset, err) < 0 ||
	    buf_append_u64(out, p->size, err) < 0 || buf_append_byte(out, p->form, err) < 0)
		return -1;
	return buf_append(out, id, err);
}

int
live_cards_get(struct live_card *out, const struct live_cards *l, size_t at, struct err *err)
{
	struct reader r;

	buf_reset(&out->store);
	if (scratch_get(&out->store, l->scratch, l->places[at], err) < 0)
		return -1;
	r = reader_of(buf_span(&out->store));
	out->place.source = (const char *)read_span(&r, read_u32(&r)).p;
	out->place.stamp.device = read_u64(&r);
	out->place.stamp.inode = read_u64(&r);
	out->place.stamp.size = read_u64(&r);
	out->place.stamp.mtime_ns = (int64_t)read_u64(&r);
	out->place.stamp.ctime_ns = (int64_t)read_u64(&r);
	out->place.position = read_u32(&r);
	out->place.offset = read_u64(&r);
	out->place.size = read_u64(&r);
	out->place.form = read_u8(&r);
	out->id = r.left;
	return 0;
}

/* One loading. */
struct loading {
	struct live_cards *l;
	struct run *r;
	const struct target *t;
	struct plan *plan;
	struct buf id, card; /* of the card at hand */
	bool moved;
};

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

/* The Box's id for what lies there, else the card's own UID. */
static int
id_of(struct span *id, struct loading *g, const struct app_item *item, struct err *err)
{
	int rc = BOX_ABSENT;

	buf_reset(&g->id);
	if (g->t->in_box)
		rc = inventory_native_id(&g->id, g->r->box, g->t->app->name, &item->place, err);
	*id = rc == 0 ? buf_span(&g->id) : item->uid;
	return rc < 0 ? -1 : 0;
}

static int
add_card(void *ctx, const struct app_item *item, struct err *err)
{
	struct loading *g = ctx;
	struct live_cards *l = g->l;
	struct span id;

	buf_reset(&g->card);
	if (id_of(&id, g, item, err) < 0 || encode(&g->card, &item->place, id, err) < 0 ||
	    array_reserve((void **)&l->places, &l->cap, l->n + 1, sizeof *l->places, LIVE_CARDS_MAX,
			  err) < 0 ||
	    scratch_put(&l->places[l->n], l->scratch, buf_span(&g->card), err) < 0)
		return -1;
	l->n++;
	return plan_add_live(g->plan, id, item->bytes, err);
}

static int
read_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct loading *g = ctx;
	struct app_session *s = g->t->session;
	int rc = s->adapter->read_source(s, source, add_card, refused, g, err);

	if (rc == APP_UNREAD)
		return 0; /* `incomplete` is set */
	g->moved |= rc == APP_MOVED;
	return rc == APP_MOVED ? err_set(err, ERR_CONFLICT, "%s changed", source->path) : rc;
}

int
live_cards_load(struct live_cards *l, struct run *r, const struct target *t,
		struct scratch *scratch, struct plan *plan, struct err *err)
{
	struct loading g = { .l = l,
			     .r = r,
			     .t = t,
			     .plan = plan,
			     .id = BUF_INIT(64 << 10),
			     .card = BUF_INIT(64 << 10) };
	struct app_session *s = t->session;
	int rc = 0;

	live_cards_clear(l);
	l->session = s;
	l->scratch = scratch;
	if (t->in_box)
		rc = inventory_refresh(NULL, r->box, s, NULL, NULL, err);
	if (rc == 0)
		rc = s->adapter->sources(s, read_source, refused, &g, err);
	buf_clear(&g.id);
	buf_clear(&g.card);
	return rc < 0 && g.moved ? APP_MOVED : rc;
}

int
live_cards_read(void *live_cards, size_t at, struct buf *out, struct buf *id, struct err *err)
{
	AUTO(live_card_clear) struct live_card c = LIVE_CARD_INIT;
	struct live_cards *l = live_cards;
	int rc;

	if (live_cards_get(&c, l, at, err) < 0 || buf_append(id, c.id, err) < 0)
		return -1;
	rc = item_read_all(out, l->session, &c.place, err);
	return rc == APP_MOVED ? PLAN_MOVED : rc;
}
