/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: the bodies of the protocol that are decoded whole, in both directions.
 *
 * The first byte chooses the body.  What is accepted encodes to the same bytes.
 */
#include "wire/wire.h"
#include "fuzz.h"

typedef bool again_fn(struct span in, struct buf *again);

#define AGAIN(name)                                                                                \
	static bool name##_again(struct span in, struct buf *again)                                \
	{                                                                                          \
		struct wire_##name a = { 0 };                                                      \
                                                                                                   \
		if (wire_##name##_decode(&a, in, NULL) < 0)                                        \
			return false;                                                              \
		FUZZ_TRUE(wire_##name##_encode(again, &a, NULL) == 0);                             \
		return true;                                                                       \
	}

#define AGAIN_OWNED(name)                                                                          \
	static bool name##_again(struct span in, struct buf *again)                                \
	{                                                                                          \
		AUTO(wire_##name##_clear) struct wire_##name a = { 0 };                            \
                                                                                                   \
		if (wire_##name##_decode(&a, in, NULL) < 0)                                        \
			return false;                                                              \
		FUZZ_TRUE(wire_##name##_encode(again, &a, NULL) == 0);                             \
		return true;                                                                       \
	}

AGAIN(log_state)
AGAIN(account)
AGAIN(login_start)
AGAIN(login_challenge)
AGAIN(login_finish)
AGAIN(token)
AGAIN(wraps)
AGAIN(log_post)
AGAIN(chunks_answer)
AGAIN(batch_answer)
AGAIN(beat_answer)
AGAIN(item_ask)
AGAIN(pair_say)
AGAIN(pair_heard)
AGAIN(standing)
AGAIN_OWNED(heads)
AGAIN_OWNED(records)
AGAIN_OWNED(item_answer)

static bool
log_again(struct span in, struct buf *again)
{
	struct span entry;
	int rc;

	while ((rc = wire_log_next(&entry, &in, NULL)) == 0)
		FUZZ_TRUE(wire_log_append(again, entry, NULL) == 0);
	return rc == WIRE_END;
}

/* Only its signer can encode it: what it says must be there, the signature last. */
static bool
have_again(struct span in, struct buf *again)
{
	const uint8_t key[CRYPTO_PUBLIC_BYTES] = { 1 }, spki[CRYPTO_HASH_BYTES] = { 2 };
	struct wire_have h;

	if (wire_have_decode(&h, in, NULL) < 0)
		return false;
	FUZZ_TRUE(h.n <= WIRE_HAVE_MAX && h.cids.n == 32 * (size_t)h.n && fuzz_within(h.cids, in));
	FUZZ_TRUE(wire_have_verify(&h, in, key, spki, NULL) < 0);
	return buf_append(again, in, NULL) == 0;
}

static bool
have_answer_again(struct span in, struct buf *again)
{
	struct wire_have_answer a;
	uint32_t n = in.n ? in.p[0] * 16u : 0;
	struct span body = span_skip(in, 1);

	if (wire_have_answer_decode(&a, n, body, NULL) < 0)
		return false;
	FUZZ_TRUE(a.bitmap.n == WIRE_BITMAP_BYTES(n));
	FUZZ_TRUE(buf_append(again, span_of(in.p, in.n ? 1 : 0), NULL) == 0);
	FUZZ_TRUE(wire_have_answer_encode(again, &a, NULL) == 0);
	return true;
}

static bool
damaged_again(struct span in, struct buf *again)
{
	static struct wire_damaged d;

	if (wire_damaged_decode(&d, in, NULL) < 0)
		return false;
	FUZZ_TRUE(wire_damaged_encode(again, &d, NULL) == 0);
	return true;
}

static bool
beat_again(struct span in, struct buf *again)
{
	const uint8_t key[CRYPTO_PUBLIC_BYTES] = { 1 }, spki[CRYPTO_HASH_BYTES] = { 2 };
	struct wire_beat b;

	if (wire_beat_decode(&b, in, NULL) < 0)
		return false;
	FUZZ_TRUE(in.n == WIRE_BEAT_BYTES && b.expect_s <= WIRE_EXPECT_S_MAX);
	FUZZ_TRUE(wire_beat_verify(&b, in, key, spki, NULL) < 0);
	return buf_append(again, in, NULL) == 0;
}

/* Kinds that are not known are passed over, so what comes back may be less. */
static bool
notices_again(struct span in, struct buf *again)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(WIRE_NOTICES_TEXT_BYTES);
	struct wire_notices n, back;

	if (wire_notices_decode(&n, in, NULL) < 0)
		return false;
	FUZZ_TRUE(n.n <= in.n / WIRE_NOTICE_BYTES);
	FUZZ_TRUE(wire_notices_print(&text, &n, NULL) == 0);
	FUZZ_TRUE(wire_notices_parse(&back, buf_span(&text), NULL) == 0 && back.n == n.n);
	return buf_append(again, in, NULL) == 0;
}

/* What stands in a head is anybody's text. */
static bool
notices_text_again(struct span in, struct buf *again)
{
	struct wire_notices n;

	FUZZ_TRUE(wire_notices_parse(&n, in, NULL) < 0 || n.n <= WIRE_NOTICES_MAX);
	return buf_append(again, in, NULL) == 0;
}

static bool
objects_again(struct span in, struct buf *again)
{
	static struct wire_object_at at[WIRE_OBJECTS_MAX];
	uint32_t n;

	if (wire_objects_decode(at, &n, in, NULL) < 0)
		return false;
	FUZZ_TRUE(wire_objects_encode(again, at, n, NULL) == 0);
	return true;
}

static again_fn *const bodies[] = {
	log_state_again,     account_again,      login_start_again, login_challenge_again,
	login_finish_again,  token_again,        wraps_again,       log_post_again,
	log_again,           heads_again,        have_again,        have_answer_again,
	chunks_answer_again, batch_answer_again, records_again,     item_ask_again,
	item_answer_again,   objects_again,      standing_again,    pair_say_again,
	pair_heard_again,    damaged_again,      beat_again,        beat_answer_again,
	notices_again,       notices_text_again,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(1u << 24);
	struct span body = span_skip(span_of(data, n), 1);

	if (n && bodies[data[0] % (sizeof bodies / sizeof *bodies)](body, &again))
		FUZZ_TRUE(span_equal(buf_span(&again), body));
	return 0;
}
