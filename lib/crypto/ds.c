/* SPDX-License-Identifier: Apache-2.0 */
/* ds: see ds.h.  One walk over the encoding, ds_walk(), feeds every use. */
#include "crypto/ds.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/bytes.h"

#define DS_PREFIX "cloudbox1:"

/* What a box puts around its f…: KDF(k, label, w, f…), AAD DS(label, suite, account, f…, w). */
#define BOX_KDF_FIELDS 1
#define BOX_AAD_FIELDS 3

static const struct {
	const char *text;
	enum ds_use use;
	size_t n_fields;
} labels[DS_N_LABELS] = {
#define ROW_(name, label_text, label_use, fields)                                                  \
	[name] = { label_text, DS_USE_##label_use, fields },
	DS_LABELS(ROW_)
};

const char *
ds_label_text(enum ds_label label)
{
	assert(label < DS_N_LABELS);
	return labels[label].text;
}

enum ds_use
ds_label_use(enum ds_label label)
{
	assert(label < DS_N_LABELS);
	return labels[label].use;
}

static bool
fits(struct ds d, enum ds_use use, size_t box_fields)
{
	if (labels[d.label].use == DS_USE_BOX && box_fields)
		return d.n_fields == labels[d.label].n_fields + box_fields;
	return labels[d.label].use == use && d.n_fields == labels[d.label].n_fields;
}

typedef int ds_sink_fn(void *ctx, struct span bytes);

static int
walk_field(const struct ds_field *f, ds_sink_fn *sink, void *ctx)
{
	uint8_t length[4], number[8];
	struct span value = f->bytes;

	assert(f->is != DS_IS_NONE);
	if (f->is == DS_IS_NUMBER) {
		put_u64(number, f->number);
		value = SPAN_ARRAY(number);
	}
	assert(value.n <= UINT32_MAX);
	put_u32(length, (uint32_t)value.n);
	if (sink(ctx, SPAN_ARRAY(length)) < 0)
		return -1;
	return value.n ? sink(ctx, value) : 0;
}

static int
ds_walk(struct ds d, ds_sink_fn *sink, void *ctx)
{
	const char *text = labels[d.label].text;

	if (sink(ctx, span_str(DS_PREFIX)) < 0 || sink(ctx, span_of(text, strlen(text) + 1)) < 0)
		return -1;
	for (size_t i = 0; i < d.n_fields; i++)
		if (walk_field(&d.fields[i], sink, ctx) < 0)
			return -1;
	return 0;
}

static int
hash_sink(void *ctx, struct span bytes)
{
	return crypto_generichash_update(ctx, bytes.p, bytes.n);
}

static void
blake2b(uint8_t out[static CRYPTO_HASH_BYTES], struct span key, struct ds d)
{
	crypto_generichash_state state;

	/* These fail only for sizes out of range, which are ours. */
	int rc = crypto_generichash_init(&state, key.p, key.n, CRYPTO_HASH_BYTES);
	rc |= ds_walk(d, hash_sink, &state);
	rc |= crypto_generichash_final(&state, out, CRYPTO_HASH_BYTES);
	assert(rc == 0);
	sodium_memzero(&state, sizeof state);
	(void)rc;
}

void
ds_hash(uint8_t out[static CRYPTO_HASH_BYTES], struct ds d)
{
	assert(fits(d, DS_USE_HASH, 0));
	blake2b(out, span_of(NULL, 0), d);
}

void
ds_kdf(uint8_t out[static CRYPTO_HASH_BYTES], struct span key, struct ds d)
{
	assert(fits(d, DS_USE_KDF, BOX_KDF_FIELDS));
	assert(key.n >= crypto_generichash_KEYBYTES_MIN &&
	       key.n <= crypto_generichash_KEYBYTES_MAX);
	blake2b(out, key, d);
}

static int
mac_sink(void *ctx, struct span bytes)
{
	return EVP_MAC_update(ctx, bytes.p, bytes.n) == 1 ? 0 : -1;
}

static int
hmac(uint8_t out[static CRYPTO_HASH_BYTES], EVP_MAC_CTX *ctx, struct span key, struct ds d,
     struct span tail)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t n = 0;

	if (EVP_MAC_init(ctx, key.p, key.n, params) != 1 || ds_walk(d, mac_sink, ctx) < 0 ||
	    (tail.n && mac_sink(ctx, tail) < 0) ||
	    EVP_MAC_final(ctx, out, &n, CRYPTO_HASH_BYTES) != 1 || n != CRYPTO_HASH_BYTES)
		return -1;
	return 0;
}

int
ds_hmac(uint8_t out[static CRYPTO_HASH_BYTES], struct span key, struct ds d, struct span tail,
	struct err *err)
{
	assert(fits(d, DS_USE_HMAC, 0));
	/* OpenSSL's SHA-256 uses the processor's instructions, libsodium's does not. */
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	int rc = ctx ? hmac(out, ctx, key, d, tail) : -1;

	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return rc < 0 ? err_nomem(err) : 0;
}

struct encoding {
	struct buf *out;
	struct err *err;
};

static int
encode_sink(void *ctx, struct span bytes)
{
	struct encoding *e = ctx;

	return buf_append(e->out, bytes, e->err);
}

int
ds_encode(struct buf *out, struct ds d, struct err *err)
{
	assert(fits(d, DS_USE_AAD, BOX_AAD_FIELDS) || fits(d, DS_USE_SIGN, 0));
	struct encoding e = { out, err };
	size_t before = out->n;

	if (ds_walk(d, encode_sink, &e) == 0)
		return 0;
	out->n = before;
	if (out->p)
		out->p[before] = '\0';
	return -1;
}
