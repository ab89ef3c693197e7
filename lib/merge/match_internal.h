/* SPDX-License-Identifier: Apache-2.0 */
/* match_internal: what is kept of the live items, for match.c, which finds among them. */
#ifndef MERGE_MATCH_INTERNAL_H
#define MERGE_MATCH_INTERNAL_H

#include "merge/match.h"
#include "merge/postings.h"
#include "os/scratch_cache.h"

/* A live item: what is needed for every posting of it.  Its keys lie at `at`. */
struct live {
	uint64_t at;
	uint32_t n;               /* keys there, the names first */
	uint32_t generation : 24; /* 0: not there; a posting of another one is out of date */
	uint32_t version : 3;     /* enum item_version */
	uint32_t n_names : 2;
	uint32_t created : 1;
	uint32_t claimed : 1;
};

struct match_index {
	struct live *live;
	size_t n_live, cap_live;
	struct postings *postings;   /* of names, ids, fields, whole items: live item, generation */
	struct scratch *scratch;     /* borrowed; NULL: `records` */
	struct scratch_cache *cache; /* with a scratch */
	struct buf records;          /* without one: all keys */
	unsigned long steps;
};

/* A live item with its keys; borrowed until the next one is seen. */
struct seen {
	const struct live *live;
	const struct field_key *names, *keys; /* keys: of fields and what is taken; sorted */
	size_t n_names, n_keys;
};

/** 0 or -1: the scratch's errors. */
int match_index_see(struct seen *out, struct match_index *ix, size_t at, struct err *err);

/** The live item of a posting, or MATCH_NONE if it is out of date or not to be matched. */
size_t match_index_live(const struct match_index *ix, uint64_t posting);

/* The comparable keys of an item, sorted, each once. */
struct key_list {
	struct field_key *k;
	size_t n;
};

void key_list_clear(struct key_list *l);
AUTO_OBJ(key_list_clear, struct key_list);
int key_list_init(struct key_list *l, const struct item *it, struct err *err);

/** For qsort and bsearch. */
int key_order(const void *a, const void *b);

/* Keys that are no fields. */
struct field_key match_id_key(struct span id);
struct field_key match_name_key(const struct field_key *k);
struct field_key match_org_key(const struct field_key *k);
struct field_key match_whole_key(const struct key_list *l);
/** "It has a value where only one is possible": another one would be held, not added. */
struct field_key match_taken_key(const struct field *f);

#endif
