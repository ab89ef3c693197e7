/* SPDX-License-Identifier: Apache-2.0 */
/* when_version: see when_version.h. */
#include "restore/when_version.h"

#include "base/array.h"

void
batch_times_clear(struct batch_times *t)
{
	free(t->list);
	*t = (struct batch_times){ 0 };
}

static int
take_time(void *ctx, const struct fetched *it, struct err *err)
{
	struct batch_times *t = ctx;

	if (array_reserve((void **)&t->list, &t->cap, t->n + 1, sizeof *t->list, LISTING_ITEMS_MAX,
			  err) < 0)
		return -1;
	t->list[t->n++] =
		(struct batch_time){ it->at->seq, it->record ? it->saved_unix_ms : INT64_MAX };
	return 0;
}

/* A version, and the batch that it lies in. */
struct of_batch {
	uint64_t seq;
	size_t at;
};

static int
by_seq(const void *a, const void *b)
{
	const struct of_batch *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* One version of each batch, the batches in their order. */
static int
one_of_each(struct listing *out, const struct listing *versions, struct err *err)
{
	AUTO(free) struct of_batch *of = calloc(versions->n + 1, sizeof *of);
	struct wire_item w;

	if (!of)
		return err_nomem(err);
	for (size_t i = 0; i < versions->n; i++) {
		if (listing_get(&w, versions, i, err) < 0)
			return -1;
		of[i] = (struct of_batch){ w.seq, i };
	}
	qsort(of, versions->n, sizeof *of, by_seq);
	for (size_t i = 0; i < versions->n; i++)
		if ((i == 0 || of[i].seq != of[i - 1].seq) &&
		    (listing_get(&w, versions, of[i].at, err) < 0 || listing_add(out, &w, err) < 0))
			return -1;
	return 0;
}

int
batch_times_read(struct batch_times *out, struct fetch *f, const struct listing *versions,
		 struct err *err)
{
	AUTO(listing_clear) struct listing one = { .scratch = versions->scratch };
	struct fetch_sink sink = { out, take_time, NULL };

	return one_of_each(&one, versions, err) < 0
		       ? -1
		       : fetch_records(f, &one, FETCH_VERSIONS, &sink, err);
}

static int64_t
time_of(const struct batch_times *t, uint64_t seq)
{
	size_t from = 0, to = t->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (t->list[mid].seq < seq)
			from = mid + 1;
		else
			to = mid;
	}
	return from < t->n && t->list[from].seq == seq ? t->list[from].at_unix_ms : INT64_MAX;
}

static bool
is_meant(const struct wire_item *w, const struct version_wish *wish,
	 const struct batch_times *times)
{
	if (wish->version)
		return w->version == wish->version;
	return !wish->at_unix_ms || time_of(times, w->seq) <= wish->at_unix_ms;
}

int
versions_choose(struct listing *chosen, const struct listing *versions,
		const struct version_wish *wish, const struct batch_times *times, struct err *err)
{
	struct wire_item best = { 0 }, w;
	bool have = false;

	for (size_t i = 0; i <= versions->n; i++) {
		bool end = i == versions->n;

		if (!end && listing_get(&w, versions, i, err) < 0)
			return -1;
		if (have && (end || !id16_equal(&w.item, &best.item))) {
			if (!(best.flags & RECORD_TOMBSTONE) && listing_add(chosen, &best, err) < 0)
				return -1;
			have = false;
		}
		if (!end && is_meant(&w, wish, times)) {
			best = w;
			have = true;
		}
	}
	return 0;
}
