/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: what a restore will do with each item of an app whose items have fields: match against the
 * live app, merge, and say why in words.
 *
 * Pure: no app, no server, no Box, no clock; live bytes come through a function.  The backup is
 * gone through twice: plan_item() with PLAN_SURE decides what is identical or has the same id, and
 * only then, with PLAN_REST, names and shared values decide about what is left; so a near match
 * never takes the place of a sure one (merge/match.h).
 */
#ifndef RESTORE_PLAN_H
#define RESTORE_PLAN_H

#include "merge/match.h"
#include "merge/merge.h"
#include "restore/restore.h"

/** Append the live item number @at to @out, and the native id that plan_add_live() got with it to @id.
 *  0, PLAN_MOVED, or -1. */
typedef int plan_read_fn(void *ctx, size_t at, struct buf *out, struct buf *id, struct err *err);

#define PLAN_ID_BYTES_MAX ((size_t)64 << 10)

/* What plans depend on; borrowed for the plan's life. */
struct plan_rules {
	const struct form *form; /* of the app's items */
	bool outside;            /* no Box numbers equal ids: the second of an id here is ID#2 */
	const struct item_profile *profile; /* of the app here; NULL: the default */
	const struct merge_choice *choice;  /* which fields; NULL: all */
	bool groups; /* tell also what is the same and what stays; of a new item, all that comes */
	plan_read_fn *read;
	void *ctx;
	struct scratch *scratch; /* takes what is known of the live items; NULL: memory does */
};

struct plan; /* opaque */

int plan_new(struct plan **out, const struct plan_rules *rules, struct err *err);
void plan_free(struct plan *p);
AUTO_PTR(plan_free, struct plan);

/** The next live item (numbers count from 0).  What cannot be parsed takes a number and matches
 *  nothing.  ERR_NOMEM. */
int plan_add_live(struct plan *p, struct span native_id, struct span bytes, struct err *err);

/* One item of the backup. */
struct plan_theirs {
	struct span native_id;
	uint8_t item_id[16]; /* by this terminal's keys */
	struct span bytes;
};

/* What to do with it; all zero before, plan_step_clear() after. */
struct plan_step {
	enum restore_outcome outcome; /* IDENTICAL, MERGED, ADDED, FAILED; SKIPPED: it has none of
					 the chosen fields */
	bool writes;                  /* the app is to be changed */
	size_t at;                    /* the live item, or MATCH_NONE */
	int64_t at_unix_ms;           /* when what the new item tells of happened; 0: unknown */
	struct buf before;            /* its bytes, where it is changed */
	struct buf bytes;             /* the new bytes */
	bool new_uid;                 /* an added card got the UID `uid`, not that of the backup */
	bool uid_taken;               /* because another item here has the backup's */
	char uid[UUID8_URN_BYTES];
	struct restore_field *added; /* owned, with its strings */
	size_t n_added;
	struct field_key *added_keys; /* n_added of them: stored_key */
	struct restore_field *held;
	size_t n_held;
	struct buf *held_bodies;    /* n_held of them: held.h */
	struct restore_field *left; /* what the app has no place for */
	size_t n_left;
	struct restore_field *same; /* with plan_rules.groups */
	size_t n_same;
	struct restore_field *stays;
	size_t n_stays;
	char reason[512];
};

void plan_step_clear(struct plan_step *s);
AUTO_OBJ(plan_step_clear, struct plan_step);

enum plan_pass { PLAN_SURE, PLAN_REST };

#define PLAN_LATER 1 /* nothing sure: ask again with PLAN_REST */
#define PLAN_MOVED 2 /* the app changed meanwhile: load it anew */
#define PLAN_AGAIN 3 /* its counterpart is changed by this plan: ask again when that is written */

/**
 * Plan one item.
 * @step  a card that cannot be parsed is RESTORE_FAILED with a reason.
 * @return 0, PLAN_LATER (PLAN_SURE only), PLAN_MOVED, PLAN_AGAIN (PLAN_REST only), or -1: ERR_NOMEM, ERR_LIMIT, what reading
 *         says.
 */
int plan_item(struct plan_step *step, struct plan *p, const struct plan_theirs *theirs,
	      enum plan_pass pass, struct err *err);

/* --field NAME or NAME=VALUE: a merge_wants_fn over these. */
struct plan_fields {
	const char *const *names;
	size_t n;
};

bool plan_wants(void *plan_fields, const struct field *theirs);

#endif
