/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: what unlocks the account once more without the passphrase being asked, as
 * `cloudbox run` holds it (service/held.h) and hands it to commands.
 *
 * It is what Argon2 made of the passphrase, or the recovery code: the key that opens the wrap and
 * the one that logs in.  So a command that uses it does all that it would do with the passphrase,
 * but for the stretching: it logs in, fetches the wrap, verifies the log; and when the passphrase
 * has changed meanwhile the server lets it in no more.
 *
 * Invariant: its keys lie in guarded memory and pass between two processes of one user through a
 * socket, never to a disk.
 */
#ifndef ACCOUNT_SESSION_H
#define ACCOUNT_SESSION_H

#include "crypto/login.h"
#include "format/id.h"

struct secret;
struct unlocked; /* account.h */

struct account_session {
	struct id16 account;
	enum login_kind kind; /* LOGIN_PASSPHRASE or LOGIN_RECOVERY */
	struct secret *kek;
	struct secret *login_seed;
};

/** A session by which @u could be unlocked again.  ERR_NOMEM. */
int account_session_of(struct account_session **out, const struct unlocked *u, struct err *err);
void account_session_free(struct account_session *s);
AUTO_PTR(account_session_free, struct account_session);

/*
 *     0   1  version: 1
 *     1   1  kind: 1 passphrase, 2 recovery code
 *     2  16  account
 *    18  32  KEK
 *    50  32  seed of the login key
 */
#define ACCOUNT_SESSION_BYTES 82

/** The caller wipes @out. */
void
account_session_encode(uint8_t out[static ACCOUNT_SESSION_BYTES], const struct account_session *s);

/** The caller wipes @bytes.  ERR_FORMAT, ERR_NOMEM. */
int account_session_decode(struct account_session **out, struct span bytes, struct err *err);

#endif
