/* SPDX-License-Identifier: Apache-2.0 */
/* sorter: see sorter.h.  A row in memory or in a run is u32 bytes of its key, the key, the row. */
#include "os/sorter.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/bytes.h"
#include "os/scratch.h"
#include "os/spool.h"

#define RUNS_MAX (1u << 20)
#define ROWS_MAX (UINT32_MAX / 2)

/* A row in memory. */
struct entry {
	uint32_t at, n; /* in `bytes` */
};

/* A sorted run, and its row that comes next. */
struct run {
	struct spool *rows; /* owned */
	uint32_t number;
	struct span key, row;
};

struct sorter {
	int dir_fd;
	struct scratch *scratch; /* owned; NULL: all is in memory */
	struct buf bytes;
	struct entry *entries;
	size_t n_entries, cap_entries;
	struct run *runs; /* while they are read a heap: the least is the first */
	size_t n_runs, cap_runs;
	size_t n_left; /* runs that are not at their end */
	uint64_t n;
	size_t at; /* entries read, where there are no runs */
	bool started;
};

int
sorter_new(struct sorter **out, int dir_fd, struct err *err)
{
	struct sorter *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->dir_fd = dir_fd;
	s->bytes.max = UINT32_MAX;
	*out = s;
	return 0;
}

void
sorter_free(struct sorter *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_runs; i++)
		spool_free(s->runs[i].rows);
	free(s->runs);
	free(s->entries);
	buf_clear(&s->bytes);
	scratch_free(s->scratch);
	free(s);
}

uint64_t
sorter_n(const struct sorter *s)
{
	return s ? s->n : 0;
}

static void
split(struct span *key, struct span *row, struct span bytes)
{
	struct reader r = reader_of(bytes);

	*key = read_span(&r, read_u32(&r));
	*row = r.left;
}

static struct span
entry_span(const struct sorter *s, const struct entry *e)
{
	return span_of(s->bytes.p + e->at, e->n);
}

/* qsort_r's third argument is the sorter. */
static int
by_key(const void *a, const void *b, void *ctx)
{
	const struct entry *x = a, *y = b;
	const struct sorter *s = ctx;
	struct span key_x, key_y, row;
	int c;

	split(&key_x, &row, entry_span(s, x));
	split(&key_y, &row, entry_span(s, y));
	c = span_compare(key_x, key_y);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static void
sort_memory(struct sorter *s)
{
	if (s->n_entries > 1)
		qsort_r(s->entries, s->n_entries, sizeof *s->entries, by_key, s);
}

/* What is in memory becomes a run. */
static int
make_run(struct sorter *s, struct err *err)
{
	struct run *r;

	if (!s->scratch && scratch_new(&s->scratch, s->dir_fd, err) < 0)
		return -1;
	if (array_reserve((void **)&s->runs, &s->cap_runs, s->n_runs + 1, sizeof *s->runs, RUNS_MAX,
			  err) < 0)
		return -1;
	r = &s->runs[s->n_runs];
	*r = (struct run){ .number = (uint32_t)s->n_runs };
	if (spool_new_in(&r->rows, s->scratch, err) < 0)
		return -1;
	s->n_runs++;
	sort_memory(s);
	for (size_t i = 0; i < s->n_entries; i++)
		if (spool_put(r->rows, entry_span(s, &s->entries[i]), err) < 0)
			return -1;
	s->n_entries = 0;
	buf_reset(&s->bytes);
	return spool_flush(r->rows, err);
}

int
sorter_add(struct sorter *s, struct span key, struct span row, struct err *err)
{
	size_t at = s->bytes.n;

	if (key.n > UINT32_MAX / 4 || row.n > UINT32_MAX / 4)
		return err_set(err, ERR_LIMIT, "a row of more than a GiB");
	if (array_reserve((void **)&s->entries, &s->cap_entries, s->n_entries + 1,
			  sizeof *s->entries, ROWS_MAX, err) < 0 ||
	    buf_append_u32(&s->bytes, (uint32_t)key.n, err) < 0 ||
	    buf_append(&s->bytes, key, err) < 0 || buf_append(&s->bytes, row, err) < 0)
		return -1;
	s->entries[s->n_entries++] = (struct entry){ (uint32_t)at, (uint32_t)(s->bytes.n - at) };
	s->n++;
	return s->bytes.n >= SORTER_BYTES ? make_run(s, err) : 0;
}

/* ---- reading ---- */

static bool
comes_before(const struct run *a, const struct run *b)
{
	int c = span_compare(a->key, b->key);

	return c ? c < 0 : a->number < b->number;
}

/* The run at @i goes down to where it belongs. */
static void
sift(struct sorter *s, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->n_left; child++)
			if (comes_before(&s->runs[child], &s->runs[least]))
				least = child;
		if (least == i)
			return;
		struct run r = s->runs[i];

		s->runs[i] = s->runs[least];
		s->runs[least] = r;
		i = least;
	}
}

/* The next row of the run: 0, SORTER_END, -1. */
static int
advance(struct run *r, struct err *err)
{
	struct span bytes;
	int rc = spool_next(&bytes, r->rows, err);

	if (rc)
		return rc < 0 ? -1 : SORTER_END;
	split(&r->key, &r->row, bytes);
	return 0;
}

static int
start(struct sorter *s, struct err *err)
{
	s->at = 0;
	s->started = false;
	s->n_left = s->n_runs;
	for (size_t i = 0; i < s->n_runs; i++) {
		spool_rewind(s->runs[i].rows);
		if (advance(&s->runs[i], err) != 0) /* none is empty */
			return -1;
	}
	for (size_t i = s->n_runs / 2; i-- > 0;)
		sift(s, i);
	return 0;
}

int
sorter_sort(struct sorter *s, struct err *err)
{
	if (s->n_runs == 0) {
		sort_memory(s);
		return start(s, err);
	}
	if (s->n_entries && make_run(s, err) < 0)
		return -1;
	buf_clear(&s->bytes);
	free(s->entries);
	s->entries = NULL;
	s->cap_entries = 0;
	return start(s, err);
}

int
sorter_rewind(struct sorter *s, struct err *err)
{
	return start(s, err);
}

/* The first run's row was read; whose comes next? */
static int
turn(struct sorter *s, struct err *err)
{
	int rc = advance(&s->runs[0], err);

	if (rc < 0)
		return -1;
	if (rc == SORTER_END) {
		struct run ended = s->runs[0];

		s->runs[0] = s->runs[--s->n_left];
		s->runs[s->n_left] = ended;
	}
	sift(s, 0);
	return 0;
}

int
sorter_next(struct span *key, struct span *row, struct sorter *s, struct err *err)
{
	if (s->n_runs == 0) {
		if (s->at == s->n_entries)
			return SORTER_END;
		split(key, row, entry_span(s, &s->entries[s->at++]));
		return 0;
	}
	if (s->n_left == 0)
		return SORTER_END;
	if (s->started && turn(s, err) < 0)
		return -1;
	s->started = true;
	if (s->n_left == 0)
		return SORTER_END;
	*key = s->runs[0].key;
	*row = s->runs[0].row;
	return 0;
}
