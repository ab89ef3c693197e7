/* SPDX-License-Identifier: Apache-2.0 */
/* group: items that go as one batch, or, where the server takes less, as several. */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"

#define SEAL_TRIES 4 /* a batch that is refused so often will not be taken */
#define SEND_ANEW  4 /* beside send.c's: dropped, and some of its items were prepared anew */

void
group_clear(struct group *g)
{
	for (size_t i = 0; i < g->n_items; i++)
		prepared_free(g->items[i]);
	for (size_t i = 0; i < g->n_chunks; i++)
		buf_clear(&g->chunks[i].plain);
	free(g->items);
	free(g->chunks);
	*g = (struct group){ 0 };
}

bool
group_full(const struct group *g)
{
	return g->n_items >= GROUP_RECORDS || g->frame_bytes >= GROUP_FRAME_BYTES ||
	       g->n_chunks >= GROUP_CHUNKS || g->chunk_bytes >= GROUP_CHUNK_BYTES;
}

static int
add_pending(struct group *g, const struct pending_chunk *c, struct err *err)
{
	if (array_reserve((void **)&g->chunks, &g->cap_chunks, g->n_chunks + 1, sizeof *g->chunks,
			  (size_t)BATCH_RECORDS_MAX + RECORD_REFS_MAX * 2, err) < 0)
		return -1;
	g->chunks[g->n_chunks++] = *c;
	return 0;
}

int
group_add_pending(struct group *g, const struct chunk_entry *e, uint32_t at, uint32_t nth,
		  struct err *err)
{
	struct pending_chunk c = { .cid = e->cid, .class = e->class, .prepared = at, .nth = nth };

	return add_pending(g, &c, err);
}

/* Which of its chunks may be missing on the server: those that nothing there is known to have. */
static int
add_chunks(struct group *g, struct prepared *p, uint32_t at, struct err *err)
{
	for (size_t i = 0; i < p->entries.n && !p->of_box; i++) {
		const struct chunk_entry *e = &p->entries.e[i];

		if (!prepared_has(p, e) && group_add_pending(g, e, at, (uint32_t)i, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_held; i++) {
		struct pending_chunk c = { .cid = p->held[i].cid,
					   .class = p->held[i].class,
					   .prepared = at,
					   .plain = p->held[i].plain };

		if (add_pending(g, &c, err) < 0)
			return -1;
		p->held[i].plain = (struct buf)BUF_INIT(0); /* the pending chunk's now */
	}
	p->n_held = 0;
	g->chunk_bytes += p->new_bytes;
	return 0;
}

int
group_add(struct run *r, struct prepared *take, struct err *err)
{
	AUTO(prepared_free) struct prepared *p = take;
	struct group *g = &r->group;
	uint32_t at = (uint32_t)g->n_items;

	if (array_reserve((void **)&g->items, &g->cap_items, g->n_items + 1,
			  sizeof(struct prepared *), BATCH_RECORDS_MAX, err) < 0)
		return -1;
	g->frame_bytes += prepared_frame_bytes(p);
	g->items[g->n_items++] = p;
	return add_chunks(g, TAKE(p), at, err);
}

int
group_prepare_again(struct run *r, uint32_t at, struct err *err)
{
	struct group *g = &r->group;
	struct prepared *old = g->items[at], *p = NULL;
	struct todo t = { .app = old->run_app, .item = old->item, .anyhow = true };
	struct err why = { 0 };
	int rc = prepare_item(&p, r, &t, &why, err);

	box_view_end(r->box); /* what follows writes */
	if (rc < 0)
		return -1;
	if (rc != 0) {
		prepared_free(p);
		return prepared_fail(old, &why, err);
	}
	g->frame_bytes += prepared_frame_bytes(p) - prepared_frame_bytes(old);
	g->items[at] = p;
	prepared_free(old);
	return add_chunks(g, p, at, err);
}

static int
add_box_item(void *ctx, const struct box_item *item, struct err *err)
{
	struct run *r = ctx;
	struct prepared *p;

	/* What finds no room rides in the next batch. */
	if ((r->more && r->group.n_of_box >= GROUP_BOX_ITEMS) ||
	    r->group.n_items >= BATCH_RECORDS_MAX ||
	    r->group.frame_bytes + item->bytes.n + RECORD_PLAIN_BYTES_MAX >
		    BATCH_BYTES_MAX - BATCH_PREFIX_BYTES_MAX)
		return 0;
	if (prepare_box_item(&p, r, item, err) < 0)
		return -1;
	r->group.n_of_box++;
	return group_add(r, p, err);
}

/* Figures and lines of what was acknowledged. */
static int
note_saved(struct run *r, size_t from, size_t to, struct err *err)
{
	struct group *g = &r->group;

	for (size_t i = 0; i < g->n_chunks; i++)
		if (g->chunks[i].prepared >= from && g->chunks[i].prepared < to)
			g->items[g->chunks[i].prepared]->sent_bytes += g->chunks[i].bytes;
	for (size_t i = from; i < to; i++) {
		struct prepared *p = g->items[i];

		if (p->failed || p->of_box || p->tombstone != r->forgetting)
			continue;
		if (result_add(r,
			       &(struct backup_item){
				       .outcome = BACKUP_UPLOADED,
				       .app = p->app,
				       .id = p->shown_id,
				       .name = p->name,
				       .bytes = p->frame_bytes + p->sent_bytes,
				       .reason = "",
			       },
			       err) < 0)
			return -1;
		r->progress.items_done++;
		r->progress.bytes_done += p->size;
	}
	run_show(r, false);
	return 0;
}

static int commit(struct run *r, size_t from, size_t to, struct err *err);

/* The server takes no batch as large as this. */
static int
commit_halves(struct run *r, size_t from, size_t to, struct err *err)
{
	size_t middle = from + (to - from) / 2;

	if (to - from > 1)
		return commit(r, from, middle, err) < 0 ? -1 : commit(r, middle, to, err);
	return prepared_fail(r->group.items[from], err, err);
}

/* Send what is sealed until the server has it or wants it sealed anew. */
static int
send_sealed(struct run *r, struct journal_batch *batch, struct err *err)
{
	for (int n = 0; n < SEAL_TRIES; n++) {
		const struct problem *p;
		struct err why;
		int rc = send_batch(r, batch, err);

		if (rc != SEND_CHUNKS)
			return rc;
		why = *err;
		p = remote_problem(r->remote);
		if (!p)
			return -1;
		rc = upload_again(r, p->cids, p->n_cids, err);
		if (rc < 0 || (rc == UPLOAD_ANEW && journal_drop(r->box, batch, err) < 0) ||
		    upload_chunks(r, err) < 0)
			return -1;
		*err = why;
		if (rc == UPLOAD_ANEW)
			return SEND_ANEW;
	}
	return err_wrap(err, "the chunks were sent again");
}

static size_t
count_live(const struct group *g, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += !g->items[i]->failed;
	return n;
}

/* Items [from, to) as one batch. */
static int
commit(struct run *r, size_t from, size_t to, struct err *err)
{
	for (int n = 0; n < SEAL_TRIES;) {
		struct journal_batch batch;
		int rc;

		if (count_live(&r->group, from, to) == 0)
			return 0;
		if (result_receipt(r, err) < 0 || sealing_make(&batch, r, from, to, err) < 0)
			return -1;
		rc = send_sealed(r, &batch, err);
		if (rc == 0)
			return note_saved(r, from, to, err);
		if (rc == SEND_SMALLER)
			return commit_halves(r, from, to, err);
		if (rc < 0)
			return -1;
		n += rc == SEND_AGAIN; /* SEND_ANEW ends by itself: fewer are inherited each time */
	}
	return err_wrap(err, "sealed anew several times");
}

static int
note_failed(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->group.n_items; i++) {
		const struct prepared *p = r->group.items[i];

		if (p->failed && result_add(r,
					    &(struct backup_item){
						    .outcome = BACKUP_FAILED,
						    .app = p->app,
						    .id = p->shown_id,
						    .name = p->name,
						    .reason = p->reason,
					    },
					    err) < 0)
			return -1;
	}
	return 0;
}

int
group_send(struct run *r, struct err *err)
{
	struct group *g = &r->group;
	bool doubted = false;

	if (g->n_items == 0 && box_items_doubted(&doubted, r->box, err) < 0)
		return -1;
	if (g->n_items == 0 && !doubted)
		return 0;
	if (box_items_each_changed(r->box, add_box_item, r, err) < 0)
		return -1;
	if (g->n_items == 0)
		return 0;
	if (upload_chunks(r, err) < 0 || commit(r, 0, g->n_items, err) < 0 ||
	    note_failed(r, err) < 0)
		return -1;
	group_clear(g);
	return 0;
}
