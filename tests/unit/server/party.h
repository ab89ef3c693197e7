/* SPDX-License-Identifier: Apache-2.0 */
/*
 * party: an account with one device, as the server meets it: entries, batches and logins with real
 * signatures, around ciphertexts that are noise (the server cannot tell).
 */
#ifndef TESTS_SERVER_PARTY_H
#define TESTS_SERVER_PARTY_H

#include "format/batch.h"
#include "format/log.h"
#include "format/state.h"
#include "unit.h"
#include "wire/wire.h"

#define PARTY_ITEMS_MAX 4096

struct party {
	struct account_keys *keys;
	struct sign_key *dsk, *passphrase_login, *recovery_login;
	struct id16 account, device;
	struct hash32 device_hash; /* of the add_device entry: the first previous head */
	struct log_state log;
	struct buf create_entry, add_device_entry, passphrase_wrap, recovery_wrap;

	/* What the device believes the server has. */
	uint64_t seq;
	struct hash32 head;
	struct state_entry *items; /* live, ascending by item id */
	size_t n_items;
};

/** A new account; nothing is sent.  Every party has random keys. */
void party_init(struct party *p);
void party_clear(struct party *p);
AUTO_OBJ(party_clear, struct party);

/** The body of POST /v1/accounts. */
void party_registration(struct buf *out, const struct party *p, const struct id16 *invitation);

/** Append an entry of the party's own making, signed, to its log; its bytes are in @out. */
void party_sign_entry(struct buf *out, struct party *p, struct log_entry *e);

/** Make @p another device of its account, with nothing saved, and fill in @add for its log. */
void party_new_device(struct party *p, struct log_entry *add);

/* One record to be put into a batch. */
struct party_record {
	unsigned folder, item; /* numbers; the ids follow from them */
	bool tombstone;
	const struct hash32 *refs;
	size_t n_refs;
	size_t padded_bytes; /* 0: 64 */
};

struct id16 party_folder(unsigned n);
struct id16 party_item(unsigned n);

/* A batch in the making: change the prefix as you like, then party_batch_finish(). */
struct party_batch {
	struct batch_prefix prefix;
	struct buf frames;
	struct buf bytes; /* prefix and frames, once finished */
	struct hash32 head;
};

/** The next batch of @p with these records; roots, heads and seq are right.  @p goes on only with
 *  party_committed(). */
void party_batch_init(struct party_batch *b, struct party *p, const struct party_record *records,
		      size_t n);
/** Sign with @p's device key and join. */
void party_batch_finish(struct party_batch *b, const struct party *p);
void party_batch_clear(struct party_batch *b);
AUTO_OBJ(party_batch_clear, struct party_batch);

/** The server has taken @b: @p believes what it says now. */
void party_committed(struct party *p, const struct party_batch *b);

/** The state root once @b is committed. */
void party_state_root(struct hash32 *root, const struct party *p, const struct party_batch *b);

#endif
