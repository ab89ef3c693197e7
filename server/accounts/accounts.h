/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts: how accounts come to be, and how their logs grow.
 *
 * The server believes nothing that the account's key ASK did not sign: it replays the log and takes
 * from it which devices live, which login keys hold and which epoch it is.  It cannot make entries.
 * Rules return as in gate.h.
 */
#ifndef ACCOUNTS_ACCOUNTS_H
#define ACCOUNTS_ACCOUNTS_H

#include "accounts/gate.h"
#include "wire/wire.h"

#define INVITATION_CODE_BYTES CRYPTO_ID_BYTES

/** A fresh code; the catalog gets its hash.  ERR_NOMEM; the transaction's errors. */
int invitation_make(struct catalog_tx *tx, uint64_t quota_bytes, int64_t expires_unix_ms,
		    struct id16 *code, struct err *err);

/* A registration that holds together in itself. */
struct registration {
	struct hash32 invitation; /* hash of the code */
	struct log_state log;     /* create and add_device applied */
	struct hash32 device_hash;
	struct wire_account asked; /* borrowed */
};

void registration_clear(struct registration *r);
AUTO_OBJ(registration_clear, struct registration);

/** Check what needs no catalog: entries, their signatures, wraps.  @r zeroed.  Refusals: `malformed`,
 *  `signature`. */
int registration_check(struct registration *r, const struct wire_account *asked, struct problem *p,
		       struct err *err);

/** Use the invitation and make the account, or find that exactly this was done before.  Refusals:
 *  `invitation`, `invitation-used`, `exists`. */
int registration_commit(struct catalog_tx *tx, const struct registration *r, int64_t now_unix_ms,
			struct problem *p, struct err *err);

/** Append entries to the log of @account and do what they say; entries that are there already are
 *  passed by.  @state: the log afterwards.  Refusals: `log`, `signature`, `malformed`. */
int
log_extend(struct catalog_tx *tx, const struct id16 *account, const struct wire_log_post *post,
	   int64_t now_unix_ms, struct wire_log_state *state, struct problem *p, struct err *err);

/* What an unknown account is answered at login: made up, and always the same. */
struct decoy {
	uint8_t secret[32]; /* kept in the catalog, so that it outlives a restart */
};

/** Read the secret, or make one. */
int decoy_load(struct decoy *d, struct catalog_tx *tx, struct err *err);
/** An account id for an unknown rec-find. */
void decoy_account(const struct decoy *d, const struct id16 *find, struct id16 *account);
/** Cost and salt for an unknown account. */
void decoy_kdf(const struct decoy *d, const struct id16 *account, struct wire_login_challenge *out);

#endif
