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

#define UNREADABLE 2

/* The thread of a record's message, and the other party's name.  1; 0: it has none; UNREADABLE; -1. */
static int
thread_of_record(struct buf *thread, struct buf *party, struct fetch *f,
		 const struct record *record, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct payload_sink sink = { &bytes, payload_to_buf };
	const struct form *form = form_of_type(record->mime);
	struct err why = { 0 };
	int rc = form && form->thread ? 0 : 1;

	if (rc)
		return 0;
	rc = fetch_payload(f, record, &sink, &why);
	if (rc == 0)
		rc = form->parse(&it, buf_span(&bytes), "", 1, NULL, &why);
	if (rc == 0)
		rc = item_thread(thread, party, it, &why);
	if (rc == 0)
		return 1;
	if (opener_blames_item(&why) || why.code == ERR_SYNTAX || why.code == ERR_LIMIT)
		return UNREADABLE;
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
	rc = thread_of_record(&thread, &party, l->f, it->record, err);
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

/* 1: it is meant; 0: it is not; -1. */
static int
is_meant(struct of_thread *t, struct fetch *f, const struct opened *o, struct err *err)
{
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	int rc = thread_of_record(&thread, &party, f, &o->record, err);

	if (rc != 1)
		return rc < 0 ? -1 : rc == UNREADABLE;
	if (threads_has(&t->named, buf_span(&thread)))
		return 1;
	return thread_wish_fits(&t->wish, buf_span(&thread), buf_span(&party), err);
}

int
of_thread_keep(struct of_thread *t, struct fetch *f, struct opened *items, size_t *n,
	       struct err *err)
{
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < *n; i++) {
		size_t ahead = *n - i < LOOK_ITEMS ? *n - i : LOOK_ITEMS;

		if (rc >= 0 && i % LOOK_ITEMS == 0)
			rc = fetch_ahead(f, items + i, ahead, err);
		if (rc >= 0)
			rc = is_meant(t, f, &items[i], err);
		if (rc > 0)
			items[kept++] = items[i];
		else
			opened_clear(&items[i]);
	}
	*n = kept;
	t->kept += kept;
	return rc < 0 ? -1 : 0;
}
