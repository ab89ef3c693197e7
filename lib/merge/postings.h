/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postings: key ---> values, in the order in which they were added; most of it on disk.
 *
 *     memory: the newest, by hash        scratch: runs, older to newer, each sorted by key and, for one
 *                                        key, by age; in blocks whose first keys are in memory
 *
 * A full memory becomes a run.  Before something is looked for, runs of like size become one, so
 * each is more than twice as large as all after it: looking takes a block or two of each of log n
 * runs, adding n postings n log n steps, sequential on disk.  (The log-structured merge tree of
 * O'Neil et al., Acta Informatica 33, 1996, without deletion.)  Without a scratch all is in memory.
 *
 * Memory: 64 bytes for each of @n_memory postings, 0.3 for each in the scratch, and half a MiB of blocks.
 */
#ifndef MERGE_POSTINGS_H
#define MERGE_POSTINGS_H

#include "item/key.h"
#include "os/scratch.h"

struct postings; /* opaque */

/**
 * Make an empty one.
 * @scratch   borrowed; NULL: everything is kept in memory.
 * @n_memory  postings that stay in memory; at least 1; without a scratch it does not matter.
 */
int postings_new(struct postings **out, struct scratch *scratch, size_t n_memory, struct err *err);
void postings_free(struct postings *p);
AUTO_PTR(postings_free, struct postings);

/** Add @value to the end of @key's.  ERR_NOMEM, ERR_LIMIT (2^30 in memory), scratch_put()'s. */
int postings_add(struct postings *p, const struct field_key *k, uint64_t value, struct err *err);

/** How many @key has.  ERR_NOMEM, and the scratch's. */
int postings_count(size_t *n, struct postings *p, const struct field_key *k, struct err *err);

/* A walk over one key's values, oldest first; none may be added meanwhile. */
struct postings_walk {
	struct postings *p;
	struct field_key key;
	size_t run, at; /* the run at hand, and the next posting of it */
	bool in_run;    /* `at` is known */
	uint32_t next;  /* in memory, + 1 */
};

int postings_walk_init(struct postings_walk *w, struct postings *p, const struct field_key *k,
		       struct err *err);

/** 1 with the next *value, 0 after the last, or -1. */
int postings_walk_next(uint64_t *value, struct postings_walk *w, struct err *err);

#endif
