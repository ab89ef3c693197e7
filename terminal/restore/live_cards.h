/* SPDX-License-Identifier: Apache-2.0 */
/* live_cards: the cards that an app has at this moment, numbered, with their places. */
#ifndef RESTORE_LIVE_CARDS_H
#define RESTORE_LIVE_CARDS_H

#include "restore/plan.h"
#include "restore/restore_internal.h"

struct live_card {
	char *source;           /* owned */
	struct app_place place; /* its source is the one above */
	uint8_t *id;            /* owned: native id; the app's own UID for an app outside the Box */
	size_t n_id;
};

struct live_cards {
	struct app_session *session; /* borrowed */
	struct live_card *cards;     /* owned; number in the plan = place here */
	size_t n, cap;
	bool incomplete; /* a file or folder of the app could not be read */
};

void live_cards_clear(struct live_cards *l);
AUTO_OBJ(live_cards_clear, struct live_cards);

/** Read all of the app's cards and tell @plan of each.  The Box's inventory is refreshed first,
 *  where the app is in the Box.  0, APP_MOVED (the app changed meanwhile: a new plan, and again), or
 *  -1. */
int live_cards_load(struct live_cards *l, struct run *r, const struct target *t, struct plan *plan,
		    struct err *err);

/** A plan_read_fn over these. */
int live_cards_read(void *live_cards, size_t at, struct buf *out, struct err *err);

#endif
