/* SPDX-License-Identifier: Apache-2.0 */
/* of_thread: see of_thread.h. */
#include "restore/of_thread.h"

#define LOOK_ITEMS 64 /* whose chunks are fetched ahead together */

int
of_thread_init(struct of_thread *out, struct box *box, const char *typed, struct err *err)
{
	if (region_profile(&out->profile, box, NULL, err) < 0)
		return -1;
	return thread_wish_init(&out->wish, span_str(typed), &out->profile.item.keys, err);
}

void
of_thread_clear(struct of_thread *t)
{
	thread_wish_clear(&t->wish);
	threads_clear(&t->named);
}

int
of_bytes(struct buf *out, struct fetch *f, const struct record *record, struct err *err)
{
	struct payload_sink sink = { out, payload_to_buf };
	struct err why = { 0 };

	if (fetch_payload(f, record, &sink, &why) == 0)
		return 1;
	if (opener_blames_item(&why) || why.code == ERR_LIMIT)
		return OF_UNREADABLE;
	*err = why;
	return -1;
}

int
of_record_thread(struct buf *thread, struct buf *party, struct fetch *f,
		 const struct record *record, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	const struct form *form = form_of_type(record->mime);
	struct err why = { 0 };
	int rc = form && form->thread ? of_bytes(&bytes, f, record, err) : 0;

	if (rc != 1)
		return rc;
	if (form->parse(&it, buf_span(&bytes), "", 1, NULL, &why) == 0)
		return item_thread(thread, party, it, err) < 0 ? -1 : 1;
	if (why.code == ERR_SYNTAX || why.code == ERR_LIMIT)
		return OF_UNREADABLE;
	*err = why;
	return -1;
}

/* A record, while the names are looked for; those whose message lies in chunks name nobody here. */
struct learning {
	struct of_thread *t;
	struct fetch *f;
};

static int
learn(void *ctx, const struct fetched *it, struct err *err)
{
	struct learning *l = ctx;
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	int rc;

	if (!it->record || !it->record->live || it->record->chunks.n || it->record->lists.n)
		return 0;
	rc = of_record_thread(&thread, &party, l->f, it->record, err);
	if (rc == 1)
		rc = thread_wish_fits(&l->t->wish, buf_span(&thread), buf_span(&party), err);
	if (rc == 1)
		rc = threads_add(&l->t->named, buf_span(&thread), err);
	return rc < 0 ? -1 : 0;
}

int
of_thread_learn(struct of_thread *t, struct fetch *f, const struct listing *want,
		enum fetch_kind kind, struct err *err)
{
	struct learning l = { t, f };
	struct fetch_sink sink = { &l, learn, NULL };

	return t->wish.is_name ? fetch_records(f, want, kind, &sink, err) : 0;
}

/* of_fn */
static int
is_meant(void *ctx, struct fetch *f, const struct record *record, struct err *err)
{
	struct of_thread *t = ctx;
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	int rc = of_record_thread(&thread, &party, f, record, err);

	if (rc != 1)
		return rc;
	if (threads_has(&t->named, buf_span(&thread)))
		return 1;
	return thread_wish_fits(&t->wish, buf_span(&thread), buf_span(&party), err);
}

int
of_keep(uint64_t *kept, struct fetch *f, struct opened *items, size_t *n, of_fn *fn, void *ctx,
	struct err *err)
{
	size_t n_kept = 0;
	int rc = 0;

	for (size_t i = 0; i < *n; i++) {
		size_t ahead = *n - i < LOOK_ITEMS ? *n - i : LOOK_ITEMS;

		if (rc >= 0 && i % LOOK_ITEMS == 0)
			rc = fetch_ahead(f, items + i, ahead, err);
		if (rc >= 0)
			rc = fn(ctx, f, &items[i].record, err);
		if (rc > 0)
			items[n_kept++] = items[i];
		else
			opened_clear(&items[i]);
	}
	*n = n_kept;
	*kept += n_kept;
	return rc < 0 ? -1 : 0;
}

int
of_thread_keep(struct of_thread *t, struct fetch *f, struct opened *items, size_t *n,
	       struct err *err)
{
	return of_keep(&t->kept, f, items, n, is_meant, t, err);
}
