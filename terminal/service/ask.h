/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_ask: how a command asks the Box's running service.
 *
 * None of these is needed for a command to do its work: where no service runs they say SERVICE_NONE.
 * The kernel says whose process answers; one of another user is not believed (ERR_REFUSED).
 */
#ifndef SERVICE_ASK_H
#define SERVICE_ASK_H

#include "base/buf.h"

struct account_session; /* account/session.h */

/* Expected outcomes. */
#define SERVICE_NONE 1 /* no service runs for this Box */
#define SERVICE_LACK 2 /* it holds no session */

#define SERVICE_ANSWER_MS 5000 /* it answers at once; one that is stopped is not waited for */

/** Something changed, in an app or in the Box's settings: look again.  0, SERVICE_NONE or -1. */
int service_ask_look(int home_fd, struct err *err);

/** The session that is held; the caller frees it.  0, SERVICE_NONE, SERVICE_LACK or -1. */
int service_ask_session(struct account_session **out, int home_fd, struct err *err);

/** Hold @session for ten minutes from now.  0, SERVICE_NONE or -1. */
int service_ask_keep(int home_fd, const struct account_session *session, struct err *err);

/** Forget the session that is held.  0: one was; SERVICE_NONE, SERVICE_LACK or -1. */
int service_ask_lock(int home_fd, struct err *err);

/** Append what it says of itself, a JSON object (docs/protocol/service.md).  0, SERVICE_NONE or -1. */
int service_ask_status(struct buf *out, int home_fd, struct err *err);

#endif
