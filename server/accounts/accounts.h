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
/** Whoever uses it will be told of the account's alarms so; NULL: not by that. */
int invitation_tell(struct catalog_tx *tx, const struct id16 *code, const char *mail,
		    const char *webhook, struct err *err);

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

/* Entries that are to continue a log, checked against the log as it stood at one moment. */
struct log_growth {
	struct wire_log_post post; /* borrowed */
	uint64_t from;             /* length and head of the log that it continues */
	struct hash32 from_head;
	uint8_t n_known;      /* so many of the entries, the first ones, are there already */
	bool new_credentials; /* the wraps of the post take the place of the old ones */
	struct log_state log; /* as it will be */
};

void log_growth_clear(struct log_growth *g);
AUTO_OBJ(log_growth_clear, struct log_growth);

/** Whether @post continues the log of @account.  Takes as long as the signatures of the whole log
 *  do: never on the writer's thread.  @g zeroed, or of a check before.  Refusals: `log`,
 *  `signature`, `malformed`. */
int log_growth_check(struct log_growth *g, struct catalog_tx *tx, const struct id16 *account,
		     const struct wire_log_post *post, struct problem *p, struct err *err);

/** Entries are there all: nothing is to be written. */
bool log_growth_is_known(const struct log_growth *g);

#define LOG_MOVED 2

/** Append what was checked, and do what it says.  LOG_MOVED: the log has grown since, check again. */
int log_growth_commit(const struct log_growth *g, struct catalog_tx *tx, int64_t now_unix_ms,
		      struct problem *p, struct err *err);

/** Whether less is to be kept soon, a hold lifted, or the account deleted (catalog/retention.h). */
bool account_is_relaxing(const struct catalog_account *a);
/** A person came: nothing of that is going to happen. */
void account_call_off(struct catalog_account *a);

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
