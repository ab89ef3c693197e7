/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal: see seal.h.
 *
 * Invariants: an AEAD key is derived from one E and used by one `struct seal` (message 0, 1, 2 …,
 * each once) or for one blob (message 0).  Private keys, X25519 results and AEAD keys live in
 * guarded memory or on the stack, wiped before return.
 */
#include "crypto/seal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/aead.h"

/* One X25519 exchange, seen from either side. */
struct exchange {
	uint8_t e_public[CRYPTO_PUBLIC_BYTES];
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES];
	uint8_t shared[32];
};

static void
exchange_clear(struct exchange *x)
{
	secret_wipe(x, sizeof *x);
}
AUTO_OBJ(exchange_clear, struct exchange);

/* The sealer's side: a fresh E, forgotten at once. */
static int
exchange_new(struct exchange *x, const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES],
	     struct err *err)
{
	uint8_t e_private[32];
	bool proper;

	memcpy(x->aek_public, aek_public, sizeof x->aek_public);
	if (crypto_box_keypair(x->e_public, e_private) != 0)
		return err_set(err, ERR_INTERNAL, "no X25519 key pair");
	proper = crypto_scalarmult(x->shared, e_private, aek_public) == 0;
	secret_wipe(e_private, sizeof e_private);
	if (!proper)
		return err_set(err, ERR_AUTH, "the account's sealing key is not a proper key");
	return 0;
}

/* The account's side. */
static int
exchange_open(struct exchange *x, const struct secret *aek,
	      const uint8_t e_public[static CRYPTO_PUBLIC_BYTES], struct err *err)
{
	memcpy(x->e_public, e_public, sizeof x->e_public);
	if (keys_seal_public(x->aek_public, aek, err) < 0)
		return -1;
	if (crypto_scalarmult(x->shared, secret_bytes(aek), e_public) != 0)
		return err_set(err, ERR_AUTH, "a sealed piece names a key that is not proper");
	return 0;
}

#define EXCHANGE_FIELDS(x)                                                                         \
	DS_HASH32((x)->e_public), DS_HASH32((x)->aek_public), DS_HASH32((x)->shared)

/* An AEAD under KDF(PSK, …). */
static int
aead_of_psk(struct aead *a, enum aead_direction direction, const struct secret *psk, struct ds d,
	    struct err *err)
{
	uint8_t key[AEAD_KEY_BYTES];

	ds_kdf(key, secret_span(psk), d);
	int rc = aead_init(a, direction, key, err);
	secret_wipe(key, sizeof key);
	return rc;
}

/* Take back what was appended to @out since it had @before bytes. */
static int
take_back(struct buf *out, size_t before)
{
	out->n = before;
	if (out->p)
		out->p[before] = '\0';
	return -1;
}

/* Append what @a opens; nothing on failure. */
static int
open_append(struct aead *a, struct buf *out, uint64_t i, struct span sealed, struct span aad,
	    struct err *err)
{
	uint8_t *at;

	if (sealed.n < CRYPTO_TAG_BYTES)
		return err_set(err, ERR_FORMAT, "sealed bytes of impossible length (%zu)",
			       sealed.n);
	size_t before = out->n;
	if (buf_extend(out, sealed.n - CRYPTO_TAG_BYTES, &at, err) < 0)
		return -1;
	if (aead_open(a, at, i, sealed, aad, err) == 0)
		return 0;
	return take_back(out, before);
}

/* Batches */

struct seal {
	struct exchange x;
	const struct secret *psk; /* borrowed */
	struct aead aead;         /* from seal_start() on */
	uint64_t n_sealed;
};

int
seal_new(struct seal **out, const struct secret *psk,
	 const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES], struct err *err)
{
	AUTO(seal_free) struct seal *s = sodium_malloc(sizeof *s);

	if (!s)
		return err_nomem(err);
	memset(s, 0, sizeof *s);
	s->psk = psk;
	if (exchange_new(&s->x, aek_public, err) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}

void
seal_free(struct seal *s)
{
	if (!s)
		return;
	aead_clear(&s->aead);
	sodium_free(s);
}

const uint8_t *
seal_e_public(const struct seal *s)
{
	return s->x.e_public;
}

static int
batch_aead(struct aead *a, enum aead_direction direction, const struct secret *psk,
	   const struct exchange *x, struct span header, struct err *err)
{
	return aead_of_psk(a, direction, psk, DS(DS_SEAL, EXCHANGE_FIELDS(x), DS_SPAN(header)),
			   err);
}

int
seal_start(struct seal *s, struct span header, struct err *err)
{
	assert(!s->aead.ctx); /* a second header under one E would be a second use of nonce 0 … */
	return batch_aead(&s->aead, AEAD_SEAL, s->psk, &s->x, header, err);
}

uint64_t
seal_count(const struct seal *s)
{
	return s->n_sealed;
}

int
seal_record(struct seal *s, struct buf *out, struct span plain, struct span aad, struct err *err)
{
	uint8_t *at;

	assert(s->aead.ctx);
	if (s->n_sealed >= SEAL_RECORDS_MAX || plain.n > AEAD_BYTES_MAX || aad.n > AEAD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "too much for one batch");
	size_t before = out->n;
	if (buf_extend(out, plain.n + CRYPTO_TAG_BYTES, &at, err) < 0)
		return -1;
	/* Counted before the key is used: a failure inside never lets an index be used twice. */
	if (aead_seal(&s->aead, at, s->n_sealed++, plain, aad, err) < 0)
		return take_back(out, before);
	return 0;
}

struct seal_open {
	struct aead aead;
};

static int
seal_open_start(struct seal_open **out, const struct secret *psk, const struct exchange *x,
		struct span header, struct err *err)
{
	AUTO(seal_open_free) struct seal_open *o = calloc(1, sizeof *o);

	if (!o)
		return err_nomem(err);
	if (batch_aead(&o->aead, AEAD_OPEN, psk, x, header, err) < 0)
		return -1;
	*out = TAKE(o);
	return 0;
}

int
seal_open_own(struct seal_open **out, const struct seal *s, struct span header, struct err *err)
{
	return seal_open_start(out, s->psk, &s->x, header, err);
}

int
seal_open_new(struct seal_open **out, const struct secret *psk, const struct secret *aek,
	      const uint8_t e_public[static CRYPTO_PUBLIC_BYTES], struct span header,
	      struct err *err)
{
	AUTO(exchange_clear) struct exchange x = { 0 };

	if (exchange_open(&x, aek, e_public, err) < 0)
		return -1;
	return seal_open_start(out, psk, &x, header, err);
}

void
seal_open_free(struct seal_open *o)
{
	if (!o)
		return;
	aead_clear(&o->aead);
	free(o);
}

int
seal_open_record(struct seal_open *o, struct buf *out, uint64_t i, struct span sealed,
		 struct span aad, struct err *err)
{
	return open_append(&o->aead, out, i, sealed, aad, err);
}

/* Blobs: E.pub ‖ AEAD, message 0 under a key of its own; the place is in the key, so no AAD. */

static int
blob_seal(struct buf *out, const struct exchange *x, struct aead *a, struct span plain,
	  struct err *err)
{
	uint8_t *at;

	size_t before = out->n;
	if (buf_extend(out, plain.n + SEAL_BLOB_OVERHEAD_BYTES, &at, err) < 0)
		return -1;
	memcpy(at, x->e_public, CRYPTO_PUBLIC_BYTES);
	if (aead_seal(a, at + CRYPTO_PUBLIC_BYTES, 0, plain, span_of(NULL, 0), err) < 0)
		return take_back(out, before);
	return 0;
}

static int
blob_exchange(struct exchange *x, const struct secret *aek, struct span sealed, struct err *err)
{
	if (sealed.n < SEAL_BLOB_OVERHEAD_BYTES)
		return err_set(err, ERR_FORMAT, "sealed bytes of impossible length (%zu)",
			       sealed.n);
	return exchange_open(x, aek, sealed.p, err);
}

static int
blob_open(struct buf *out, struct aead *a, struct span sealed, struct err *err)
{
	return open_append(a, out, 0, span_skip(sealed, CRYPTO_PUBLIC_BYTES), span_of(NULL, 0),
			   err);
}

static int
chunk_aead(struct aead *a, enum aead_direction direction, const struct secret *psk,
	   const struct exchange *x, const struct seal_chunk_place *p, struct err *err)
{
	return aead_of_psk(a, direction, psk,
			   DS(DS_CHUNK_SEAL, EXCHANGE_FIELDS(x), DS_NUM(CRYPTO_SUITE),
			      DS_ID(p->account), DS_ID(p->device), DS_NUM(p->epoch),
			      DS_NUM(p->class), DS_HASH32(p->cid)),
			   err);
}

int
seal_chunk(struct buf *out, const struct secret *psk,
	   const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES],
	   const struct seal_chunk_place *place, struct span plain, struct err *err)
{
	AUTO(exchange_clear) struct exchange x = { 0 };
	AUTO(aead_clear) struct aead a = { 0 };

	if (exchange_new(&x, aek_public, err) < 0 ||
	    chunk_aead(&a, AEAD_SEAL, psk, &x, place, err) < 0)
		return -1;
	return blob_seal(out, &x, &a, plain, err);
}

int
seal_open_chunk(struct buf *out, const struct secret *psk, const struct secret *aek,
		const struct seal_chunk_place *place, struct span sealed, struct err *err)
{
	AUTO(exchange_clear) struct exchange x = { 0 };
	AUTO(aead_clear) struct aead a = { 0 };

	if (blob_exchange(&x, aek, sealed, err) < 0 ||
	    chunk_aead(&a, AEAD_OPEN, psk, &x, place, err) < 0)
		return -1;
	return blob_open(out, &a, sealed, err);
}

static int
kept_aead(struct aead *a, enum aead_direction direction, const struct secret *psk,
	  const struct exchange *x, const struct seal_kept_place *p, struct err *err)
{
	return aead_of_psk(a, direction, psk,
			   DS(DS_KEPT, EXCHANGE_FIELDS(x), DS_ID(p->account), DS_ID(p->device),
			      DS_SPAN(p->restore), DS_ID(p->item)),
			   err);
}

int
seal_kept(struct buf *out, const struct secret *psk,
	  const uint8_t aek_public[static CRYPTO_PUBLIC_BYTES], const struct seal_kept_place *place,
	  struct span plain, struct err *err)
{
	AUTO(exchange_clear) struct exchange x = { 0 };
	AUTO(aead_clear) struct aead a = { 0 };

	if (exchange_new(&x, aek_public, err) < 0 ||
	    kept_aead(&a, AEAD_SEAL, psk, &x, place, err) < 0)
		return -1;
	return blob_seal(out, &x, &a, plain, err);
}

int
seal_open_kept(struct buf *out, const struct secret *psk, const struct secret *aek,
	       const struct seal_kept_place *place, struct span sealed, struct err *err)
{
	AUTO(exchange_clear) struct exchange x = { 0 };
	AUTO(aead_clear) struct aead a = { 0 };

	if (blob_exchange(&x, aek, sealed, err) < 0 ||
	    kept_aead(&a, AEAD_OPEN, psk, &x, place, err) < 0)
		return -1;
	return blob_open(out, &a, sealed, err);
}
