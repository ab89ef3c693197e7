/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held: the unlocked session that the service holds, for ten minutes.
 *
 * Time is CLOCK_BOOTTIME's (os->uptime_ms()), which nobody can set and which runs on while the
 * terminal sleeps: a session does not outlive a night in a drawer.  Using it does not lengthen it;
 * unlocking by passphrase does.  It lies in guarded memory and nowhere else.
 */
#ifndef SERVICE_HELD_H
#define SERVICE_HELD_H

#include "account/session.h"

#define HELD_MS (10 * 60 * 1000)

struct held {
	struct account_session *session; /* NULL: none */
	int64_t until_ms;                /* of os->uptime_ms(); while there is one */
};

/** Hold @session, which is taken, from @now_ms on; one that was held is wiped. */
void held_put(struct held *h, struct account_session *session, int64_t now_ms);

/** The session, or NULL: none was held, or its time is over (it is wiped then).  Borrowed until the
 *  next call. */
const struct account_session *held_get(struct held *h, int64_t now_ms);

/** Milliseconds that are left of it; 0: there is none. */
int64_t held_left_ms(struct held *h, int64_t now_ms);

/** Wipe it.  True: there was one whose time was not over. */
bool held_end(struct held *h, int64_t now_ms);

#endif
