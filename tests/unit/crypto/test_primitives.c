/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: the RFCs' own vectors, and Wycheproof's files of edge cases, which include what
 * must be refused.  They show that the libraries that we are linked with do what the format says.
 * aead.c is included for its inner functions, which take the vectors' nonces.
 */
#include "golden.h"

#include <json.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "crypto/aead.c"

/* Hexadecimal of at most 8 KiB as bytes. */
struct bytes {
	uint8_t p[8192];
	size_t n;
};

static struct span
unhex(struct bytes *b, const char *hex)
{
	b->n = strlen(hex) / 2;
	assert_true(b->n <= sizeof b->p && hex_decode(b->p, b->n, span_str(hex)));
	return span_of(b->p, b->n);
}

static void
blake2b_is_rfc_7693s(void **state)
{
	uint8_t got[64];
	struct bytes want;

	(void)state;
	/* appendix A */
	unhex(&want, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
		     "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
	assert_int_equal(crypto_generichash(got, 64, (const uint8_t *)"abc", 3, NULL, 0), 0);
	assert_memory_equal(got, want.p, 64);
}

static void
hmac_is_rfc_4231s(void **state)
{
	/* case 2 */
	static const char text[] = "what do ya want for nothing?";
	uint8_t got[32];
	unsigned n = 0;
	struct bytes want;

	(void)state;
	unhex(&want, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_non_null(HMAC(EVP_sha256(), "Jefe", 4, (const uint8_t *)text, 28, got, &n));
	assert_memory_equal(got, want.p, 32);
}

static void
chacha20_poly1305_is_rfc_8439s(void **state)
{
	/* appendix A.5, whose nonce has our shape: 0^4 ‖ LE64(i) */
	static const char text[] =
		"Internet-Drafts are draft documents valid for a maximum of six months and may be "
		"updated, replaced, or obsoleted by other documents at any time. It is "
		"inappropriate to use Internet-Drafts as reference material or to cite them other "
		"than as /“work in progress./”";
	AUTO(aead_clear) struct aead seal = { 0 };
	AUTO(aead_clear) struct aead open = { 0 };
	struct bytes key, aad, begin, tag;
	uint8_t sealed[sizeof text - 1 + CRYPTO_TAG_BYTES], plain[sizeof text - 1];
	const uint64_t i = 0x0807060504030201;

	(void)state;
	unhex(&key, "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
	unhex(&aad, "f33388860000000000004e91");
	unhex(&begin, "64a0861575861af460f062c79be643bd");
	unhex(&tag, "eead9d67890cbb22392336fea1851f38");
	assert_int_equal(aead_init(&seal, AEAD_SEAL, key.p, NULL), 0);
	assert_int_equal(aead_init(&open, AEAD_OPEN, key.p, NULL), 0);
	assert_int_equal(aead_seal(&seal, sealed, i, span_of(text, sizeof text - 1),
				   span_of(aad.p, aad.n), NULL),
			 0);
	assert_memory_equal(sealed, begin.p, begin.n);
	assert_memory_equal(sealed + sizeof plain, tag.p, CRYPTO_TAG_BYTES);
	assert_int_equal(
		aead_open(&open, plain, i, SPAN_ARRAY(sealed), span_of(aad.p, aad.n), NULL), 0);
	assert_memory_equal(plain, text, sizeof plain);
	assert_int_equal(
		aead_open(&open, plain, i + 1, SPAN_ARRAY(sealed), span_of(aad.p, aad.n), NULL),
		-1);
	assert_true(sodium_is_zero(plain, sizeof plain));
}

static void
x25519_is_rfc_7748s(void **state)
{
	static const struct {
		const char *scalar, *u, *out;
	} cases[] = {
		/* section 5.2 */
		{ "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
		{ "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	};
	uint8_t got[32];
	struct bytes scalar, u, out;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		unhex(&scalar, cases[i].scalar);
		unhex(&u, cases[i].u);
		unhex(&out, cases[i].out);
		assert_int_equal(crypto_scalarmult(got, scalar.p, u.p), 0);
		assert_memory_equal(got, out.p, 32);
	}
}

static void
ed25519_is_rfc_8032s(void **state)
{
	static const struct {
		const char *seed, *public_key, *message, *signature;
	} cases[] = {
		/* section 7.1, tests 1 and 2 */
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
		  "c6"
		  "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
		  "45"
		  "8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	};
	struct bytes seed, public_key, message, signature;
	uint8_t pk[32], sk[64], got[64];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		unhex(&seed, cases[i].seed);
		unhex(&public_key, cases[i].public_key);
		unhex(&message, cases[i].message);
		unhex(&signature, cases[i].signature);
		assert_int_equal(crypto_sign_seed_keypair(pk, sk, seed.p), 0);
		assert_memory_equal(pk, public_key.p, 32);
		assert_int_equal(crypto_sign_detached(got, NULL, message.p, message.n, sk), 0);
		assert_memory_equal(got, signature.p, 64);
		assert_int_equal(crypto_sign_verify_detached(got, message.p, message.n, pk), 0);
	}
}

/* One case of a Wycheproof file. */
struct vector {
	struct json_object *group, *test;
	bool valid;
};

static const char *
text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static bool
flagged(const struct vector *v, const char *flag)
{
	struct json_object *flags = json_object_object_get(v->test, "flags");

	for (size_t i = 0; i < json_object_array_length(flags); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(flags, i)), flag) == 0)
			return true;
	return false;
}

/* Run @each over all cases of @file; skips where the corpus is not there. */
static size_t
wycheproof(const char *file, void (*each)(const struct vector *v))
{
	const char *corpus = getenv("CLOUDBOX_CORPUS");
	char path[4096];
	size_t n = 0;

	snprintf(path, sizeof path, "%s/generic/wycheproof/%s", corpus ? corpus : "", file);
	struct json_object *root = corpus ? json_object_from_file(path) : NULL;
	if (!root) {
		print_message("skipped: no %s (CLOUDBOX_CORPUS names the corpus)\n", file);
		skip();
	}
	struct json_object *groups = json_object_object_get(root, "testGroups");
	for (size_t g = 0; g < json_object_array_length(groups); g++) {
		struct vector v = { .group = json_object_array_get_idx(groups, g) };
		struct json_object *tests = json_object_object_get(v.group, "tests");

		for (size_t t = 0; t < json_object_array_length(tests); t++, n++) {
			v.test = json_object_array_get_idx(tests, t);
			v.valid = strcmp(text_of(v.test, "result"), "invalid") != 0;
			each(&v);
		}
	}
	json_object_put(root);
	return n;
}

static void
fail_vector(const struct vector *v)
{
	fail_msg("tcId %s: %s", text_of(v->test, "tcId"), text_of(v->test, "comment"));
}

static void
aead_vector(const struct vector *v)
{
	static struct bytes key, iv, aad, msg, ct, tag;
	AUTO(aead_clear) struct aead seal = { 0 };
	AUTO(aead_clear) struct aead open = { 0 };
	uint8_t sealed[8192], plain[8192];

	unhex(&key, text_of(v->test, "key"));
	unhex(&iv, text_of(v->test, "iv"));
	if (iv.n != NONCE_BYTES) { /* our interface cannot even say it */
		assert_false(v->valid);
		return;
	}
	struct span text = unhex(&msg, text_of(v->test, "msg"));
	struct span more = unhex(&aad, text_of(v->test, "aad"));
	unhex(&ct, text_of(v->test, "ct"));
	unhex(&tag, text_of(v->test, "tag"));
	assert_true(ct.n == text.n && tag.n == CRYPTO_TAG_BYTES);
	assert_int_equal(aead_init(&seal, AEAD_SEAL, key.p, NULL), 0);
	assert_int_equal(aead_init(&open, AEAD_OPEN, key.p, NULL), 0);

	assert_true(message_seal(&seal, sealed, iv.p, text, more));
	bool same = memcmp(sealed, ct.p, ct.n) == 0 && memcmp(sealed + ct.n, tag.p, tag.n) == 0;
	memcpy(sealed, ct.p, ct.n);
	memcpy(sealed + ct.n, tag.p, tag.n);
	bool opened = message_open(&open, plain, iv.p, span_of(sealed, ct.n + tag.n), more);
	if (same != v->valid || opened != v->valid)
		fail_vector(v);
	if (opened)
		assert_span_is(span_of(plain, ct.n), text);
}

static void
wycheproofs_chacha20_poly1305_holds(void **state)
{
	(void)state;
	assert_int_equal(wycheproof("chacha20_poly1305_test.json", aead_vector), 325);
}

static void
x25519_vector(const struct vector *v)
{
	static struct bytes public_key, private_key, shared;
	uint8_t got[32];

	unhex(&public_key, text_of(v->test, "public"));
	unhex(&private_key, text_of(v->test, "private"));
	unhex(&shared, text_of(v->test, "shared"));
	int rc = crypto_scalarmult(got, private_key.p, public_key.p);
	if (flagged(v, "ZeroSharedSecret")) {
		if (rc == 0)
			fail_vector(v);
	} else if (rc != 0 || memcmp(got, shared.p, 32) != 0) {
		fail_vector(v);
	}
}

static void
wycheproofs_x25519_holds_and_zero_results_are_refused(void **state)
{
	(void)state;
	assert_int_equal(wycheproof("x25519_test.json", x25519_vector), 518);
}

static void
ed25519_vector(const struct vector *v)
{
	static struct bytes public_key, message, signature;
	struct json_object *key = json_object_object_get(v->group, "publicKey");

	unhex(&public_key, text_of(key, "pk"));
	unhex(&message, text_of(v->test, "msg"));
	unhex(&signature, text_of(v->test, "sig"));
	if (signature.n != CRYPTO_SIGNATURE_BYTES) { /* our interface cannot even say it */
		assert_false(v->valid);
		return;
	}
	int rc = crypto_sign_verify_detached(signature.p, message.p, message.n, public_key.p);
	if ((rc == 0) != v->valid)
		fail_vector(v);
}

static void
wycheproofs_ed25519_holds(void **state)
{
	(void)state;
	assert_int_equal(wycheproof("ed25519_test.json", ed25519_vector), 151);
}

static void
hmac_vector(const struct vector *v)
{
	static struct bytes key, message, tag;
	uint8_t got[32];
	unsigned n = 0;

	unhex(&key, text_of(v->test, "key"));
	unhex(&message, text_of(v->test, "msg"));
	unhex(&tag, text_of(v->test, "tag"));
	assert_non_null(HMAC(EVP_sha256(), key.p, (int)key.n, message.p, message.n, got, &n));
	assert_true(tag.n <= n);
	if ((memcmp(got, tag.p, tag.n) == 0) != v->valid)
		fail_vector(v);
}

static void
wycheproofs_hmac_sha256_holds(void **state)
{
	(void)state;
	assert_int_equal(wycheproof("hmac_sha256_test.json", hmac_vector), 174);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blake2b_is_rfc_7693s),
		cmocka_unit_test(hmac_is_rfc_4231s),
		cmocka_unit_test(chacha20_poly1305_is_rfc_8439s),
		cmocka_unit_test(x25519_is_rfc_7748s),
		cmocka_unit_test(ed25519_is_rfc_8032s),
		cmocka_unit_test(wycheproofs_chacha20_poly1305_holds),
		cmocka_unit_test(wycheproofs_x25519_holds_and_zero_results_are_refused),
		cmocka_unit_test(wycheproofs_ed25519_holds),
		cmocka_unit_test(wycheproofs_hmac_sha256_holds),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
