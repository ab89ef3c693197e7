/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions: challenges, tokens and wrong tries, in memory only.
 *
 * A challenge costs the server nothing until a valid signature comes back: it carries its own expiry
 * and a MAC over whom it was given to, so a flood of them takes no memory; only used ones are noted,
 * until they would have expired.  One is good for one signature: a login whose answer was lost comes
 * again with the same, and is let in again.  Tokens are stored hashed, live TOKEN_VALID_MS, and one owner
 * (account, device, kind) has at most TOKENS_PER_OWNER, the oldest making room.  The server being
 * started anew ends all sessions.
 *
 * Threads: any.
 */
#ifndef ACCOUNTS_SESSIONS_H
#define ACCOUNTS_SESSIONS_H

#include "accounts/gate.h"
#include "wire/wire.h"

#define TOKEN_VALID_MS   (10 * 60 * 1000)
#define TOKENS_PER_OWNER 16
#define TOKENS_MAX       65536
#define USED_MAX         16384 /* challenges used within LOGIN_VALID_S */

/* Wrong signatures within a window of TRIES_WINDOW_MS before they are answered with 429. */
#define TRIES_WINDOW_MS       (10 * 60 * 1000)
#define TRIES_PER_ACCOUNT_MAX 20
#define TRIES_PER_PEER_MAX    60

struct sessions;

/** ERR_NOMEM. */
int sessions_new(struct sessions **out, struct err *err);
void sessions_free(struct sessions *s);
AUTO_PTR(sessions_free, struct sessions);

/** A challenge for @who (its scope does not matter). */
void sessions_challenge(struct sessions *s, const struct session *who,
			uint8_t challenge[static WIRE_CHALLENGE_BYTES]);

/** Whether @challenge was given to @who and has not expired. */
bool sessions_challenge_fits(struct sessions *s, const struct session *who,
			     const uint8_t challenge[static WIRE_CHALLENGE_BYTES]);

/** Note that it was used, with a valid @signature; true again for the same one.  False: another came
 *  before, or too many were used just now. */
bool
sessions_challenge_use(struct sessions *s, const uint8_t challenge[static WIRE_CHALLENGE_BYTES],
		       const uint8_t signature[static CRYPTO_SIGNATURE_BYTES]);

/** To be asked for before the credential is read by which somebody logs in: what sessions_grant()
 *  tells by whether it changed meanwhile. */
uint64_t sessions_moment(struct sessions *s, const struct id16 *account);

#define SESSIONS_MOVED 1

/** A new token for @who, whose credential was read after @moment.  SESSIONS_MOVED: for reading, and
 *  the account's credentials have changed since: read them again.  -1: ERR_NOMEM, ERR_BUSY
 *  (TOKENS_MAX are out). */
int sessions_grant(struct sessions *s, const struct session *who, uint64_t moment,
		   struct wire_token *out, struct err *err);

/** Whom @token lets in; false if it is none or has expired. */
bool sessions_find(struct sessions *s, const uint8_t token[static WIRE_TOKEN_BYTES],
		   struct session *out);

/** The account's credentials have changed, durably: all its reading tokens end but @keep, the one that changed
 *  them.  Devices' tokens stay: they never came from a passphrase. */
void sessions_end_reading(struct sessions *s, const struct id16 *account,
			  const uint8_t keep[static WIRE_TOKEN_BYTES]);

/** Count a wrong signature.  True: that was one too many for this account or this address.  Whoever
 *  comes with a valid signature is let in all the same. */
bool sessions_wrong_try(struct sessions *s, const struct id16 *account, const struct hash32 *peer);

#endif
