/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: which items go where not all of them may.
 *
 * The most valuable first: pre-selected ones; then those of which there is no backup yet, so that they are only on this
 * terminal; then small ones, since more of them find room.  One that is too large for what is left lets smaller
 * ones behind it go.
 *
 * What an item costs is known only once it is sealed.  It is counted as at most that: its size as the app tells
 * it, padded, and what a record adds.  So a budget is rather kept with something left over than passed.
 */
#include <stdlib.h>

#include "backup/backup_internal.h"

#define BATCH_BYTES 4096 /* a batch's prefix, its request and answer, the Box's own items */
/* Sealed header, names, tag, a frame's head: 150 to 300 bytes; with a chunk, its id, head and key. */
#define ITEM_BYTES  512

static int
by_value(const void *a, const void *b)
{
	const struct todo *x = a, *y = b;

	if (x->selected != y->selected)
		return x->selected ? -1 : 1;
	if (x->saved != y->saved)
		return x->saved ? 1 : -1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return run_by_app_item(a, b);
}

static uint64_t
most_bytes(const struct todo *t)
{
	return t->size > PAD_LENGTH_MAX - ITEM_BYTES ? UINT64_MAX : pad_size(t->size + ITEM_BYTES);
}

void
budget_choose(struct run *r, uint64_t budget_bytes)
{
	uint64_t left = budget_bytes > BATCH_BYTES ? budget_bytes - BATCH_BYTES : 0;
	size_t n = 0;

	if (r->n_todo > 1)
		qsort(r->todo, r->n_todo, sizeof *r->todo, by_value);
	for (size_t i = 0; i < r->n_todo; i++) {
		uint64_t bytes = most_bytes(&r->todo[i]);

		if (bytes > left) {
			r->progress.items_total--;
			r->progress.bytes_total -= r->todo[i].size;
			r->out->n_postponed++;
			continue;
		}
		left -= bytes;
		r->todo[n++] = r->todo[i];
	}
	r->n_todo = n;
	if (n > 1)
		qsort(r->todo, n, sizeof *r->todo, run_by_app_item);
}
