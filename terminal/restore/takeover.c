/* SPDX-License-Identifier: Apache-2.0 */
/*
 * takeover: see takeover.h.
 *
 * `settings` comes first, for it holds the apps that the shortcuts belong to.  Each part is one
 * change of the Box; a take-over cut short is done again and adds what is missing.
 */
#include "restore/takeover.h"

#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/box_items.h"
#include "restore/restore_internal.h"

#define PARTS_MAX (1u << 16) /* 4 million shortcuts */

struct parts {
	struct run *r;
	struct opened *list; /* owned */
	size_t n, cap;
};

static void
parts_clear(struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		opened_clear(&p->list[i]);
	free(p->list);
}
AUTO_OBJ(parts_clear, struct parts);

static int
take(void *ctx, const struct fetched *it, struct err *err)
{
	struct parts *p = ctx;

	if (!it->record)
		return result_add_unopened(p->r, BOX_APP, it->at, it->why, err);
	if (array_reserve((void **)&p->list, &p->cap, p->n + 1, sizeof *p->list, PARTS_MAX, err) <
	    0)
		return -1;
	if (opened_copy(&p->list[p->n], it, err) < 0) {
		opened_clear(&p->list[p->n]);
		return -1;
	}
	p->n++;
	return 0;
}

static bool
is_settings(const struct opened *o)
{
	return span_equal(o->record.native_id, span_str("settings"));
}

static int
settings_first(const void *a, const void *b)
{
	const struct opened *x = a, *y = b;

	if (is_settings(x) != is_settings(y))
		return is_settings(x) ? -1 : 1;
	return span_compare(x->record.native_id, y->record.native_id);
}

static int
fetch_parts(struct parts *p, struct err *err)
{
	struct fetch *f = p->r->fetch;
	struct id16 box = opener_folder_id(fetch_opener(f), span_str(BOX_APP));
	struct fetch_sink sink = { p, take, NULL };
	AUTO(listing_clear) struct listing want = { 0 };

	if (listing_of_folder(&want, fetch_live(f), &box, err) < 0)
		return -1;
	if (want.n == 0)
		return err_set(err, ERR_NOT_FOUND, "no Box is backed up from that device");
	if (fetch_records(f, &want, FETCH_LIVE, &sink, err) < 0)
		return -1;
	if (p->n > 1)
		qsort(p->list, p->n, sizeof *p->list, settings_first);
	return 0;
}

static int
apply(struct run *r, const struct opened *part, struct box_item_counts *counts, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BOX_ITEM_BYTES_MAX);
	struct payload_sink sink = { &bytes, payload_to_buf };

	if (fetch_payload(r->fetch, &part->record, &sink, err) < 0)
		return -1;
	if (r->rq->preview)
		return 0;
	return box_item_apply(counts, r->box, part->record.native_id, buf_span(&bytes), err);
}

static int
take_over_part(struct run *r, const struct opened *part, struct err *err)
{
	const struct record *rec = &part->record;
	struct box_item_counts n = { 0 };
	struct err why = { 0 };
	char words[300];
	size_t row;

	if (row_add(&row, r, rec->app, rec->native_id, rec->name, err) < 0)
		return -1;
	if (apply(r, part, &n, &why) < 0) {
		if (why.code == ERR_UNREACHABLE || why.code == ERR_NOMEM || why.code == ERR_FULL) {
			if (err)
				*err = why;
			return -1;
		}
		return result_set(r, row, RESTORE_FAILED, why.msg, err);
	}
	if (r->rq->preview)
		return result_set(r, row, RESTORE_ADDED, _("it would be taken over"), err);
	snprintf(words, sizeof words,
		 _("added %llu shortcuts, %llu apps and %llu settings; %llu were here already"),
		 (unsigned long long)n.shortcuts, (unsigned long long)n.apps,
		 (unsigned long long)n.settings, (unsigned long long)n.kept);
	r->out->written += n.shortcuts + n.apps + n.settings > 0;
	return result_set(r, row,
			  n.shortcuts + n.apps + n.settings ? RESTORE_MERGED : RESTORE_IDENTICAL,
			  words, err);
}

int
takeover_run(struct run *r, struct err *err)
{
	AUTO(parts_clear) struct parts p = { .r = r };

	if (run_open_device(r, DEVICE_NEEDS_BOX, err) < 0 || fetch_parts(&p, err) < 0 ||
	    run_begin(r, err) < 0)
		return -1;
	r->total = p.n;
	for (size_t i = 0; i < p.n; i++) {
		if (run_check_cancelled(r, err) < 0 || take_over_part(r, &p.list[i], err) < 0)
			return -1;
		run_progress(r, 1);
	}
	return 0;
}
