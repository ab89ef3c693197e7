/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: how a terminal comes to be in an account, and how it is unlocked.
 *
 * A terminal in an account holds, in box.db, what seals and signs: AEK.pub, PSK, DPS, D, its DSK,
 * ASK.pub, length and head of the account log, and a copy of the log.  It never holds the account's
 * root secret (ARS): that comes only from the wrap, which the server hands out after a login by
 * passphrase or recovery code, and lives in a `struct unlocked` until it is freed.
 *
 *     account_init    invitation -> new account, ARS made, wrapped, forgotten
 *     account_join    account id and passphrase, or the recovery code alone -> this terminal is
 *                     added; with `replace` it inherits another device's chunks
 *     account_unlock  passphrase or code -> struct unlocked: opens backups, signs log entries
 *
 * Every log that a server gives is verified with ASK from the ARS; one that is shorter than, or
 * differs from, what this terminal, the wrap or any device's newest batch names is ERR_ALARM.
 * A wrong passphrase is ERR_LOCKED and reveals nothing else.
 * Threads: none; Argon2 takes about a second in account_unlock(), _init() and _join().
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "crypto/keys.h"
#include "crypto/passphrase.h"
#include "crypto/recovery.h"
#include "format/log.h"

struct box;    /* box/box.h */
struct remote; /* remote/remote.h */

#define ACCOUNT_DEVICE_NAME_MAX 200 /* bytes, UTF-8 without control characters */
#define ACCOUNT_DEVICES_MAX     64  /* of one answer */
#define ACCOUNT_HEAD_WORDS      6
#define ACCOUNT_HEAD_TEXT_BYTES 64 /* six words, blanks between, NUL */

/** "alive", "revoked", "retired", "replaced", "suspended": part of the JSON contract. */
const char *account_device_state_name(enum device_state state);

struct account_session; /* account/session.h */

/* What unlocks: one of the three.  Borrowed. */
struct account_credential {
	const struct passphrase *passphrase;
	const struct recovery_code *recovery;
	const struct account_session *session; /* account_unlock() only */
};

struct unlocked; /* opaque, wiped by unlocked_free() */

/**
 * Log in for reading, fetch and open the wrap, verify the log; the newer log goes to the Box.
 * @box     of a terminal that is in an account.
 * @remote  borrowed until unlocked_free(); gets the token.
 * @return 0, or -1: ERR_LOCKED (wrong passphrase or code), ERR_ALARM, ERR_AUTH (a log or a wrap
 * that is not this account's), remote.h's.
 */
int account_unlock(struct unlocked **out, struct box *box, struct remote *remote,
		   const struct account_credential *with, struct err *err);
void unlocked_free(struct unlocked *u);
AUTO_PTR(unlocked_free, struct unlocked);

/** The server, logged in for reading; logs in again where the token has run out.  NULL with @err.
 */
struct remote *unlocked_remote(struct unlocked *u, struct err *err);

const struct id16 *unlocked_account(const struct unlocked *u);

/** What waited and was called off by this login: STANDING_ bits (account/standing.h). */
unsigned unlocked_called_off(const struct unlocked *u);

/** The verified account log: devices, epoch, length and head; borrowed. */
const struct log_state *unlocked_log(const struct unlocked *u);

/** Keys of @epoch (PSK, AEK, ASK); NULL if the account never had it. */
const struct account_keys *unlocked_keys(const struct unlocked *u, uint64_t epoch);

/** Ids and chunk ids of @device.  The caller owns *out.  ERR_NOT_FOUND, ERR_NOMEM. */
int unlocked_device_keys(struct device_keys **out, const struct unlocked *u,
			 const struct id16 *device, struct err *err);

/** Its name for people; "" if there is no such device or its name cannot be opened. */
void unlocked_device_name(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], const struct unlocked *u,
			  const struct id16 *device);

/** The device that @text names: its id, the beginning of its id (4 digits at least), or its name.
 *  ERR_NOT_FOUND, ERR_AMBIGUOUS: the message lists them. */
int
unlocked_device_find(struct id16 *out, const struct unlocked *u, const char *text, struct err *err);

/* Founding and joining. */

struct account_init_request {
	struct id16 invitation; /* from the invitation's URL */
	const struct passphrase *passphrase;
	const char *name;            /* this terminal's */
	struct passphrase_cost cost; /* zero: passphrase_cost_default() of this machine */
	uint32_t retention_days;     /* 0: 90 */
};

/**
 * Found an account on @remote and put this terminal into it.
 * @recovery  receives the code, to be shown once; the caller frees it.
 * @box       a Box that is in no account yet: ERR_EXISTS else.
 * @return 0, or -1: ERR_USAGE (passphrase too weak, name too long), ERR_REFUSED (invitation used,
 *         expired or never issued), remote.h's.  Nothing is kept in the Box then.
 */
int account_init(struct recovery_code **recovery, struct box *box, struct remote *remote,
		 const struct account_init_request *request, struct err *err);

/**
 * Whether an account_init() by @invitation was ended on this terminal after the server had made the
 * account.  No request where nothing was begun.
 * @return 1: account_init_finish() is to be called in its place; 0; or -1: remote.h's.
 */
int account_init_begun(struct box *box, struct remote *remote, const struct id16 *invitation,
		       struct err *err);

/**
 * Put this terminal into the account that it founded.
 * @passphrase  the one of then.
 * @recovery    receives a new code: nobody has seen that of then.  The caller frees it.
 * @return 0, or -1: ERR_LOCKED (another passphrase), account_unlock()'s.
 */
int account_init_finish(struct recovery_code **recovery, struct box *box, struct remote *remote,
			const struct passphrase *passphrase, struct err *err);

struct account_newest;

/* Show what lies there to whoever joins, before anything is signed.  1: go on; 0: they do not; or
 * -1. */
typedef int account_confirm_fn(void *ctx, struct unlocked *u, struct account_newest *devices,
			       size_t n, struct err *err);

struct account_join_request {
	const struct id16 *account; /* NULL with a recovery code, which finds it */
	struct account_credential with;
	const char *name;
	const char *replace;         /* a device's id, the beginning of one, or its name; or NULL */
	account_confirm_fn *confirm; /* NULL: without asking */
	void *confirm_ctx;
};

/**
 * Put this terminal into an account that exists.  Where it was killed after the server had taken it,
 * it goes on as the same device.
 * @out   the unlocked account, for taking over the Box at once; or NULL.
 * @return 0, or -1: as account_unlock() and account_init(); ERR_NOT_FOUND or ERR_AMBIGUOUS for
 *         @replace, the message lists the devices; ERR_CANCELLED: not confirmed.
 */
int account_join(struct unlocked **out, struct box *box, struct remote *remote,
		 const struct account_join_request *request, struct err *err);

/* Credentials. */

/** The passphrase becomes @new_passphrase: a rewrap entry and a new wrap.  @u says which log. */
int account_passphrase_change(struct unlocked *u, struct box *box,
			      const struct passphrase *new_passphrase, struct err *err);

/** A new recovery code; the old one finds and opens nothing from then on. */
int account_recovery_change(struct recovery_code **code, struct unlocked *u, struct box *box,
			    struct err *err);

/** Whether @code is the account's, by what the signed log says; never asks the server.
 *  0, or -1: ERR_LOCKED. */
int account_recovery_check(struct box *box, const struct recovery_code *code, struct err *err);

/* Shutting a device out. */

#define ACCOUNT_BATCHES_MAX 10

/* A backup, by what its device signed. */
struct account_batch {
	uint64_t seq;
	int64_t client_unix_ms; /* by its own clock, which a thief may have set */
	uint32_t n_records;
	struct hash32 head;
};

/**
 * The backups of @device up to number @newest, ascending: those of the last ACCOUNT_BATCHES_MAX
 * numbers of which the server has kept something.  One request.
 */
int account_batches_read(struct account_batch out[static ACCOUNT_BATCHES_MAX], size_t *n,
			 struct unlocked *u, const struct id16 *device, uint64_t newest,
			 struct err *err);

/**
 * Shut @device out, and give those that stay new keys, in one step (a revoke and a rotate entry).
 * What it saved after the cut is void.  The passphrase stays; there is a new recovery code.
 * @code     receives it, to be shown once; the caller frees it.
 * @u        unlocked by passphrase: ERR_LOCKED else.
 * @device   alive and not this terminal: ERR_REFUSED, ERR_USAGE.
 * @trusted  the last backup of it that counts, of account_batches_read(); seq 0: none does; NULL: all
 *           that it has saved until now.
 * @return 0, or -1: ERR_ALARM (a device's newest batch does not fit the log), ERR_CONFLICT,
 *         ERR_LIMIT (names of so many devices find no room in an entry), remote.h's.
 */
int account_revoke(struct recovery_code **code, struct unlocked *u, struct box *box,
		   const struct id16 *device, const struct account_batch *trusted, struct err *err);

/* At each run. */

/**
 * Compare AEK.pub, KDF(PSK, "check") and KDF(D, "check") in the Box with the newest signed entries
 * that the Box has.  No request.  ERR_AUTH: the Box's keys are damaged: nothing may be sealed.
 */
int account_check_keys(struct box *box, struct err *err);

/**
 * Fetch what the log has gained since, verify it with the Box's ASK.pub and keep it.  Needs a put
 * or get token; logs in as the device where there is none.  ERR_ALARM, ERR_REVOKED (it shuts this
 * device out), remote.h's.
 */
int account_log_refresh(struct box *box, struct remote *remote, struct err *err);

/**
 * After the person's yes: the server was set back, and its log ends at @length with @head.  This
 * terminal forgets the entries behind, which the server's log may now continue otherwise.
 * ERR_ALARM: it is not the beginning of the log that this terminal knows, or entries would be
 *   forgotten that changed the account's keys, shut a device out, or added this one.
 */
int account_log_cut(struct box *box, uint64_t length, const struct hash32 *head, struct err *err);

/* What a device has there, for `status`, `devices` and a blank terminal. */

struct account_newest {
	struct id16 device;
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	enum device_state state;
	int64_t added_at_unix_ms;
	int64_t last_seen_unix_ms; /* server time; 0: never */
	int64_t newest_at_unix_ms; /* client time of the newest batch; 0: none */
	uint64_t seq;
	uint64_t n_items;
	struct hash32 head;
	char head_words[ACCOUNT_HEAD_TEXT_BYTES]; /* "" while there is no batch */
};

/** One request.  Names come from the Box's PSK and log; a device that no log entry adds is passed by.
 *  @out has room for ACCOUNT_DEVICES_MAX.
 *  Logs in as the device where there is no token. */
int account_newest_read(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
			struct box *box, struct remote *remote, struct err *err);

/** The name of @device, from this terminal's copy of the log; "" if it cannot be told. */
void account_device_name(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct box *box,
			 const struct id16 *device);

/** The same of an account that is unlocked, by what each device signed: heads, signatures and dates
 *  are checked, and the numbers of items where the server can prove them.  ERR_ALARM. */
int account_newest_checked(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
			   struct unlocked *u, struct err *err);

/** Six words of a list of 1,024 from the first 60 bits of a head. */
void account_head_words(char out[static ACCOUNT_HEAD_TEXT_BYTES], const struct hash32 *head);

#endif
