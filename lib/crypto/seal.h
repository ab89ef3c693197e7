/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal: sealing to the account (AEK.pub and PSK), opening with AEK's private half and PSK.
 *
 * Every seal makes a fresh X25519 pair E, so every AEAD key is used for one batch, one chunk or one
 * kept blob only; the nonce is the record's index, which the context counts.  No function takes a
 * nonce.  AEAD: ChaCha20-Poly1305 (RFC 8439), nonce = 0^4 ‖ LE64(i).
 *
 *     seal_new --seal_start(header)--> seal_record*  --seal_open_own(header read back)--> check
 *        E.pub goes into the header                                      seal_free wipes the keys
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/buf.h"
#include "crypto/keys.h"

#define SEAL_RECORDS_MAX UINT32_MAX /* far above any batch's limit */

struct seal;      /* opaque, guarded memory; cannot be copied */
struct seal_open; /* opaque, guarded memory */

/** A context for one batch with a fresh E.  @psk is borrowed until seal_free().  ERR_NOMEM. */
int seal_new(struct seal **out, const struct secret *psk,
	     const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES], struct err *err);
void seal_free(struct seal *s);
AUTO_PTR(seal_free, struct seal);

/** E.pub, CRYPTO_PUBLIC_BYTES, for the header. */
const uint8_t *seal_e_public(const struct seal *s);

/** K_b from the batch's complete header.  Once per context.  ERR_AUTH: AEK.pub is no proper key. */
int seal_start(struct seal *s, struct span header, struct err *err);

/** The index of the next record: how many were sealed. */
uint64_t seal_count(const struct seal *s);

/**
 * Seal the next record: appends plain.n + CRYPTO_TAG_BYTES to @out.
 * @aad  DS("rec", i, …) encoded, with i = seal_count() before the call.
 * @return 0, or -1: ERR_LIMIT (@out's ceiling; nothing was sealed, the index stays), ERR_INTERNAL.
 */
int
seal_record(struct seal *s, struct buf *out, struct span plain, struct span aad, struct err *err);

/** An opener for what @s sealed, under the @header as it was read back from the journal: the check
 *  before the bytes are trusted. */
int
seal_open_own(struct seal_open **out, const struct seal *s, struct span header, struct err *err);

/** An opener for a batch.  @aek the private half, @e_public from @header.  ERR_AUTH: E.pub is no
 *  proper key.  ERR_NOMEM. */
int seal_open_new(struct seal_open **out, const struct secret *psk, const struct secret *aek,
		  const uint8_t e_public[static CRYPTO_PUBLIC_BYTES], struct span header,
		  struct err *err);
void seal_open_free(struct seal_open *o);
AUTO_PTR(seal_open_free, struct seal_open);

/** Open record @i: appends the plaintext to @out; nothing is appended on failure.  ERR_AUTH: not
 *  this record of this batch, or damaged.  ERR_FORMAT: shorter than a tag. */
int seal_open_record(struct seal_open *o, struct buf *out, uint64_t i, struct span sealed,
		     struct span aad, struct err *err);

/* Chunks and kept blobs: E.pub ‖ AEAD, one key each. */
#define SEAL_BLOB_OVERHEAD_BYTES (CRYPTO_PUBLIC_BYTES + CRYPTO_TAG_BYTES)

/* Where a chunk belongs; pointers are borrowed. */
struct seal_chunk_place {
	const uint8_t *account; /* CRYPTO_ID_BYTES */
	const uint8_t *device;  /* CRYPTO_ID_BYTES */
	uint64_t epoch;
	uint8_t class;
	const uint8_t *cid; /* CRYPTO_HASH_BYTES */
};

/** Append E.pub ‖ AEAD(K_c, plain): the object from its E.pub on.  ERR_LIMIT, ERR_NOMEM, ERR_AUTH
 *  (AEK.pub is no proper key). */
int seal_chunk(struct buf *out, const struct secret *psk,
	       const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES],
	       const struct seal_chunk_place *place, struct span plain, struct err *err);

/** Append the plaintext of E.pub ‖ AEAD.  Nothing is appended on failure: ERR_AUTH, ERR_FORMAT. */
int seal_open_chunk(struct buf *out, const struct secret *psk, const struct secret *aek,
		    const struct seal_chunk_place *place, struct span sealed, struct err *err);

/* Where an original or a held value belongs; pointers are borrowed. */
struct seal_kept_place {
	const uint8_t *account; /* CRYPTO_ID_BYTES */
	const uint8_t *device;  /* CRYPTO_ID_BYTES */
	struct span restore;    /* the restore's id */
	const uint8_t *item;    /* CRYPTO_ID_BYTES */
};

int seal_kept(struct buf *out, const struct secret *psk,
	      const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES],
	      const struct seal_kept_place *place, struct span plain, struct err *err);
int seal_open_kept(struct buf *out, const struct secret *psk, const struct secret *aek,
		   const struct seal_kept_place *place, struct span sealed, struct err *err);

#endif
