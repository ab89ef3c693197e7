/* SPDX-License-Identifier: Apache-2.0 */
/* entries: see entries.h. */
#include "chunk/entries.h"

#include <stdlib.h>

#include "base/array.h"

#define OWNER_SELF  0
#define OWNER_NAMED 1

#define LEVEL_CHUNKS 0 /* a list chunk whose entries are the item's chunks */
#define LEVEL_LISTS  1 /* one whose entries are further list chunks */

void
chunk_entries_clear(struct chunk_entries *l)
{
	free(l->e);
	*l = (struct chunk_entries){ 0 };
}

int
chunk_entries_add(struct chunk_entries *l, const struct chunk_entry *e, struct err *err)
{
	if (array_reserve((void **)&l->e, &l->cap, l->n + 1, sizeof *l->e, RECORD_REFS_MAX, err) <
	    0)
		return -1;
	l->e[l->n++] = *e;
	return 0;
}

static int
append_entry(struct buf *out, const struct chunk_entry *e, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)e->class, err) < 0 ||
	    buf_append_byte(out, e->foreign ? OWNER_NAMED : OWNER_SELF, err) < 0 ||
	    buf_append_hash32(out, &e->cid, err) < 0)
		return -1;
	return e->foreign ? buf_append_id16(out, &e->device, err) : 0;
}

int
chunk_entries_encode(struct buf *out, const struct chunk_entries *l, struct err *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (append_entry(out, &l->e[i], err) < 0)
			return -1;
	return 0;
}

int
chunk_entries_decode(struct chunk_entries *l, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes);

	while (r.left.n > 0) {
		struct chunk_entry e = { 0 };
		uint8_t class = read_u8(&r), owner = read_u8(&r);

		e.cid = read_hash32(&r);
		e.foreign = owner == OWNER_NAMED;
		if (e.foreign)
			e.device = read_id16(&r);
		if (r.failed || owner > OWNER_NAMED)
			return err_set(err, ERR_FORMAT, "a list of chunks is not well formed");
		if (chunk_class_check(class, err) < 0)
			return -1;
		e.class = class;
		if (chunk_entries_add(l, &e, err) < 0)
			return -1;
	}
	return 0;
}

/* The order in which cids are first used. */
struct use {
	const struct hash32 *cid;
	size_t at;
};

static int
compare_uses(const void *a, const void *b)
{
	const struct use *ua = a, *ub = b;
	int c = hash32_compare(ua->cid, ub->cid);

	return c ? c : (ua->at > ub->at) - (ua->at < ub->at);
}

static int
compare_places(const void *a, const void *b)
{
	const struct use *ua = a, *ub = b;

	return (ua->at > ub->at) - (ua->at < ub->at);
}

/* Keep the first use of each cid, in order of use; returns how many. */
static size_t
first_uses(struct use *u, size_t n)
{
	size_t unique = 0;

	qsort(u, n, sizeof *u, compare_uses);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !hash32_equal(u[i].cid, u[unique - 1].cid))
			u[unique++] = u[i];
	qsort(u, unique, sizeof *u, compare_places);
	return unique;
}

int
chunk_entries_refs(struct buf *refs, const struct chunk_entries *own,
		   const struct chunk_entries *lists, struct err *err)
{
	size_t n_lists = lists ? lists->n : 0, n = own->n + n_lists;

	if (n == 0)
		return 0;
	AUTO(free) struct use *u = malloc(n * sizeof *u);
	if (!u)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		u[i] = (struct use){
			i < own->n ? &own->e[i].cid : &lists->e[i - own->n].cid,
			i,
		};
	n = first_uses(u, n);
	if (n > RECORD_REFS_MAX)
		return err_set(err, ERR_LIMIT, "an item of %zu chunks, where %u are allowed", n,
			       RECORD_REFS_MAX);
	for (size_t i = 0; i < n; i++)
		if (buf_append_hash32(refs, u[i].cid, err) < 0)
			return -1;
	return 0;
}

int
chunk_lists_make(struct chunk_entries *top, const struct chunk_entries *l, chunk_list_put_fn *put,
		 void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(1 + CHUNK_LIST_ENTRIES * ENTRY_BYTES_MAX);

	for (size_t at = 0; at < l->n; at += CHUNK_LIST_ENTRIES) {
		size_t left = l->n - at;
		struct chunk_entry list = { .class = CHUNK_LIST };

		buf_reset(&plain);
		if (buf_append_byte(&plain, LEVEL_CHUNKS, err) < 0)
			return -1;
		for (size_t i = 0; i < left && i < CHUNK_LIST_ENTRIES; i++)
			if (append_entry(&plain, &l->e[at + i], err) < 0)
				return -1;
		if (put(ctx, buf_span(&plain), &list.cid, err) < 0 ||
		    chunk_entries_add(top, &list, err) < 0)
			return -1;
	}
	return 0;
}

static int
check_lists(const struct chunk_entries *lists, struct err *err)
{
	for (size_t i = 0; i < lists->n; i++)
		if (lists->e[i].class != CHUNK_LIST)
			return err_set(err, ERR_FORMAT, "a chunk that is no list where one stands");
	return 0;
}

static int
check_no_lists(const struct chunk_entries *l, struct err *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->e[i].class == CHUNK_LIST)
			return err_set(err, ERR_FORMAT, "a list where a chunk stands");
	return 0;
}

/* @deeper: whether @lists may hold lists of lists. */
static int
read_lists(struct chunk_entries *l, const struct chunk_entries *lists, bool deeper,
	   chunk_list_get_fn *get, void *ctx, struct err *err)
{
	if (check_lists(lists, err) < 0)
		return -1;
	for (size_t i = 0; i < lists->n; i++) {
		AUTO(chunk_entries_clear) struct chunk_entries below = { 0 };
		struct span plain = { NULL, 0 };

		if (get(ctx, &lists->e[i], &plain, err) < 0)
			return -1;
		if (plain.n < 1 || plain.p[0] > LEVEL_LISTS ||
		    (plain.p[0] == LEVEL_LISTS && !deeper))
			return err_set(err, ERR_FORMAT, "a chunk list of a wrong level");
		bool of_lists = plain.p[0] == LEVEL_LISTS;
		if (chunk_entries_decode(of_lists ? &below : l, span_skip(plain, 1), err) < 0)
			return -1;
		if (of_lists && read_lists(l, &below, false, get, ctx, err) < 0)
			return -1;
	}
	return check_no_lists(l, err);
}

int
chunk_lists_read(struct chunk_entries *l, const struct chunk_entries *top, chunk_list_get_fn *get,
		 void *ctx, struct err *err)
{
	return read_lists(l, top, true, get, ctx, err);
}
