/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: the tree of keys below the account's root secret.
 *
 *     ARS  (32 random bytes)                    only while unlocked
 *      ├ "acct-sign"         ASK  Ed25519       signs the account log
 *      ├ "acct-seal"         AEK  X25519        opens what was sealed; devices hold the public half
 *      ├ "seal-psk"          PSK                every device; mixed into every seal
 *      ├ "device-psk", dev   DPS                one per device: carries the next PSK to it
 *      └ "device-ids", dev   D                  one per device, for its life
 *          ├ "folder", app / "item", app, native id      the ids that the server sees
 *          └ "chunk-id", "splitter", "state"             keys of chunk ids, cutting, box.db
 *
 * A device holds AEK.pub, PSK, DPS, D and its own DSK; never the ARS.
 */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include "crypto/secret.h"
#include "crypto/sign.h"

/* What an unlocked account holds.  Read-only to everybody but keys.c. */
struct account_keys {
	struct secret *ars;
	struct sign_key *ask;
	struct secret *aek; /* the private half */
	struct secret *psk;
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES];
};

/** All keys that follow from @ars alone; keeps a copy of it.  ERR_NOMEM. */
int account_keys_new(struct account_keys **out, const struct secret *ars, struct err *err);
void account_keys_free(struct account_keys *k);
AUTO_PTR(account_keys_free, struct account_keys);

/** DPS of @device (CRYPTO_ID_BYTES).  The caller owns *out.  ERR_NOMEM. */
int account_device_psk(struct secret **out, const struct account_keys *k,
		       const uint8_t device[static CRYPTO_ID_BYTES], struct err *err);

/** D of @device; @k must be those of the epoch in which the device was added.  ERR_NOMEM. */
int account_device_root(struct secret **out, const struct account_keys *k,
			const uint8_t device[static CRYPTO_ID_BYTES], struct err *err);

/** The account's id: the first 16 of H(DS("account", suite, ASK_0.pub)), ASK_0 being the first
 *  ASK it ever had. */
void keys_account_id(uint8_t out[static CRYPTO_ID_BYTES],
		     const uint8_t first_ask_public[static CRYPTO_PUBLIC_BYTES]);

/** KDF(k, "check"): stands in add_device and rotate entries; compared at every start.  @k is PSK
 *  or D. */
void keys_check(uint8_t out[static CRYPTO_HASH_BYTES], const struct secret *k);

/* What follows from D.  Read-only to everybody but keys.c. */
struct device_keys {
	struct secret *root;     /* D */
	struct secret *chunk_id; /* HMAC key of chunk ids */
	struct secret *splitter; /* content-defined cutting */
	struct secret *state;    /* keyed hashes in box.db */
};

/** @root is D; a copy is kept.  ERR_NOMEM. */
int device_keys_new(struct device_keys **out, const struct secret *root, struct err *err);
void device_keys_free(struct device_keys *k);
AUTO_PTR(device_keys_free, struct device_keys);

/** The id by which the server knows the app's folder; @app: "contacts". */
void
keys_folder_id(uint8_t out[static CRYPTO_ID_BYTES], const struct device_keys *k, struct span app);

/** The id by which the server knows the item; @native_id: the app's own id, any bytes. */
void keys_item_id(uint8_t out[static CRYPTO_ID_BYTES], const struct device_keys *k, struct span app,
		  struct span native_id);

/** cid = HMAC-SHA-256(chunk-id key, DS("chunk", class) ‖ plaintext).  ERR_NOMEM. */
int keys_chunk_id(uint8_t out[static CRYPTO_HASH_BYTES], const struct device_keys *k, uint8_t class,
		  struct span plaintext, struct err *err);

/** KDF(state key, "content", content): what box.db keeps of an item's current version. */
void keys_content_hash(uint8_t out[static CRYPTO_HASH_BYTES], const struct device_keys *k,
		       struct span content);

/** The public half of an X25519 key.  ERR_AUTH cannot happen with a derived key but is checked. */
int keys_seal_public(uint8_t public_key[static CRYPTO_PUBLIC_BYTES],
		     const struct secret *private_key, struct err *err);

/* What a passphrase or a recovery code gives: a key that opens the wrap, and a login. */
struct unlock_keys {
	struct secret *kek;     /* KEK_p or KEK_r */
	struct sign_key *login; /* its public half is known to the server */
};

/** From @root (mk or rk) by the two labels.  For passphrase.c and recovery.c.  ERR_NOMEM. */
int unlock_keys_new(struct unlock_keys **out, struct span root, enum ds_label kek,
		    enum ds_label login, struct err *err);
/** The same from the two secrets themselves, which are copied.  For a held session. */
int unlock_keys_from(struct unlock_keys **out, const struct secret *kek,
		     const struct secret *login_seed, struct err *err);
void unlock_keys_free(struct unlock_keys *k);
AUTO_PTR(unlock_keys_free, struct unlock_keys);

#endif
