/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap: the account's root secret under a passphrase or a recovery code, kept by the server;
 * box: a small secret or name under one of our keys, in log entries.
 *
 * A wrap commits to its key: `commit` is compared before anything is decrypted, so no server can
 * craft one wrap that opens differently under two passphrases.  All of it and the account are
 * authenticated.  Byte tables: docs/formats/keys.md.
 */
#ifndef CRYPTO_WRAP_H
#define CRYPTO_WRAP_H

#include "crypto/passphrase.h"

enum wrap_kind {
	WRAP_PASSPHRASE = 1,
	WRAP_RECOVERY = 2, /* cost and salt are zero */
};

#define WRAP_BYTES 154

struct wrap {
	enum wrap_kind kind;
	struct passphrase_cost cost;
	uint8_t salt[PASSPHRASE_SALT_BYTES];
	uint64_t epoch;
	uint64_t log_length; /* of the account log when the wrap was made: a shorter one is an alarm
			      */
	uint8_t w[32];
	uint8_t commit[CRYPTO_HASH_BYTES];
	uint8_t sealed[SECRET_BYTES + CRYPTO_TAG_BYTES];
};

/**
 * Wrap @ars under @kek.
 * @w        kind, cost, salt, epoch and log_length are given by the caller (for a passphrase those
 *           from which @kek was made; zeros with a recovery code); the rest is filled in.
 * @account  CRYPTO_ID_BYTES.
 * @return 0, or -1: ERR_NOMEM, ERR_INTERNAL.
 */
int
wrap_make(struct wrap *w, const struct secret *kek, const uint8_t account[static CRYPTO_ID_BYTES],
	  const struct secret *ars, struct err *err);

/** The ARS in @w.  ERR_LOCKED: made for another key (wrong passphrase or code), or its parameters,
 *  epoch, log length or account were changed.  ERR_AUTH: the sealed part was changed.  ERR_NOMEM.
 */
int wrap_open(struct secret **ars, const struct wrap *w, const struct secret *kek,
	      const uint8_t account[static CRYPTO_ID_BYTES], struct err *err);

void wrap_encode(uint8_t out[static WRAP_BYTES], const struct wrap *w);

/** ERR_FORMAT (length, kind, a recovery wrap with cost or salt), ERR_UNSUPPORTED (suite).  The cost
 *  is judged by passphrase_unlock(), not here. */
int wrap_decode(struct wrap *w, struct span bytes, struct err *err);

/* w, and the AEAD's tag */
#define BOX_OVERHEAD_BYTES (32 + CRYPTO_TAG_BYTES)

/**
 * Append box(k, label, f…; plain), plain.n + BOX_OVERHEAD_BYTES.
 * @what  DS(DS_NAME, DS_ID(device), DS_NUM(epoch)) and the like: a label of use BOX and its f….
 * @return 0, or -1: ERR_LIMIT (@out's ceiling), ERR_NOMEM.
 */
int wrap_box_seal(struct buf *out, const struct secret *k,
		  const uint8_t account[static CRYPTO_ID_BYTES], struct ds what, struct span plain,
		  struct err *err);

/** @plain receives exactly @plain_bytes = box.n - BOX_OVERHEAD_BYTES (else ERR_FORMAT); zeros on
 *  failure.  ERR_AUTH: another key, account, label or f…, or damaged. */
int wrap_box_open(void *plain, size_t plain_bytes, const struct secret *k,
		  const uint8_t account[static CRYPTO_ID_BYTES], struct ds what, struct span box,
		  struct err *err);

#endif
