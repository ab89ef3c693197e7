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

static int
by_seq(const void *a, const void *b)
{
	const struct wire_item *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

int
batch_times_read(struct batch_times *out, struct fetch *f, const struct listing *versions,
		 struct err *err)
{
	AUTO(listing_clear) struct listing one = { 0 };
	struct fetch_sink sink = { out, take_time, NULL };
	size_t n = 0;

	for (size_t i = 0; i < versions->n; i++)
		if (listing_add(&one, &versions->items[i], err) < 0)
			return -1;
	if (one.n > 1)
		qsort(one.items, one.n, sizeof *one.items, by_seq);
	for (size_t i = 0; i < one.n; i++)
		if (n == 0 || one.items[i].seq != one.items[n - 1].seq)
			one.items[n++] = one.items[i];
	one.n = n;
	return fetch_records(f, &one, FETCH_VERSIONS, &sink, err);
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
	for (size_t i = 0, end; i < versions->n; i = end) {
		const struct wire_item *best = NULL;

		for (end = i; end < versions->n &&
			      id16_equal(&versions->items[end].item, &versions->items[i].item);
		     end++)
			if (is_meant(&versions->items[end], wish, times))
				best = &versions->items[end];
		if (best && !(best->flags & RECORD_TOMBSTONE) && listing_add(chosen, best, err) < 0)
			return -1;
	}
	return 0;
}
