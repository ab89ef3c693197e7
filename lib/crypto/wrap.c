/* SPDX-License-Identifier: Apache-2.0 */
/* wrap, box: see wrap.h. */
#include "crypto/wrap.h"

#include <assert.h>
#include <sodium.h>

#include "base/bytes.h"
#include "crypto/aead.h"

#define W_BYTES 32

/* AAD of a wrap or a box: at most ten short fields. */
#define AAD_BYTES_MAX 1024

static void
wrap_commit(uint8_t out[static CRYPTO_HASH_BYTES], const struct wrap *w, const struct secret *kek,
	    const uint8_t account[static CRYPTO_ID_BYTES])
{
	ds_kdf(out, secret_span(kek),
	       DS(DS_WRAP_COMMIT, DS_BYTES(w->w, W_BYTES), DS_NUM(CRYPTO_SUITE), DS_NUM(w->kind),
		  DS_NUM(w->cost.memory_kib), DS_NUM(w->cost.passes), DS_ID(w->salt),
		  DS_ID(account), DS_NUM(w->epoch), DS_NUM(w->log_length)));
}

static int
wrap_aad(struct buf *out, const struct wrap *w, const uint8_t account[static CRYPTO_ID_BYTES],
	 struct err *err)
{
	return ds_encode(out,
			 DS(DS_WRAP_AAD, DS_NUM(CRYPTO_SUITE), DS_NUM(w->kind),
			    DS_NUM(w->cost.memory_kib), DS_NUM(w->cost.passes), DS_ID(w->salt),
			    DS_BYTES(w->w, W_BYTES), DS_HASH32(w->commit), DS_ID(account),
			    DS_NUM(w->epoch), DS_NUM(w->log_length)),
			 err);
}

/* The AEAD key KDF(k, …), used for message 0 and nothing else: w in it is fresh. */
static int
aead_of_kdf(struct aead *a, enum aead_direction direction, const struct secret *k, struct ds d,
	    struct err *err)
{
	uint8_t key[AEAD_KEY_BYTES];

	ds_kdf(key, secret_span(k), d);
	int rc = aead_init(a, direction, key, err);
	secret_wipe(key, sizeof key);
	return rc;
}

int
wrap_make(struct wrap *w, const struct secret *kek, const uint8_t account[static CRYPTO_ID_BYTES],
	  const struct secret *ars, struct err *err)
{
	AUTO(buf_clear) struct buf aad = BUF_INIT(AAD_BYTES_MAX);
	AUTO(aead_clear) struct aead a = { 0 };

	randombytes_buf(w->w, sizeof w->w);
	wrap_commit(w->commit, w, kek, account);
	if (wrap_aad(&aad, w, account, err) < 0 ||
	    aead_of_kdf(&a, AEAD_SEAL, kek, DS(DS_WRAP, DS_BYTES(w->w, W_BYTES)), err) < 0)
		return -1;
	return aead_seal(&a, w->sealed, 0, secret_span(ars), buf_span(&aad), err);
}

int
wrap_open(struct secret **ars, const struct wrap *w, const struct secret *kek,
	  const uint8_t account[static CRYPTO_ID_BYTES], struct err *err)
{
	AUTO(buf_clear) struct buf aad = BUF_INIT(AAD_BYTES_MAX);
	AUTO(aead_clear) struct aead a = { 0 };
	uint8_t commit[CRYPTO_HASH_BYTES], bytes[SECRET_BYTES];

	wrap_commit(commit, w, kek, account);
	if (!crypto_equal(commit, w->commit, sizeof commit)) {
		if (w->kind == WRAP_RECOVERY)
			err_set(err, ERR_LOCKED, "the recovery code does not open this account");
		else
			err_set(err, ERR_LOCKED, "the passphrase does not open this account");
		return err_hint(err, "check it and try again; if it is surely right, the server "
				     "gave out a damaged key");
	}
	if (wrap_aad(&aad, w, account, err) < 0 ||
	    aead_of_kdf(&a, AEAD_OPEN, kek, DS(DS_WRAP, DS_BYTES(w->w, W_BYTES)), err) < 0)
		return -1;
	if (aead_open(&a, bytes, 0, SPAN_ARRAY(w->sealed), buf_span(&aad), err) < 0)
		return err_wrap(err, "the account's key, as the server keeps it");
	int rc = secret_from_bytes(ars, bytes, err);
	secret_wipe(bytes, sizeof bytes);
	return rc;
}

/*
 *   0  1 suite        26  8 epoch              42 32 w
 *   1  1 kind         34  8 log length         74 32 commit
 *   2  4 memory_kib                           106 48 sealed ARS
 *   6  4 passes
 *  10 16 salt
 */
void
wrap_encode(uint8_t out[static WRAP_BYTES], const struct wrap *w)
{
	out[0] = CRYPTO_SUITE;
	out[1] = (uint8_t)w->kind;
	put_u32(out + 2, w->cost.memory_kib);
	put_u32(out + 6, w->cost.passes);
	memcpy(out + 10, w->salt, sizeof w->salt);
	put_u64(out + 26, w->epoch);
	put_u64(out + 34, w->log_length);
	memcpy(out + 42, w->w, sizeof w->w);
	memcpy(out + 74, w->commit, sizeof w->commit);
	memcpy(out + 106, w->sealed, sizeof w->sealed);
	static_assert(106 + sizeof w->sealed == WRAP_BYTES, "the table above is whole");
}

static int
wrap_check(const struct wrap *w, struct err *err)
{
	if (w->kind != WRAP_PASSPHRASE && w->kind != WRAP_RECOVERY)
		return err_set(err, ERR_UNSUPPORTED, "wrap: kind %u is unknown to this version",
			       (unsigned)w->kind);
	if (w->kind == WRAP_RECOVERY &&
	    (w->cost.memory_kib || w->cost.passes || !sodium_is_zero(w->salt, sizeof w->salt)))
		return err_set(err, ERR_FORMAT, "wrap: a recovery code has no cost and no salt");
	return 0;
}

int
wrap_decode(struct wrap *w, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes);
	uint8_t suite = read_u8(&r);
	struct wrap got = { .kind = (enum wrap_kind)read_u8(&r) };

	got.cost.memory_kib = read_u32(&r);
	got.cost.passes = read_u32(&r);
	read_bytes(&r, got.salt, sizeof got.salt);
	got.epoch = read_u64(&r);
	got.log_length = read_u64(&r);
	read_bytes(&r, got.w, sizeof got.w);
	read_bytes(&r, got.commit, sizeof got.commit);
	read_bytes(&r, got.sealed, sizeof got.sealed);
	if (bytes.n && crypto_suite_check(suite, "wrap", err) < 0)
		return -1;
	if (reader_done(&r, "wrap", err) < 0 || wrap_check(&got, err) < 0)
		return -1;
	*w = got;
	return 0;
}

/* The fields around a box's f…. */
#define BOX_FIELDS_MAX 8

static struct ds
box_kdf(struct ds_field fields[static BOX_FIELDS_MAX], struct ds what,
	const uint8_t w[static W_BYTES])
{
	assert(ds_label_use(what.label) == DS_USE_BOX && what.n_fields + 1 <= BOX_FIELDS_MAX);
	fields[0] = DS_BYTES(w, W_BYTES);
	memcpy(fields + 1, what.fields, what.n_fields * sizeof *fields);
	return (struct ds){ what.label, fields, what.n_fields + 1 };
}

static int
box_aad(struct buf *out, struct ds what, const uint8_t account[static CRYPTO_ID_BYTES],
	const uint8_t w[static W_BYTES], struct err *err)
{
	struct ds_field fields[BOX_FIELDS_MAX];

	assert(what.n_fields + 3 <= BOX_FIELDS_MAX);
	fields[0] = DS_NUM(CRYPTO_SUITE);
	fields[1] = DS_ID(account);
	memcpy(fields + 2, what.fields, what.n_fields * sizeof *fields);
	fields[what.n_fields + 2] = DS_BYTES(w, W_BYTES);
	return ds_encode(out, (struct ds){ what.label, fields, what.n_fields + 3 }, err);
}

int
wrap_box_seal(struct buf *out, const struct secret *k,
	      const uint8_t account[static CRYPTO_ID_BYTES], struct ds what, struct span plain,
	      struct err *err)
{
	AUTO(buf_clear) struct buf aad = BUF_INIT(AAD_BYTES_MAX);
	AUTO(aead_clear) struct aead a = { 0 };
	struct ds_field fields[BOX_FIELDS_MAX];
	uint8_t w[W_BYTES], *at;

	randombytes_buf(w, sizeof w);
	if (buf_reserve(out, plain.n + BOX_OVERHEAD_BYTES, err) < 0 ||
	    box_aad(&aad, what, account, w, err) < 0 ||
	    aead_of_kdf(&a, AEAD_SEAL, k, box_kdf(fields, what, w), err) < 0 ||
	    buf_extend(out, plain.n + BOX_OVERHEAD_BYTES, &at, err) < 0)
		return -1;
	memcpy(at, w, W_BYTES);
	if (aead_seal(&a, at + W_BYTES, 0, plain, buf_span(&aad), err) == 0)
		return 0;
	out->n -= plain.n + BOX_OVERHEAD_BYTES;
	return -1;
}

int
wrap_box_open(void *plain, size_t plain_bytes, const struct secret *k,
	      const uint8_t account[static CRYPTO_ID_BYTES], struct ds what, struct span box,
	      struct err *err)
{
	AUTO(buf_clear) struct buf aad = BUF_INIT(AAD_BYTES_MAX);
	AUTO(aead_clear) struct aead a = { 0 };
	struct ds_field fields[BOX_FIELDS_MAX];

	if (plain_bytes)
		memset(plain, 0, plain_bytes);
	if (box.n < BOX_OVERHEAD_BYTES || box.n - BOX_OVERHEAD_BYTES != plain_bytes)
		return err_set(err, ERR_FORMAT, "a box \"%s\" of impossible length (%zu)",
			       ds_label_text(what.label), box.n);
	if (box_aad(&aad, what, account, box.p, err) < 0 ||
	    aead_of_kdf(&a, AEAD_OPEN, k, box_kdf(fields, what, box.p), err) < 0)
		return -1;
	if (aead_open(&a, plain, 0, span_skip(box, W_BYTES), buf_span(&aad), err) < 0)
		return err_wrap(err, "box \"%s\"", ds_label_text(what.label));
	return 0;
}
