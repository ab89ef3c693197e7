/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: which of the app's items is this backup's item?  Judged against the live app, never
 * against a memory of what was saved.
 *
 *   0. an item A with merge(A, A') = A and nothing held, whatever its id; several: the first;
 *   1. the same native id, and nothing that contradicts it (another name and no shared number or
 *      address: an id that was used again);
 *   2. the same name and at least one shared TEL, EMAIL, IMPP, URL, ADR or BDAY; several: the one
 *      that has all that could be added, else the one sharing most fields; a tie: none;
 *   3. otherwise none: a new item.
 *
 * Items whose id is made of their content (FORM_BY_ID: messages, calls) know rules 1 and 3 only, and
 * the same id is always the same item.  Those that carry an id of their own (FORM_BY_UID: events,
 * bookmarks) know these rules, too; several of one id can differ, so up to MATCH_RULE_ID only one that
 * has all of it is found, and then one that is nobody's counterpart.
 *
 * The index is built once over the live items and follows what a restore writes.  It keeps keys only;
 * the items may go.  With a scratch it needs some 3 MiB and 24 bytes for each live item; without one,
 * some 80 bytes for each field.  Finding looks at no more than MATCH_LOOK_MAX live items that share
 * the item's rarest field or its name, so 10,000 against 10,000 is linear.
 *
 * One live item is one backup item's counterpart: match_claim() what was matched.  Rule 2 then leaves
 * it alone, so that a father's and a son's card, alike but for one number, are not merged into one.
 * Items that this very restore created (match_add with MATCH_CREATED) are not matched at all: the
 * backup's two alike cards come back as two.  Best is to go over the backup twice: first up to
 * MATCH_RULE_ID, claiming, then up to MATCH_RULE_NAME for what is left.
 */
#ifndef MERGE_MATCH_H
#define MERGE_MATCH_H

#include "base/err.h"
#include "item/item.h"

struct match_index; /* opaque */
struct scratch;     /* os/scratch.h */

enum match_rule {
	MATCH_RULE_IDENTICAL = 0,
	MATCH_RULE_ID = 1,
	MATCH_RULE_NAME = 2,
	MATCH_RULE_NEW = 3,
};

enum match_new_reason {
	MATCH_NEW_NOTHING_ALIKE,
	MATCH_NEW_NAME_ALONE, /* same name, nothing else shared */
	MATCH_NEW_ID_REUSED,  /* same id, but another name and nothing shared */
	MATCH_NEW_TIE,        /* several fit equally well */
	MATCH_NEW_CLAIMED,    /* the one that fits is another backup item's counterpart */
};

#define MATCH_NONE     SIZE_MAX
#define MATCH_LOOK_MAX 1000 /* live items that one find looks at, for one rule */

struct match {
	size_t at;                     /* the live item, or MATCH_NONE */
	enum match_rule rule;          /* which rule decided */
	enum match_new_reason why_new; /* with MATCH_RULE_NEW */
	char shared_name[16];          /* with MATCH_RULE_NAME: property that both share: "TEL" */
	char shared_tail[16]; /* end of its value, for people: "12"; "" where that tells nothing */
	size_t n_shared;      /* MATCH_RULE_NAME: fields shared in all */
	size_t n_alike;       /* candidates that were as good (a tie) */
};

#define MATCH_POSTINGS_IN_MEMORY 16384 /* 64 bytes each */

int match_index_new(struct match_index **out, struct err *err);
/** The same, most of it in @scratch (borrowed; NULL: in memory). */
int match_index_new_on(struct match_index **out, struct scratch *scratch, struct err *err);
void match_index_free(struct match_index *ix);
AUTO_PTR(match_index_free, struct match_index);

enum match_add_flag {
	MATCH_LIVE = 0,
	MATCH_CREATED = 1, /* by this restore */
};

/**
 * Add a live item, or put its new state after it was merged.
 * @at    the caller's number for it, dense from 0; order decides "the first".
 * @it    its fields; not kept.
 * @ids   its native ids, as the adapter tells them (NULL, 0: none).  X-CLOUDBOX-UID is added from
 *        @it by itself.
 */
int match_add(struct match_index *ix, size_t at, const struct item *it, const struct span *ids,
	      size_t n_ids, enum match_add_flag flag, struct err *err);

/**
 * Find the counterpart of a backup's item.
 * @ids   native ids under which it may be here: the record's; a `urn:uuid:` of its item id.
 * @upto  the last rule to try: MATCH_RULE_IDENTICAL, _ID or _NAME.
 * @return 0 with @out, or -1 (ERR_NOMEM, and what the scratch says).
 */
int match_find(struct match *out, struct match_index *ix, const struct item *theirs,
	       const struct span *ids, size_t n_ids, enum match_rule upto, struct err *err);

/** @at is now somebody's counterpart. */
void match_claim(struct match_index *ix, size_t at);

#define MATCH_REASON_BYTES 160

/** Why, in words, translated: "same name and same number ending 12". */
void match_reason(char out[static MATCH_REASON_BYTES], const struct match *m);

/** Steps of work since the index was made: for tests that time is linear. */
unsigned long match_steps(const struct match_index *ix);

#endif
