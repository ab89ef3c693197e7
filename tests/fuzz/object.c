/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: what a chunk holds, entered after decryption: the input is sealed with a fixed key, as
 * somebody who has the keys could do, and opened.  The same input as a plaintext comes back.
 */
#include "chunk/object.h"
#include "crypto/crypto.h"
#include "fuzz.h"

static struct account_keys *keys;
static struct device_keys *device;
static struct object_sealer *sealer;

static void
start(void)
{
	const uint8_t seed[SECRET_BYTES] = { 7 };
	AUTO(secret_free) struct secret *s = NULL;

	if (sealer)
		return;
	FUZZ_TRUE(crypto_init(NULL) == 0 && secret_from_bytes(&s, seed, NULL) == 0);
	FUZZ_TRUE(account_keys_new(&keys, s, NULL) == 0 && device_keys_new(&device, s, NULL) == 0);
	FUZZ_TRUE(object_sealer_new(&sealer, NULL) == 0);
}

static void
comes_back(const struct object_keys *k, enum chunk_class class, struct span plain)
{
	struct span object, got;
	struct hash32 cid;

	if (plain.n == 0 || chunk_class_check((uint8_t) class, NULL) < 0)
		return;
	FUZZ_TRUE(object_cid(&cid, k, class, plain, NULL) == 0);
	FUZZ_TRUE(object_seal(sealer, &object, k, class, &cid, plain, NULL) == 0);
	AUTO(free) uint8_t *copy = fuzz_copy(object);
	FUZZ_TRUE(object_open(sealer, &got, k, class, &cid, span_of(copy, object.n), NULL) == 0);
	FUZZ_TRUE(span_equal(got, plain));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf object = BUF_INIT(2 * OBJECT_BYTES_MAX);
	struct reader r = reader_of(span_of(data, n));
	enum chunk_class class = (enum chunk_class)(read_u8(&r) % 8);
	struct hash32 cid = { { 1 } };
	struct span plain;

	start();
	const struct object_keys k = { .epoch = 1,
				       .psk = keys->psk,
				       .aek_public = keys->aek_public,
				       .aek = keys->aek,
				       .keys = device };
	const struct seal_chunk_place place = { k.account.b, k.device.b, 1, (uint8_t) class,
						cid.b };
	FUZZ_TRUE(buf_append(&object, span_of("CBC1\1\1\0\0\0\0\0\0\0", 13), NULL) == 0);
	FUZZ_TRUE(seal_chunk(&object, k.psk, k.aek_public, &place, r.left, NULL) == 0);
	object_open(sealer, &plain, &k, class, &cid, buf_span(&object), NULL);
	object_check(r.left, NULL, NULL);
	comes_back(&k, class, r.left);
	return 0;
}
