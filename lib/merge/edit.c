/* SPDX-License-Identifier: Apache-2.0 */
/* edit: see edit.h. */
#include "merge/edit.h"

#include <stdlib.h>

#include "base/array.h"

void
edits_clear(struct edits *e)
{
	free(e->list);
	*e = (struct edits)EDITS_INIT;
}

int
edits_add(struct edits *e, struct range range, struct span with, struct err *err)
{
	if (array_reserve((void **)&e->list, &e->cap, e->n + 1, sizeof *e->list, SIZE_MAX / 64,
			  err) < 0)
		return -1;
	e->list[e->n++] = (struct edit){ range, with };
	return 0;
}

/* By place; an insertion before what is replaced there. */
static int
edit_order(const void *pa, const void *pb)
{
	const struct edit *a = pa, *b = pb;

	if (a->range.start != b->range.start)
		return a->range.start < b->range.start ? -1 : 1;
	if (a->range.end != b->range.end)
		return a->range.end < b->range.end ? -1 : 1;
	return 0;
}

int
edits_apply(struct buf *out, struct span bytes, struct edits *e, struct err *err)
{
	size_t at = 0;

	if (e->n)
		qsort(e->list, e->n, sizeof *e->list, edit_order);
	for (size_t i = 0; i < e->n; i++) {
		struct edit *d = &e->list[i];
		struct span before = span_of(bytes.p + at, d->range.start - at);
		if (buf_append(out, before, err) < 0 || buf_append(out, d->with, err) < 0)
			return -1;
		at = d->range.end;
	}
	return buf_append(out, span_skip(bytes, at), err);
}
