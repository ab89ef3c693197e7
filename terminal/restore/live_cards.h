/* SPDX-License-Identifier: Apache-2.0 */
/* live_cards: the cards that an app has at this moment, numbered by source and position; where each
 * lies and how it is called is put aside, so that a card costs 16 bytes of memory. */
#ifndef RESTORE_LIVE_CARDS_H
#define RESTORE_LIVE_CARDS_H

#include "os/scratch.h"
#include "restore/plan.h"
#include "restore/restore_internal.h"

/* One of them; spans and strings point into `store`. */
struct live_card {
	struct app_place place;
	struct span id; /* native id; the app's own UID for an app outside the Box */
	struct buf store;
};

#define LIVE_CARD_INIT                                                                             \
	{                                                                                          \
		.store = BUF_INIT(64 << 10)                                                        \
	}
void live_card_clear(struct live_card *c);
AUTO_OBJ(live_card_clear, struct live_card);

struct live_cards {
	struct app_session *session;  /* borrowed */
	struct scratch *scratch;      /* borrowed */
	struct scratch_place *places; /* owned; number in the plan = place here */
	size_t n, cap;
	bool incomplete; /* a file or folder of the app could not be read */
};

void live_cards_clear(struct live_cards *l);
AUTO_OBJ(live_cards_clear, struct live_cards);

/** Read all of the app's cards, source by source, and tell @plan of each.  The Box's inventory is
 *  refreshed first, where the app is in the Box.  0, APP_MOVED (the app changed meanwhile: a new plan,
 *  and again), or -1. */
int live_cards_load(struct live_cards *l, struct run *r, const struct target *t,
		    struct scratch *scratch, struct plan *plan, struct err *err);

/** The card number @at.  @out: LIVE_CARD_INIT, or used before. */
int live_cards_get(struct live_card *out, const struct live_cards *l, size_t at, struct err *err);

/** A plan_read_fn over these. */
int live_cards_read(void *live_cards, size_t at, struct buf *out, struct buf *id, struct err *err);

#endif
