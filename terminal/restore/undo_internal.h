/* SPDX-License-Identifier: Apache-2.0 */
/* undo_internal: what the files of one undo share. */
#ifndef RESTORE_UNDO_INTERNAL_H
#define RESTORE_UNDO_INTERNAL_H

#include "apps/apps.h"
#include "box/identity.h"
#include "box/inventory.h"
#include "box/originals.h"
#include "item/key.h"
#include "restore/undo.h"

#define UNDO_TRIES 3 /* of an item whose app moves under the undo */

/* What one restore did to one item, and what is to be done about it. */
struct target {
	/* What is kept: KEPT_ORIGINAL (of all rows of the item), KEPT_CREATED or KEPT_TAKEN. */
	enum kept_kind kind;
	int64_t number; /* of the newest row */
	uint64_t epoch;
	char *app;       /* owned, as are the next four */
	uint8_t *native; /* native id, with a NUL behind it */
	size_t n_native;
	char *name, *field, *source;
	uint8_t item[BOX_ID_BYTES];
	uint8_t written[BOX_HASH_BYTES]; /* zeros: not known */
	struct field_key *keys;          /* owned: fields that were added */
	size_t n_keys, cap_keys;
	/* An undo that was cut off came to this item; 0: none. */
	int64_t begun;
	uint8_t begun_before[BOX_HASH_BYTES], begun_written[BOX_HASH_BYTES];

	size_t row;      /* in the result */
	bool pending;    /* not decided for good */
	unsigned n_lost; /* tries that the app moved under */

	/* The plan, while in a group. */
	enum undo_outcome outcome;
	struct buf before, bytes; /* bytes: empty where the item goes */
	uint8_t content[BOX_HASH_BYTES];
	struct app_place place;
	char *place_source; /* owned; place.source */
	int64_t kept;       /* this undo's own original */
	bool kept_now;      /* in this run */
	size_t n_changed;   /* fields that were not found */
};

static inline struct span
target_native(const struct target *t)
{
	return span_of(t->native, t->n_native);
}

static inline void
target_clear_plan(struct target *t)
{
	buf_clear(&t->before);
	buf_clear(&t->bytes);
	free(t->place_source);
	t->place_source = NULL;
	t->n_changed = 0;
}

/* An item by its content. */
struct by_content {
	uint8_t content[BOX_HASH_BYTES];
	uint8_t item[BOX_ID_BYTES];
};

struct undo {
	struct undo_result *out;
	struct box *box;
	const struct undo_request *rq;
	const struct restore_watch *watch;
	const struct identity *me;
	struct target *targets; /* owned; by app, then item, then kind */
	size_t n_targets, cap_targets;
	uint64_t done;
	/* The app at hand. */
	struct app_session *session;
	bool incomplete;               /* a file or folder of it could not be read */
	struct by_content *by_content; /* owned; sorted; made when first needed after a refresh */
	size_t n_by_content, cap_by_content;
	bool have_by_content;
};

static inline struct undo_item *
undo_row(struct undo *u, const struct target *t)
{
	return &u->out->items[t->row];
}

/* undo.c */

/** The item is decided for good: outcome and reason (copied). */
int undo_settle(struct undo *u, struct target *t, enum undo_outcome outcome, const char *reason,
		struct err *err);
/** Append a field to one of an item's lists. */
int undo_add_field(struct restore_field **list, size_t *n, const char *field, const char *value,
		   struct err *err);

/* undo_plan.c */

#define UNDO_SETTLED 1 /* there is nothing to write */
#define UNDO_MOVED   2 /* the app changed meanwhile */

/** What is to be done with the item as it is now.  0: planned; UNDO_SETTLED, UNDO_MOVED, or -1. */
int undo_plan(struct undo *u, struct target *t, struct err *err);
/** Forget the plan, and what it would have told. */
void undo_plan_clear(struct undo *u, struct target *t);
/** The outcome's sentence. */
void undo_reason(char *out, size_t n, const struct target *t);

/* undo_write.c */

/** All targets of one app: [@from, @to). */
int undo_app(struct undo *u, size_t from, size_t to, struct err *err);

#endif
