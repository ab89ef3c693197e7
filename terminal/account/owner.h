/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: what only the account's owner can say, each as an entry of the account log that ASK signs:
 * how long old versions are kept, that what is held back may go, that a device is given up, where
 * the server is, that the account is to go.
 *
 * Every entry is signed after the newest batches of all devices were verified against the log
 * (unlocked_check_heads).  What takes something away waits for 14 days on the server's clock, and
 * any login by passphrase or recovery code in between calls it off: so nothing here logs in again
 * once its entry is sent.
 * Errors of all: ERR_ALARM, ERR_CONFLICT, ERR_BUSY (the keys were changed meanwhile), remote.h's.
 */
#ifndef ACCOUNT_OWNER_H
#define ACCOUNT_OWNER_H

#include "account/account.h"
#include "account/standing.h"

struct remote_url; /* remote/remote_url.h */

/**
 * Keep old versions for @days from now on (LOG_RETENTION_DAYS_MIN at least: ERR_USAGE), and with @lift
 * let the server clear what it holds back.
 * @out  how the account stands then.
 */
int account_policy_set(struct account_standing *out, struct unlocked *u, struct box *box,
		       uint32_t days, bool lift, struct err *err);

/** The account is to go.  @out: how it stands then; ERR_BUSY: somebody logged in right then, which
 *  called it off. */
int
account_delete(struct account_standing *out, struct unlocked *u, struct box *box, struct err *err);

/** Give up @device (this terminal too): it saves nothing any more, and what it saved counts as
 *  forgotten from now on.  Its keys stay what they were.  ERR_REFUSED: not in use. */
int account_retire(struct unlocked *u, struct box *box, const struct id16 *device, struct err *err);

/* --- the server's address: server.c --- */

/** What the Box keeps of an address.  ERR_LIMIT. */
struct identity_server;
int account_server_of(struct identity_server *out, const struct remote_url *url, struct err *err);

/** Whether it is the address that the Box has. */
bool account_server_is(struct box *box, const struct remote_url *url);

/* Setting: the address that this terminal went to before it followed the account to another one. */
#define ACCOUNT_SERVER_BEFORE "local-server-before"

#define ACCOUNT_MOVED_TEXT_BYTES 1280

/** account_log_refresh(); where the log said that the server has another address, @moved is the
 *  sentence that tells it, else "". */
int account_log_follow(char moved[static ACCOUNT_MOVED_TEXT_BYTES], struct box *box,
		       struct remote *remote, struct err *err);

#define ACCOUNT_SERVER_UNSAID 1

/**
 * Ask the server @there, whose TLS key is trusted by now, whether it is this account's: with a log
 * that continues the one known here, and with no device's newest batch older than, or other than,
 * what this terminal knows.  As this device; no passphrase.
 * @return 0: the log says that the account has moved to this address, and the Box follows;
 *         ACCOUNT_SERVER_UNSAID: it is the account, but nobody has signed that address;
 *         or -1, nothing changed: ERR_ALARM, ERR_NOT_FOUND (it does not know the account), remote.h's.
 */
int account_server_meet(struct box *box, struct remote *there, struct err *err);

/** Tell the account that its server is where @u was unlocked: for all devices to follow, this one at
 *  once.  After account_server_meet(). */
int account_server_move(struct unlocked *u, struct box *box, struct err *err);

enum account_server_old {
	ACCOUNT_SERVER_SAME,    /* it is the same server: the others hear of it there */
	ACCOUNT_SERVER_SILENT,  /* it does not answer */
	ACCOUNT_SERVER_ANOTHER, /* it answers, with another state of the account */
};

/** Look at the address that was the account's until now, and compare it with @there. */
enum account_server_old
account_server_compare(struct box *box, struct remote *old, struct remote *there);

#endif
