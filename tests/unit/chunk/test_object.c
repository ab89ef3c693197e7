/* SPDX-License-Identifier: Apache-2.0 */
#include "chunk/object.h"

#include <zstd.h>

#include "format/fixture.h"
#include "format/padding.h"
#include "frozen.h"
#include "mutate.h"

static struct account_keys *account;
static struct device_keys *device;
static struct object_sealer *sealer;
static struct object_keys keys;
static uint8_t big[CHUNK_PLAIN_BYTES_MAX];

static int
set_up(void **state)
{
	AUTO(secret_free) struct secret *d = NULL;

	if (test_crypto_init(state) < 0)
		return -1;
	account = test_account_keys('1');
	d = test_secret('D');
	assert_int_equal(device_keys_new(&device, d, NULL), 0);
	assert_int_equal(object_sealer_new(&sealer, NULL), 0);
	keys = (struct object_keys){
		.account = test_id('a', 0),
		.device = test_id('d', 0),
		.epoch = 3,
		.psk = account->psk,
		.aek_public = account->aek_public,
		.aek = account->aek,
		.keys = device,
	};
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (uint8_t)(i * i >> 8);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	object_sealer_free(sealer);
	device_keys_free(device);
	account_keys_free(account);
	return 0;
}

/* Seal @plain into @object and give its cid. */
static struct hash32
seal(struct buf *object, enum chunk_class class, struct span plain)
{
	struct hash32 cid;
	struct span o;

	assert_int_equal(object_cid(&cid, &keys, class, plain, NULL), 0);
	assert_int_equal(object_seal(sealer, &o, &keys, class, &cid, plain, NULL), 0);
	buf_reset(object);
	assert_int_equal(buf_append(object, o, NULL), 0);
	return cid;
}

static void
every_class_opens_again_and_has_a_published_size(void **state)
{
	static const struct {
		enum chunk_class class;
		size_t n, padded; /* 0: whatever it packs to */
	} cases[] = {
		{ CHUNK_MEDIA, 1, 64 },
		{ CHUNK_MEDIA, 65, 128 },
		{ CHUNK_MEDIA, sizeof big, sizeof big },
		{ CHUNK_VALUE, 3000, 3072 },
		{ CHUNK_DATABASE, 1, 64 },
		{ CHUNK_DATABASE, 256 << 10, 0 },
		{ CHUNK_LIST, 5000, 0 },
	};
	AUTO(buf_clear) struct buf object = BUF_INIT(OBJECT_BYTES_MAX);

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct span plain, in = span_of(big, cases[i].n);
		struct hash32 cid = seal(&object, cases[i].class, in);
		uint64_t epoch = 0;

		assert_int_equal(object_check(buf_span(&object), &epoch, NULL), 0);
		assert_int_equal(epoch, 3);
		if (cases[i].padded)
			assert_int_equal(object.n, cases[i].padded + OBJECT_OVERHEAD_BYTES);
		else
			assert_true(object.n < cases[i].n);
		assert_int_equal(object_open(sealer, &plain, &keys, cases[i].class, &cid,
					     buf_span(&object), NULL),
				 0);
		assert_true(span_equal(plain, in));
	}
}

static void
sealing_twice_gives_two_objects_of_one_cid(void **state)
{
	AUTO(buf_clear) struct buf a = BUF_INIT(4096), b = BUF_INIT(4096);
	struct hash32 cid_a = seal(&a, CHUNK_MEDIA, span_str("a photo"));
	struct hash32 cid_b = seal(&b, CHUNK_MEDIA, span_str("a photo"));
	struct hash32 cid_c = seal(&b, CHUNK_VALUE, span_str("a photo"));

	(void)state;
	assert_true(hash32_equal(&cid_a, &cid_b));
	assert_false(hash32_equal(&cid_a, &cid_c)); /* the class is part of it */
	assert_false(span_equal(buf_span(&a), buf_span(&b)));
}

static void
refused(const struct object_keys *k, enum chunk_class class, const struct hash32 *cid,
	struct span object)
{
	struct span plain;
	struct err err;

	assert_int_equal(object_open(sealer, &plain, k, class, cid, object, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
an_object_opens_in_its_own_place_only(void **state)
{
	AUTO(buf_clear) struct buf o = BUF_INIT(4096);
	struct hash32 cid = seal(&o, CHUNK_MEDIA, span_str("a photo")), other;
	struct object_keys k = keys;

	(void)state;
	other = cid;
	other.b[0] ^= 1;
	refused(&keys, CHUNK_MEDIA, &other, buf_span(&o));
	refused(&keys, CHUNK_VALUE, &cid, buf_span(&o));
	k.account = test_id('b', 0);
	refused(&k, CHUNK_MEDIA, &cid, buf_span(&o));
	k = keys;
	k.device = test_id('e', 0);
	refused(&k, CHUNK_MEDIA, &cid, buf_span(&o));
}

static void
a_chunk_under_a_foreign_name_is_refused(void **state)
{
	AUTO(buf_clear) struct buf o = BUF_INIT(4096);
	struct hash32 wrong;
	struct span object;

	(void)state;
	/* sealed quite properly, but for a cid that is not its content's */
	assert_int_equal(object_cid(&wrong, &keys, CHUNK_MEDIA, span_str("another"), NULL), 0);
	assert_int_equal(
		object_seal(sealer, &object, &keys, CHUNK_MEDIA, &wrong, span_str("a photo"), NULL),
		0);
	assert_int_equal(buf_append(&o, object, NULL), 0);
	refused(&keys, CHUNK_MEDIA, &wrong, buf_span(&o));
}

static bool
open_again(void *ctx, struct span in, struct buf *again)
{
	struct span plain;

	if (object_open(sealer, &plain, &keys, CHUNK_DATABASE, ctx, in, NULL) < 0)
		return false;
	return buf_append(again, in, NULL) == 0;
}

static void
no_changed_object_opens(void **state)
{
	AUTO(buf_clear) struct buf o = BUF_INIT(4096);
	struct hash32 cid = seal(&o, CHUNK_DATABASE, span_str("a page of a database"));

	(void)state;
	struct mutate_count c = mutate_all(buf_span(&o), open_again, &cid);
	assert_int_equal(c.lived, 0);
}

/* An object whose sealed content is @inner. */
static void
forge(struct buf *out, const struct hash32 *cid, struct span inner)
{
	const struct seal_chunk_place place = { keys.account.b, keys.device.b, keys.epoch,
						CHUNK_DATABASE, cid->b };

	buf_reset(out);
	assert_int_equal(buf_append_str(out, "CBC1\1", NULL), 0);
	assert_int_equal(buf_append_u64(out, keys.epoch, NULL), 0);
	assert_int_equal(seal_chunk(out, keys.psk, keys.aek_public, &place, inner, NULL), 0);
}

/* Whoever has the keys still cannot make a chunk that takes memory or means two things. */
static void
what_was_sealed_is_not_trusted_either(void **state)
{
	AUTO(buf_clear) struct buf inner = BUF_INIT(1u << 20), o = BUF_INIT(2u << 20);
	struct hash32 cid;
	struct span plain, content = span_str("content");
	struct err err;

	(void)state;
	assert_int_equal(object_cid(&cid, &keys, CHUNK_DATABASE, content, NULL), 0);
#define REFUSED(length, coding, bytes, what)                                                       \
	do {                                                                                       \
		buf_reset(&inner);                                                                 \
		assert_int_equal(buf_append_u32(&inner, (uint32_t)(length), NULL), 0);             \
		assert_int_equal(buf_append_byte(&inner, (coding), NULL), 0);                      \
		assert_int_equal(buf_append(&inner, (bytes), NULL), 0);                            \
		assert_int_equal(pad_buf(&inner, 5, NULL), 0);                                     \
		forge(&o, &cid, buf_span(&inner));                                                 \
		assert_int_equal(object_open(sealer, &plain, &keys, CHUNK_DATABASE, &cid,          \
					     buf_span(&o), &err),                                  \
				 -1);                                                              \
		assert_int_equal(err.code, (what));                                                \
	} while (0)
	REFUSED(content.n, 2, content, ERR_UNSUPPORTED);
	REFUSED(0, 0, content, ERR_FORMAT);
	REFUSED(65, 0, content, ERR_FORMAT);            /* longer than there is */
	REFUSED(content.n - 1, 0, content, ERR_FORMAT); /* followed by more than zeros */
	REFUSED(content.n, 1, content, ERR_FORMAT);     /* no zstd frame */

	/* a frame that says it holds more than a chunk, and one that does not say */
	uint8_t packed[4096];
	static uint8_t zeros[CHUNK_PLAIN_BYTES_MAX + 1];
	size_t n = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 3);
	assert_false(ZSTD_isError(n));
	REFUSED(n, 1, span_of(packed, n), ERR_FORMAT);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	n = ZSTD_compress2(c, packed, sizeof packed, content.p, content.n);
	REFUSED(n, 1, span_of(packed, n), ERR_FORMAT);
	/* two frames */
	n = ZSTD_compress(packed, sizeof packed, content.p, content.n, 3);
	size_t m = ZSTD_compress(packed + n, sizeof packed - n, content.p, content.n, 3);
	REFUSED(n + m, 1, span_of(packed, n + m), ERR_FORMAT);
	ZSTD_freeCCtx(c);
#undef REFUSED
}

static void
sizes_and_classes_outside_the_limits_are_refused(void **state)
{
	struct hash32 cid = test_hash(1, 1);
	struct span o;
	struct err err;

	(void)state;
	assert_int_equal(object_seal(sealer, &o, &keys, CHUNK_MEDIA, &cid, span_of(big, 0), &err),
			 -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(object_seal(sealer, &o, &keys, CHUNK_MEDIA, &cid,
				     span_of(big, sizeof big + 1), &err),
			 -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(object_seal(sealer, &o, &keys, CHUNK_TEXT, &cid, span_of(big, 1), &err),
			 -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void
the_frozen_chunk_opens(void **state)
{
	AUTO(buf_clear) struct buf made = BUF_INIT(65536), old = BUF_INIT(65536);
	uint8_t page[20000];
	struct span plain, in = SPAN_ARRAY(page);

	(void)state;
	for (size_t i = 0; i < sizeof page; i++)
		page[i] = (uint8_t)(i / 100);
	struct hash32 cid = seal(&made, CHUNK_DATABASE, in);
	assert_true(made.n < 2000); /* packed */
	frozen(&old, "chunk-1.bin", buf_span(&made));
	assert_string_equal(hash32_hex(&cid).s,
			    "e0ef674116fa077837ee7b6b76bd3249866d9dd6c44603c4365385217fdaa3df");
	assert_int_equal(
		object_open(sealer, &plain, &keys, CHUNK_DATABASE, &cid, buf_span(&old), NULL), 0);
	assert_true(span_equal(plain, in));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_opens_again_and_has_a_published_size),
		cmocka_unit_test(sealing_twice_gives_two_objects_of_one_cid),
		cmocka_unit_test(an_object_opens_in_its_own_place_only),
		cmocka_unit_test(a_chunk_under_a_foreign_name_is_refused),
		cmocka_unit_test(no_changed_object_opens),
		cmocka_unit_test(what_was_sealed_is_not_trusted_either),
		cmocka_unit_test(sizes_and_classes_outside_the_limits_are_refused),
		cmocka_unit_test(the_frozen_chunk_opens),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
