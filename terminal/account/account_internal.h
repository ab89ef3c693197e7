/* SPDX-License-Identifier: Apache-2.0 */
/* account_internal: what unlocking, founding and joining share. */
#ifndef ACCOUNT_ACCOUNT_INTERNAL_H
#define ACCOUNT_ACCOUNT_INTERNAL_H

#include <stdlib.h>

#include "account/account.h"
#include "account/log_copy.h"
#include "box/identity.h"
#include "crypto/wrap.h"
#include "remote/remote.h"

/* An entry is large (its rotated devices): on the heap.  NULL: no memory. */
struct log_entry *log_entry_new(void);
void log_entry_free(struct log_entry *e);
AUTO_PTR(log_entry_free, struct log_entry);

/* An account whose ARS was opened. */
struct unlocked {
	struct remote *remote; /* borrowed */
	struct id16 account;
	enum login_kind kind; /* by which it was unlocked, for logging in again */
	bool by_session;      /* nobody typed anything for it */
	struct unlock_keys *credential;
	struct log_state log;
	struct buf raw;             /* its entries */
	struct account_keys **keys; /* of epoch i + 1 */
	uint64_t n_keys;            /* = log.epoch */
	uint8_t passphrase_wrap[WRAP_BYTES];
	uint8_t recovery_wrap[WRAP_BYTES];
	unsigned called_off; /* by its login: unlocked_called_off() */
};

/** Empty; NULL: no memory. */
struct unlocked *unlocked_new(struct remote *remote);

/** Log in, fetch and open the wrap, fetch and verify the log.  @account NULL: the recovery code
 *  finds it.  Knows no Box. */
int unlocked_open(struct unlocked **out, struct remote *remote, const struct id16 *account,
		  const struct account_credential *with, struct err *err);

/** Fetch what the log gained and verify it. */
int unlocked_log_more(struct unlocked *u, struct err *err);

/** Refuse a log shorter than, or other than, the newest batch of any device names, and a server that
 *  leaves out a device; verifies those batches' signatures and puts what they say into @heads.  Before an entry is signed.  ERR_ALARM.
 *  @heads  what the server says of the devices; the caller clears it. */
int unlocked_check_heads(struct unlocked *u, struct wire_heads *heads, struct err *err);

/** @heads, which unlocked_check_heads() has checked, for people: the living ones (never more than
 *  find room), then as many of the others as do. */
void newest_of_heads(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
		     const struct unlocked *u, const struct wire_heads *heads);

/** Send @n signed entries (each appended with wire_log_append() to @entries too) and take them into
 *  the log.  @wraps NULL: no credentials change.  ERR_CONFLICT: somebody else was faster; the log
 *  was fetched anew, sign again. */
int unlocked_post(struct unlocked *u, const struct span *entries, uint8_t n,
		  const struct wire_wraps *wraps, struct err *err);

/** Present keys. */
const struct account_keys *unlocked_now(const struct unlocked *u);

/** A new wrap of @ars under @kek. */
int account_wrap(uint8_t out[static WRAP_BYTES], enum wrap_kind kind, struct passphrase_cost cost,
		 const uint8_t *salt, uint64_t epoch, uint64_t log_length, const struct secret *kek,
		 const struct id16 *account, const struct secret *ars, struct err *err);

/** A passphrase made into keys under a fresh salt. */
int account_new_passphrase(struct unlock_keys **out, uint8_t salt[static PASSPHRASE_SALT_BYTES],
			   struct passphrase_cost *cost, const struct passphrase *p,
			   const struct id16 *account, struct err *err);

/** A name that a device can have: UTF-8, 1 to ACCOUNT_DEVICE_NAME_MAX bytes, no control
 *  characters.  ERR_USAGE. */
int account_name_check(const char *name, struct err *err);

/** Its name from the log; "" where it cannot be opened with @psk of @epoch. */
void account_name_open(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], const struct log_device *d,
		       const struct id16 *account, const struct secret *psk, uint64_t epoch);

/** ERR_EXISTS: the Box is in an account. */
int account_none_yet(struct box *box, struct err *err);

/* A device as it is to stand in the log. */
struct account_newcomer {
	struct id16 id;
	const uint8_t *dsk_public;
	const struct secret *root; /* D */
	const char *name;
};

/** The add_device entry that comes next in @s, but for both signatures.  @e borrows @name_box. */
int account_added_fill(struct log_entry *e, struct buf *name_box, const struct log_state *s,
		       const struct account_keys *keys, const struct account_newcomer *who,
		       struct err *err);

/** Give the Box the identity of @device, which @s has, with its @keys of that epoch; its copy of the
 *  log comes after (log_copy_adopt()). */
int account_settle(struct box *box, const struct remote *remote, const struct id16 *device,
		   const struct identity_keys *keys, const struct log_state *s, struct err *err);

/** Open with @psk the names of devices that were sealed under it in @epoch, and keep them: a rotation
 *  leaves those of shut-out devices behind. */
int names_keep(struct box *b, const struct log_state *s, const struct secret *psk, uint64_t epoch,
	       struct err *err);
/** All that @u opens and this terminal's own keys do not.  Where the disk is full, none. */
void names_keep_all(struct box *b, const struct unlocked *u);
/** The name of @device that was kept; "" if none was. */
void
name_kept(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct box *b, const struct id16 *device);

/** What entries from number @known on mean for this terminal: a recovery code that is no more, the
 *  server's new address.  Before the identity learns of them; twice does no harm. */
int log_news(struct box *b, const struct log_state *s, struct span raw, uint64_t known,
	     struct err *err);

/** The Box goes to the address @text from now on. */
int server_follow(struct box *box, const char *text, struct err *err);

/** Sign @what, of which only the members of its type are filled in, send it and adopt the log; again
 *  where somebody else was faster. */
int
unlocked_sign(struct unlocked *u, struct box *box, const struct log_entry *what, struct err *err);

/** After a person's login, which called off all that waited: *what (standing.h) it was.  @known: so
 *  long was the log that this terminal knew. */
int standing_called_off(unsigned *what, struct box *box, const struct log_state *now,
			struct span raw, uint64_t known, struct err *err);

/** A token that may read: the one of an unlocked account, or the device's own.  */
int account_login_put(struct box *b, struct remote *remote, struct err *err);

#endif
