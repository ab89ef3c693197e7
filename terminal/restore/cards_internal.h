/* SPDX-License-Identifier: Apache-2.0 */
/* cards_internal: what the files of cards.c share: taking, putting aside, writing. */
#ifndef RESTORE_CARDS_INTERNAL_H
#define RESTORE_CARDS_INTERNAL_H

#include "box/region.h"
#include "item/charset.h"
#include "restore/fit.h"
#include "restore/live_cards.h"

#define CARD_NEW UINT32_MAX /* struct card.at: it comes as a new item */

/* An item of the backup that is not settled yet: its bytes and its plan are put aside. */
struct card {
	uint64_t item_at, step_at; /* places: struct aside_item; with `planned` struct plan_step */
	uint32_t item_n, step_n;
	int64_t kept;       /* number of its original, or 0 */
	int64_t at_unix_ms; /* of a new message or call: they are added by date */
	uint32_t row;       /* in the result */
	uint32_t at;        /* with `planned`: the live item, or CARD_NEW */
	bool later;         /* nothing sure was found: names decide */
	bool planned;
	bool done;
};

static inline struct scratch_place
card_item(const struct card *c)
{
	return (struct scratch_place){ c->item_at, c->item_n };
}

static inline struct scratch_place
card_step(const struct card *c)
{
	return (struct scratch_place){ c->step_at, c->step_n };
}

struct cards {
	struct run *r;
	struct target *t;
	struct scratch *scratch; /* owned */
	struct card *list;       /* owned */
	size_t n, cap;
	uint64_t *paths; /* owned: hashes of all items' paths, the settled ones' too */
	size_t n_paths, cap_paths;
	struct postings
		*uids; /* owned; of the backup's items so far, where this app makes its own */
	struct live_cards live;
	struct plan *plan; /* owned */
	struct plan_fields fields;
	struct merge_choice choice;
	struct region_profile profile;
	struct restore_fit fit; /* with run.crossing */
	bool loaded;            /* `live` and `plan` are made */
	bool moved;             /* the app changed since */
};

/* cards_aside.c */

/* Spans are borrowed: from what was fetched, or from `store`. */
struct aside_item {
	struct wire_item at; /* item and seq only */
	uint8_t item_id[16]; /* by this terminal's keys */
	struct span native_id, name, path, bytes;
	struct buf store;
};

#define ASIDE_ITEM_INIT                                                                            \
	{                                                                                          \
		.store = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX)                                      \
	}
void aside_item_clear(struct aside_item *it);
AUTO_OBJ(aside_item_clear, struct aside_item);

int aside_put_item(struct scratch_place *out, struct scratch *s, const struct aside_item *it,
		   struct err *err);
int aside_get_item(struct aside_item *out, struct scratch *s, struct scratch_place place,
		   struct err *err);
/** Not the groups of a preview. */
int aside_put_step(struct scratch_place *out, struct scratch *s, const struct plan_step *step,
		   struct err *err);
int aside_get_step(struct plan_step *out, struct scratch *s, struct scratch_place place,
		   struct err *err);

/* cards.c */

/** The step is final: into the result. */
int cards_settle(struct cards *c, const struct aside_item *it, uint32_t row, struct plan_step *s,
		 struct err *err);
int cards_fail(struct cards *c, struct card *card, const char *reason, struct err *err);

/* cards_write.c */

/** Write what is planned; what the app moved under stays, unless it is the @last time. */
int cards_write(struct cards *c, bool last, struct err *err);

#endif
