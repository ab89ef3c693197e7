/* SPDX-License-Identifier: Apache-2.0 */
/* pair_link: one side of a pairing with the server between it and the other. */
#ifndef ACCOUNT_PAIR_LINK_H
#define ACCOUNT_PAIR_LINK_H

#include "account/pairing.h"
#include "remote/remote.h"

struct pair_link {
	struct remote *remote; /* borrowed */
	enum pair_role role;
	struct id16 id;
	struct pairing *talk; /* owned */
	uint8_t n_said, n_heard;
};

/** @dsk: the joiner's, borrowed. */
int pair_link_init(struct pair_link *l, struct remote *remote, enum pair_role role,
		   const struct id16 *id, const struct secret *secret, const struct sign_key *dsk,
		   struct err *err);
void pair_link_clear(struct pair_link *l);
AUTO_OBJ(pair_link_clear, struct pair_link);

int pair_link_greet(struct pair_link *l, struct err *err);
int pair_link_say(struct pair_link *l, const struct pairing_message *m, struct err *err);

/* Longer than any server keeps a pairing: people take their time. */
#define PAIR_LINK_WAIT_MS (11 * 60 * 1000)

/** Wait for the next message, @wait_ms at most; it is of one of the kinds that can come now, but never NO: that is
 *  ERR_CANCELLED or ERR_REFUSED with words.  @m: the caller clears it, after a failure too. */
int
pair_link_hear(struct pair_link *l, uint32_t wait_ms, struct pairing_message *m, struct err *err);

/** Tell the other side, as well as it goes, that nothing comes of it; for the reason @why where that
 *  can be said so that nobody else could. */
void pair_link_break(struct pair_link *l, enum pairing_why why);

#endif
