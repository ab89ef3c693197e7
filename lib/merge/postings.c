/* SPDX-License-Identifier: Apache-2.0 */
/* postings: see postings.h.  A block is BLOCK_POSTINGS of { key 16 B, value u64 }, the last one fewer. */
#include "merge/postings.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/bytes.h"
#include "merge/key_set.h"
#include "os/scratch_cache.h"

#define POSTING_BYTES  (FIELD_KEY_BYTES + 8)
#define BLOCK_POSTINGS 85
#define BLOCK_BYTES    (BLOCK_POSTINGS * POSTING_BYTES) /* about 2 KiB: mostly one is wanted of it */
#define CACHE_BLOCKS   256
#define COUNT_MAX      (UINT32_MAX / 4)

struct posting {
	uint64_t value;
	uint32_t next; /* + 1; 0: the last */
};

struct posting_list {
	uint32_t first, last; /* + 1; 0: none */
	uint32_t n;
};

/* The newest: by key number. */
struct memory {
	struct key_set keys;
	struct posting_list *lists;
	size_t cap_lists;
	struct posting *postings;
	size_t n_postings, cap_postings;
};

struct block {
	struct field_key first;
	uint64_t at;
};

struct run {
	struct block *blocks; /* owned */
	size_t n_blocks, cap_blocks;
	size_t n; /* postings */
};

struct postings {
	struct memory memory;
	size_t n_memory;
	struct scratch *scratch; /* borrowed, or NULL */
	struct scratch_cache *cache;
	struct run *runs; /* owned; older to newer */
	size_t n_runs, cap_runs;
	bool settled; /* so few runs as there should be */
};

int
postings_new(struct postings **out, struct scratch *scratch, size_t n_memory, struct err *err)
{
	AUTO(postings_free) struct postings *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->scratch = scratch;
	p->n_memory = n_memory;
	p->settled = true;
	if (scratch && scratch_cache_new(&p->cache, scratch, CACHE_BLOCKS, BLOCK_BYTES, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

void
postings_free(struct postings *p)
{
	if (!p)
		return;
	key_set_clear(&p->memory.keys);
	free(p->memory.lists);
	free(p->memory.postings);
	for (size_t i = 0; i < p->n_runs; i++)
		free(p->runs[i].blocks);
	free(p->runs);
	scratch_cache_free(p->cache);
	free(p);
}

static struct scratch_place
place_of(const struct run *r, size_t block)
{
	size_t n = r->n - block * BLOCK_POSTINGS;

	if (n > BLOCK_POSTINGS)
		n = BLOCK_POSTINGS;
	return (struct scratch_place){ r->blocks[block].at, (uint32_t)(n * POSTING_BYTES) };
}

/* ---- writing a run ---- */

struct run_writer {
	struct scratch *scratch;
	struct run run;
	uint8_t block[BLOCK_BYTES];
	size_t n; /* bytes of it */
};

static int
writer_flush(struct run_writer *w, struct err *err)
{
	struct run *r = &w->run;
	struct scratch_place place;

	if (w->n == 0)
		return 0;
	if (array_reserve((void **)&r->blocks, &r->cap_blocks, r->n_blocks + 1, sizeof *r->blocks,
			  COUNT_MAX, err) < 0 ||
	    scratch_put(&place, w->scratch, span_of(w->block, w->n), err) < 0)
		return -1;
	memcpy(r->blocks[r->n_blocks].first.b, w->block, FIELD_KEY_BYTES);
	r->blocks[r->n_blocks++].at = place.at;
	w->n = 0;
	return 0;
}

static int
writer_add(struct run_writer *w, const uint8_t *key, uint64_t value, struct err *err)
{
	memcpy(w->block + w->n, key, FIELD_KEY_BYTES);
	put_u64(w->block + w->n + FIELD_KEY_BYTES, value);
	w->n += POSTING_BYTES;
	w->run.n++;
	return w->n == BLOCK_BYTES ? writer_flush(w, err) : 0;
}

static int
key_pointer_order(const void *a, const void *b)
{
	const struct field_key *const *x = a, *const *y = b;

	return memcmp((*x)->b, (*y)->b, FIELD_KEY_BYTES);
}

static int
write_memory(struct run_writer *w, const struct memory *m, struct err *err)
{
	AUTO(free)
	const struct field_key **sorted = calloc(m->keys.n, sizeof(const struct field_key *));

	if (!sorted)
		return err_nomem(err);
	for (size_t i = 0; i < m->keys.n; i++)
		sorted[i] = &m->keys.keys[i];
	qsort(sorted, m->keys.n, sizeof(const struct field_key *), key_pointer_order);
	for (size_t i = 0; i < m->keys.n; i++) {
		const struct posting_list *l = &m->lists[sorted[i] - m->keys.keys];

		for (uint32_t at = l->first; at; at = m->postings[at - 1].next)
			if (writer_add(w, sorted[i]->b, m->postings[at - 1].value, err) < 0)
				return -1;
	}
	return writer_flush(w, err);
}

/* What is in memory becomes the newest run. */
static int
flush(struct postings *p, struct err *err)
{
	struct run_writer w = { .scratch = p->scratch };

	if (array_reserve((void **)&p->runs, &p->cap_runs, p->n_runs + 1, sizeof *p->runs,
			  COUNT_MAX, err) < 0 ||
	    write_memory(&w, &p->memory, err) < 0) {
		free(w.run.blocks);
		return -1;
	}
	p->runs[p->n_runs++] = w.run;
	p->settled = false;
	key_set_reset(&p->memory.keys);
	p->memory.n_postings = 0;
	return 0;
}

int
postings_add(struct postings *p, const struct field_key *k, uint64_t value, struct err *err)
{
	struct memory *m = &p->memory;
	size_t n_keys, key;

	if (p->scratch && m->n_postings >= p->n_memory && flush(p, err) < 0)
		return -1;
	n_keys = m->keys.n;
	if (array_reserve((void **)&m->lists, &m->cap_lists, n_keys + 1, sizeof *m->lists,
			  COUNT_MAX, err) < 0 ||
	    array_reserve((void **)&m->postings, &m->cap_postings, m->n_postings + 1,
			  sizeof *m->postings, COUNT_MAX, err) < 0 ||
	    key_set_add(&m->keys, k, &key, err) < 0)
		return -1;
	if (key == n_keys)
		m->lists[key] = (struct posting_list){ 0, 0, 0 };
	m->postings[m->n_postings++] = (struct posting){ value, 0 };
	struct posting_list *l = &m->lists[key];
	if (l->last)
		m->postings[l->last - 1].next = (uint32_t)m->n_postings;
	else
		l->first = (uint32_t)m->n_postings;
	l->last = (uint32_t)m->n_postings;
	l->n++;
	return 0;
}

/* ---- merging runs ---- */

/* One run on its way into another. */
struct run_reader {
	const struct run *run;
	struct buf block;
	size_t at;            /* the next posting of the run */
	const uint8_t *first; /* its bytes; NULL: none is left */
};

static int
reader_load(struct run_reader *r, struct scratch *s, struct err *err)
{
	size_t in_block = r->at % BLOCK_POSTINGS;

	r->first = NULL;
	if (r->at == r->run->n)
		return 0;
	if (in_block == 0) {
		buf_reset(&r->block);
		if (scratch_get(&r->block, s, place_of(r->run, r->at / BLOCK_POSTINGS), err) < 0)
			return -1;
	}
	r->first = r->block.p + in_block * POSTING_BYTES;
	return 0;
}

/* Comes @a before @b?  Of one key the older one does, and older runs stand first. */
static bool
is_before(const struct run_reader *a, const struct run_reader *b)
{
	int order = memcmp(a->first, b->first, FIELD_KEY_BYTES);

	return order < 0 || (order == 0 && a->run < b->run);
}

/* Let the heap's element @at sink to where it belongs. */
static void
heap_sink(struct run_reader **heap, size_t n, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		struct run_reader *moved = heap[at];

		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], moved))
			return;
		heap[at] = heap[child];
		heap[child] = moved;
	}
}

static int
merge_readers(struct run_writer *w, struct run_reader **heap, size_t n, struct err *err)
{
	for (size_t i = n; i-- > 0;)
		heap_sink(heap, n, i);
	while (n > 0) {
		struct run_reader *r = heap[0];

		assert(r->first); /* a reader in the heap stands at a posting */
		if (writer_add(w, r->first, get_u64(r->first + FIELD_KEY_BYTES), err) < 0)
			return -1;
		r->at++;
		if (reader_load(r, w->scratch, err) < 0)
			return -1;
		if (!r->first)
			heap[0] = heap[--n];
		heap_sink(heap, n, 0);
	}
	return writer_flush(w, err);
}

static int
merge_runs(struct run *out, struct scratch *s, const struct run *runs, size_t n, struct err *err)
{
	struct run_writer w = { .scratch = s };
	AUTO(free) struct run_reader *readers = calloc(n, sizeof *readers);
	AUTO(free) struct run_reader **heap = calloc(n, sizeof(struct run_reader *));
	int rc = readers && heap ? 0 : err_nomem(err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		readers[i] = (struct run_reader){ .run = &runs[i], .block = BUF_INIT(BLOCK_BYTES) };
		heap[i] = &readers[i];
		rc = reader_load(&readers[i], s, err);
	}
	if (rc == 0)
		rc = merge_readers(&w, heap, n, err);
	for (size_t i = 0; readers && i < n; i++)
		buf_clear(&readers[i].block);
	if (rc < 0)
		free(w.run.blocks);
	else
		*out = w.run;
	return rc;
}

/* Make one run of the newest ones, as long as the next older is at most twice as large as those. */
static int
settle(struct postings *p, struct err *err)
{
	size_t from = p->n_runs, n = 0;
	struct run merged;

	if (p->settled)
		return 0;
	while (from > 0 && (n == 0 || p->runs[from - 1].n <= 2 * n))
		n += p->runs[--from].n;
	if (p->n_runs - from > 1) {
		if (merge_runs(&merged, p->scratch, p->runs + from, p->n_runs - from, err) < 0)
			return -1;
		while (p->n_runs > from)
			free(p->runs[--p->n_runs].blocks);
		p->runs[p->n_runs++] = merged;
	}
	p->settled = true;
	return 0;
}

/* ---- looking ---- */

/* Number of the first posting of @r that is not before @k or, with @past, that is behind it. */
static int
bound(size_t *out, struct postings *p, const struct run *r, const struct field_key *k, bool past,
      struct err *err)
{
	size_t from = 0, to = r->n_blocks, first;
	struct span block;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (memcmp(r->blocks[mid].first.b, k->b, FIELD_KEY_BYTES) < (past ? 1 : 0))
			from = mid + 1;
		else
			to = mid;
	}
	*out = 0;
	if (from == 0)
		return 0;
	first = (from - 1) * BLOCK_POSTINGS;
	if (scratch_cache_view(&block, p->cache, place_of(r, from - 1), err) < 0)
		return -1;
	for (from = 0, to = block.n / POSTING_BYTES; from < to;) {
		size_t mid = from + (to - from) / 2;

		if (memcmp(block.p + mid * POSTING_BYTES, k->b, FIELD_KEY_BYTES) < (past ? 1 : 0))
			from = mid + 1;
		else
			to = mid;
	}
	*out = first + from;
	return 0;
}

int
postings_count(size_t *n, struct postings *p, const struct field_key *k, struct err *err)
{
	size_t key = key_set_find(&p->memory.keys, k);

	*n = key == KEY_SET_NONE ? 0 : p->memory.lists[key].n;
	if (settle(p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_runs; i++) {
		size_t from, to;

		if (bound(&from, p, &p->runs[i], k, false, err) < 0 ||
		    bound(&to, p, &p->runs[i], k, true, err) < 0)
			return -1;
		*n += to - from;
	}
	return 0;
}

int
postings_walk_init(struct postings_walk *w, struct postings *p, const struct field_key *k,
		   struct err *err)
{
	size_t key = key_set_find(&p->memory.keys, k);

	*w = (struct postings_walk){ .p = p, .key = *k };
	w->next = key == KEY_SET_NONE ? 0 : p->memory.lists[key].first;
	return settle(p, err);
}

/* The next one of the run at hand: 1, or 0: it has no more. */
static int
next_of_run(uint64_t *value, struct postings_walk *w, struct err *err)
{
	const struct run *r = &w->p->runs[w->run];
	const uint8_t *posting;
	struct span block;

	if (!w->in_run && bound(&w->at, w->p, r, &w->key, false, err) < 0)
		return -1;
	w->in_run = true;
	if (w->at == r->n)
		return 0;
	if (scratch_cache_view(&block, w->p->cache, place_of(r, w->at / BLOCK_POSTINGS), err) < 0)
		return -1;
	posting = block.p + w->at % BLOCK_POSTINGS * POSTING_BYTES;
	if (memcmp(posting, w->key.b, FIELD_KEY_BYTES) != 0)
		return 0;
	*value = get_u64(posting + FIELD_KEY_BYTES);
	w->at++;
	return 1;
}

int
postings_walk_next(uint64_t *value, struct postings_walk *w, struct err *err)
{
	for (; w->run < w->p->n_runs; w->run++, w->in_run = false) {
		int rc = next_of_run(value, w, err);

		if (rc != 0)
			return rc;
	}
	if (!w->next)
		return 0;
	*value = w->p->memory.postings[w->next - 1].value;
	w->next = w->p->memory.postings[w->next - 1].next;
	return 1;
}
