/* SPDX-License-Identifier: Apache-2.0 */
/* threads: see threads.h.  A row of `threads` belongs to a place, as items do: source and position. */
#include "box/threads.h"

#include <stdlib.h>

#include "base/array.h"
#include "box/box_internal.h"
#include "box/region.h"
#include "item/thread.h"

#define THREADS_MAX   1000000
#define NAMED_IN_HINT 5

void
threads_clear(struct threads *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i]);
	free(t->list);
	*t = (struct threads){ 0 };
}

bool
threads_has(const struct threads *t, struct span thread)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_equal(span_str(t->list[i]), thread))
			return true;
	return false;
}

int
threads_add(struct threads *t, struct span thread, struct err *err)
{
	if (threads_has(t, thread))
		return 0;
	if (array_reserve((void **)&t->list, &t->cap, t->n + 1, sizeof *t->list, THREADS_MAX, err) <
	    0)
		return -1;
	t->list[t->n] = strndup((const char *)thread.p, thread.n);
	return t->list[t->n++] ? 0 : err_nomem(err);
}

/* For a hint: the other party's name, else the numbers. */
static int
add_shown(struct buf *shown, struct span thread, struct span party, size_t n, struct err *err)
{
	if (n > NAMED_IN_HINT)
		return 0;
	if (n == NAMED_IN_HINT)
		return buf_append_str(shown, ", …", err);
	if (n && buf_append_str(shown, ", ", err) < 0)
		return -1;
	return buf_append_fmt(shown, err, "%.*s", SPAN_ARGS(party.n ? party : thread));
}

static int
find(struct threads *out, struct buf *shown, struct box *b, const char *app,
     const struct thread_wish *wish, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	size_t n = 0;
	int rc;

	if (query_init(&q, b,
		       "SELECT DISTINCT t.thread, t.party FROM threads t"
		       " JOIN sources s ON s.id = t.source"
		       " WHERE s.app = (SELECT id FROM apps WHERE name = ?1) AND t.thread <> ''",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct span thread = query_column_text_span(&q, 0);
		struct span party = query_column_text_span(&q, 1);
		int fits = thread_wish_fits(wish, thread, party, err);

		if (fits < 0 || (fits && threads_add(out, thread, err) < 0) ||
		    add_shown(shown, thread, party, n++, err) < 0)
			return -1;
	}
	return rc;
}

int
threads_find(struct threads *out, struct box *b, const char *app, const char *typed,
	     struct err *err)
{
	AUTO(thread_wish_clear) struct thread_wish wish = { 0 };
	AUTO(buf_clear) struct buf shown = BUF_INIT(4096);
	struct region_profile profile;

	if (region_profile(&profile, b, NULL, err) < 0 ||
	    thread_wish_init(&wish, span_str(typed), &profile.item.keys, err) < 0 ||
	    find(out, &shown, b, app, &wish, err) < 0)
		return -1;
	if (out->n)
		return 0;
	err_set(err, ERR_NOT_FOUND, "%s has no thread with %.200s", app, typed);
	return shown.n ? err_hint(err, "there are threads with: %s", buf_str(&shown)) : -1;
}

int
threads_of_item(struct buf *out, struct buf *party, struct box *b,
		const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT t.thread, t.party FROM items i JOIN threads t ON t.source = i.source"
		       " AND t.position = i.position"
		       " WHERE i.app IN (SELECT id FROM apps) AND i.item = ?1 AND t.thread <> ''",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	if (party && buf_append(party, query_column_text_span(&q, 1), err) < 0)
		return -1;
	return buf_append(out, query_column_text_span(&q, 0), err);
}

static int
count_in(uint64_t *n, struct box *b, const char *app, const char *thread, bool selected_only,
	 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*) FROM shortcuts c JOIN items i ON i.app = c.app"
		       " AND i.item = c.item JOIN threads t ON t.source = i.source"
		       " AND t.position = i.position"
		       " WHERE c.app = (SELECT id FROM apps WHERE name = ?1) AND t.thread = ?2"
		       " AND (c.selected OR NOT ?3)",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	query_text(&q, 2, thread);
	query_int(&q, 3, selected_only);
	if (query_step(&q, err) < 0)
		return -1;
	*n += (uint64_t)query_column_int(&q, 0);
	return 0;
}

int
threads_count_shortcuts(uint64_t *n, struct box *b, const char *app, const struct threads *t,
			bool selected_only, struct err *err)
{
	*n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (count_in(n, b, app, t->list[i], selected_only, err) < 0)
			return -1;
	return 0;
}
