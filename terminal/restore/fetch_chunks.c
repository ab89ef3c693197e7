/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_chunks: an item's data out of its record and its chunks.
 *
 * Opened chunks are held in a window that the next request replaces: small items' chunks are
 * fetched ahead, many in a request; a large file walks through its chunks two at a time.
 */
#include "base/array.h"
#include "chunk/object.h"
#include "item/recipe.h"
#include "restore/fetch_internal.h"

void
fetch_window_clear(struct fetch_window *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->chunks[i].plain);
	free(w->chunks);
	*w = (struct fetch_window){ 0 };
}

static struct fetch_chunk *
window_find(const struct fetch_window *w, const struct chunk_entry *e)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct chunk_entry *have = &w->chunks[i].entry;

		if (hash32_equal(&have->cid, &e->cid) && have->class == e->class &&
		    have->foreign == e->foreign &&
		    (!e->foreign || id16_equal(&have->device, &e->device)))
			return &w->chunks[i];
	}
	return NULL;
}

static int
window_add(struct fetch_window *w, const struct chunk_entry *e, struct err *err)
{
	if (w->n == WIRE_OBJECTS_MAX || window_find(w, e))
		return 0;
	if (array_reserve((void **)&w->chunks, &w->cap, w->n + 1, sizeof *w->chunks,
			  WIRE_OBJECTS_MAX, err) < 0)
		return -1;
	w->chunks[w->n++] = (struct fetch_chunk){ .entry = *e };
	return 0;
}

static int
keep_plain(struct fetch_window *w, struct fetch_chunk *c, struct span plain, struct err *err)
{
	if (w->bytes + plain.n > FETCH_CHUNKS_BYTES && w->bytes > 0)
		return 0; /* not held: asked for again when it is needed */
	c->plain = malloc(plain.n ? plain.n : 1);
	if (!c->plain)
		return err_nomem(err);
	memcpy(c->plain, plain.p, plain.n);
	c->n_plain = plain.n;
	c->state = FETCH_CHUNK_HELD;
	w->bytes += plain.n;
	return 0;
}

static int
take_object(void *ctx, uint32_t i, struct span object, struct err *err)
{
	struct fetch *f = ctx;
	struct fetch_chunk *c = &f->window.chunks[f->asking->of[i]];
	struct span plain;

	if (object.n == 0) {
		c->state = FETCH_CHUNK_BAD;
		err_set(&c->why, ERR_FORMAT,
			"a piece of its data is damaged or gone on the server");
		return 0;
	}
	if (opener_chunk(&plain, f->opener, &c->entry, object, &c->why) < 0) {
		c->state = FETCH_CHUNK_BAD;
		err_wrap(&c->why, "a piece of its data");
		return c->why.code == ERR_NOMEM ? err_nomem(err) : 0;
	}
	return keep_plain(&f->window, c, plain, err);
}

/* Fetch what the window names, those with an acceptable owner. */
static int
window_fetch(struct fetch *f, struct err *err)
{
	struct fetch_asking *a;

	if (f->window.n == 0)
		return 0;
	if (!f->asking)
		f->asking = malloc(sizeof *f->asking);
	if (!f->asking)
		return err_nomem(err);
	a = f->asking;
	a->n = 0;
	for (size_t i = 0; i < f->window.n; i++) {
		struct fetch_chunk *c = &f->window.chunks[i];

		if (opener_chunk_owner(&a->at[a->n].device, f->opener, &c->entry, &c->why) < 0) {
			c->state = FETCH_CHUNK_BAD;
			continue;
		}
		a->at[a->n].cid = c->entry.cid;
		a->of[a->n++] = i;
	}
	return a->n ? f->source.objects(f->source.ctx, a->at, a->n, take_object, f, err) : 0;
}

/* The window from entry @i on: as many as surely fit. */
static int
window_at(struct fetch *f, const struct chunk_entries *l, size_t i, struct err *err)
{
	size_t bytes = 0;

	fetch_window_clear(&f->window);
	for (; i < l->n; i++) {
		bytes += chunk_piece_bytes(l->e[i].class);
		if (f->window.n > 0 && bytes > FETCH_WINDOW_BYTES)
			break;
		if (window_add(&f->window, &l->e[i], err) < 0)
			return -1;
	}
	return window_fetch(f, err);
}

/* Entry @i of @l, from the window or by a new one. */
static int
chunk_plain(struct span *plain, struct fetch *f, const struct chunk_entries *l, size_t i,
	    struct err *err)
{
	struct fetch_chunk *c = window_find(&f->window, &l->e[i]);

	if (!c || c->state == FETCH_CHUNK_ASKED) {
		if (window_at(f, l, i, err) < 0)
			return -1;
		c = window_find(&f->window, &l->e[i]);
	}
	if (!c || c->state == FETCH_CHUNK_ASKED)
		return err_set(err, ERR_FORMAT, "the server did not give a piece of its data");
	if (c->state == FETCH_CHUNK_BAD) {
		if (err)
			*err = c->why;
		return -1;
	}
	*plain = span_of(c->plain, c->n_plain);
	return 0;
}

static int
list_plain(void *ctx, const struct chunk_entry *list, struct span *plain, struct err *err)
{
	struct chunk_entry e = *list;
	struct chunk_entries one = { &e, 1, 1 };

	return chunk_plain(plain, ctx, &one, 0, err);
}

int
fetch_entries(struct chunk_entries *out, struct fetch *f, const struct record *r, struct err *err)
{
	AUTO(chunk_entries_clear) struct chunk_entries top = { 0 };

	if (r->lists.n == 0)
		return chunk_entries_decode(out, r->chunks, err);
	if (chunk_entries_decode(&top, r->lists, err) < 0)
		return -1;
	return chunk_lists_read(out, &top, list_plain, f, err);
}

void
fetch_ahead_begin(struct fetch *f)
{
	fetch_window_clear(&f->window);
}

int
fetch_ahead_add(struct fetch *f, const struct opened *item, struct err *err)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };
	struct err bad = { 0 };

	/* Of one that is larger than what can be held, all would come twice. */
	if (item->why || item->record.chunks.n == 0 ||
	    item->record.size_bytes > FETCH_WINDOW_BYTES ||
	    chunk_entries_decode(&l, item->record.chunks, &bad) < 0)
		return 0; /* what is bad is said at the item, by fetch_payload() */
	for (size_t i = 0; i < l.n; i++)
		if (window_add(&f->window, &l.e[i], err) < 0)
			return -1;
	return 0;
}

int
fetch_ahead_ask(struct fetch *f, struct err *err)
{
	return window_fetch(f, err);
}

int
fetch_ahead(struct fetch *f, const struct opened *items, size_t n, struct err *err)
{
	fetch_ahead_begin(f);
	for (size_t i = 0; i < n; i++)
		if (fetch_ahead_add(f, &items[i], err) < 0)
			return -1;
	return fetch_ahead_ask(f, err);
}

struct payload_chunks {
	struct fetch *f;
	struct chunk_entries entries;
};

static int
payload_chunk(void *ctx, uint32_t i, struct span *plain, struct err *err)
{
	struct payload_chunks *p = ctx;

	return chunk_plain(plain, p->f, &p->entries, i, err);
}

static int
payload_encode(void *ctx, struct span recipe, struct span decoded, struct buf *out, struct err *err)
{
	struct recipe r;

	(void)ctx;
	if (recipe_decode(&r, recipe, err) < 0)
		return -1;
	return recipe_apply(out, &r, decoded, err);
}

int
fetch_payload(struct fetch *f, const struct record *r, const struct payload_sink *sink,
	      struct err *err)
{
	struct payload_chunks p = { .f = f };
	struct payload_source source = { &p, payload_chunk, payload_encode };
	int rc = fetch_entries(&p.entries, f, r, err);

	if (rc == 0)
		rc = payload_assemble(r->payload, r->size_bytes, p.entries.n, &source, sink, err);
	chunk_entries_clear(&p.entries);
	return rc;
}
