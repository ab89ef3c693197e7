/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that are encoded and decoded whole. */
#include "format/fixture.h"
#include "frozen.h"
#include "mutate.h"
#include "wire/wire.h"

static const uint8_t spki[CRYPTO_HASH_BYTES] = { 's', 'p', 'k', 'i' };

/* One body: how an example is made, and how it is decoded and encoded again. */
struct body {
	const char *name;
	void (*make)(struct buf *out);
	mutate_fn *again;
};

#define AGAIN(name)                                                                                \
	static bool name##_again(void *ctx, struct span in, struct buf *again)                     \
	{                                                                                          \
		struct wire_##name a;                                                              \
                                                                                                   \
		(void)ctx;                                                                         \
		return wire_##name##_decode(&a, in, NULL) == 0 &&                                  \
		       wire_##name##_encode(again, &a, NULL) == 0;                                 \
	}

static void
log_state_make(struct buf *out)
{
	const struct wire_log_state s = { 7, test_hash('h', 1), 1700000000000 };

	assert_int_equal(wire_log_state_encode(out, &s, NULL), 0);
}
AGAIN(log_state)

static void
account_make(struct buf *out)
{
	const struct wire_account a = { test_id('i', 1), span_str("create"), span_str("add device"),
					span_str("a wrap"), span_str("another wrap") };

	assert_int_equal(wire_account_encode(out, &a, NULL), 0);
}
AGAIN(account)

static void
login_start_make(struct buf *out)
{
	const struct wire_login_start a = { WIRE_BY_ACCOUNT, LOGIN_DEVICE, test_id('a', 1),
					    test_id('d', 2) };

	assert_int_equal(wire_login_start_encode(out, &a, NULL), 0);
}
AGAIN(login_start)

static void
login_challenge_make(struct buf *out)
{
	struct wire_login_challenge a = { .account = test_id('a', 1),
					  .passes = 3,
					  .memory_kib = 256 << 10 };

	memset(a.challenge, 'c', sizeof a.challenge);
	memset(a.salt, 's', sizeof a.salt);
	assert_int_equal(wire_login_challenge_encode(out, &a, NULL), 0);
}
AGAIN(login_challenge)

static void
login_finish_make(struct buf *out)
{
	struct wire_login_finish a = {
		.auth = { .kind = LOGIN_RECOVERY, .scope = LOGIN_GET, .expires_unix_s = 1700000060 }
	};

	memset(a.auth.account, 'a', sizeof a.auth.account);
	memset(a.auth.challenge, 'c', sizeof a.auth.challenge);
	memset(a.signature, 's', sizeof a.signature);
	assert_int_equal(wire_login_finish_encode(out, &a, NULL), 0);
}
AGAIN(login_finish)

static void
token_make(struct buf *out)
{
	const struct wire_token t = { { 't' }, 1700000600000 };

	assert_int_equal(wire_token_encode(out, &t, NULL), 0);
}
AGAIN(token)

static void
wraps_make(struct buf *out)
{
	const struct wire_wraps w = { span_str("a wrap"), span_str("") };

	assert_int_equal(wire_wraps_encode(out, &w, NULL), 0);
}
AGAIN(wraps)

static void
log_post_make(struct buf *out)
{
	const struct wire_log_post p = { 2,
					 { span_str("first"), span_str("second") },
					 { span_str("wrap p"), span_str("wrap r") } };

	assert_int_equal(wire_log_post_encode(out, &p, NULL), 0);
}
AGAIN(log_post)

static void
log_make(struct buf *out)
{
	assert_int_equal(wire_log_append(out, span_str("entry"), NULL), 0);
	assert_int_equal(wire_log_append(out, span_str("another entry"), NULL), 0);
}

static bool
log_again(void *ctx, struct span in, struct buf *again)
{
	struct span entry;
	int rc;

	(void)ctx;
	while ((rc = wire_log_next(&entry, &in, NULL)) == 0)
		assert_int_equal(wire_log_append(again, entry, NULL), 0);
	return rc == WIRE_END;
}

static void
heads_make(struct buf *out)
{
	AUTO(wire_heads_clear) struct wire_heads h = { .log = { 7, test_hash('h', 1), 5 } };

	for (uint32_t i = 0; i < 2; i++) {
		const struct wire_device d = { test_id('d', i),
					       i ? DEVICE_REPLACED : DEVICE_ALIVE,
					       i,
					       test_hash('h', i),
					       6,
					       7,
					       8 };

		assert_int_equal(wire_heads_add(&h, &d, NULL), 0);
	}
	assert_int_equal(wire_heads_encode(out, &h, NULL), 0);
}

static bool
heads_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(wire_heads_clear) struct wire_heads h = { 0 };

	(void)ctx;
	return wire_heads_decode(&h, in, NULL) == 0 && wire_heads_encode(again, &h, NULL) == 0;
}

static void
standing_make(struct buf *out)
{
	const struct wire_standing s = {
		.log = { 7, test_hash('h', 1), 5 },
		.retention_days = 90,
		.next_days = 30,
		.next_ms = 1,
		.lift_ms = 2,
		.delete_ms = 3,
		.quota_bytes = 4,
		.used_bytes = 5,
		.n_held_all = 7,
		.n_held = 2,
		.held = { { test_id('d', 1), test_id('f', 1), 6, 9, 10 },
			  { test_id('d', 2), test_id('f', 2), 7, 1, 2 } },
	};

	assert_int_equal(wire_standing_encode(out, &s, NULL), 0);
}
AGAIN(standing)

static void
damaged_make(struct buf *out)
{
	static const struct wire_damaged d = { .at = { { 1, 0 }, { 1, 7 }, { 300, 9999 } },
					       .n = 3 };

	assert_int_equal(wire_damaged_encode(out, &d, NULL), 0);
}
AGAIN(damaged)

static struct wire_have
have_of(void)
{
	static struct hash32 cids[2];

	cids[0] = test_hash('c', 1);
	cids[1] = test_hash('c', 2);
	return (struct wire_have){ .account = test_id('a', 1),
				   .device = test_id('d', 1),
				   .client_unix_ms = 1700000000000,
				   .n = 2,
				   .cids = SPAN_ARRAY(cids) };
}

static void
have_make(struct buf *out)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	const struct wire_have h = have_of();

	assert_int_equal(wire_have_sign(out, &h, dsk, spki, NULL), 0);
}

/* Whatever of it is changed, no server takes it. */
static bool
have_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	struct wire_have h;

	(void)ctx;
	return wire_have_decode(&h, in, NULL) == 0 &&
	       wire_have_verify(&h, in, sign_key_public(dsk), spki, NULL) == 0 &&
	       buf_append(again, in, NULL) == 0;
}

static void
have_answer_make(struct buf *out)
{
	const struct wire_have_answer a = {
		.token = { 't' },
		.seq = 7,
		.head = test_hash('h', 7),
		.bitmap = span_str("\x05\x02"),
	};

	assert_int_equal(wire_have_answer_encode(out, &a, NULL), 0);
}

static bool
have_answer_again(void *ctx, struct span in, struct buf *again)
{
	struct wire_have_answer a;

	(void)ctx;
	return wire_have_answer_decode(&a, 10, in, NULL) == 0 &&
	       wire_have_answer_encode(again, &a, NULL) == 0;
}

static void
chunks_answer_make(struct buf *out)
{
	const struct wire_chunks_answer a = { 3, span_str("\x06") };

	assert_int_equal(wire_chunks_answer_encode(out, &a, NULL), 0);
}
AGAIN(chunks_answer)

static void
batch_answer_make(struct buf *out)
{
	struct wire_batch_answer a = { .seq = 9,
				       .head = test_hash('h', 9),
				       .server_unix_ms = 5,
				       .log_length = 3,
				       .n_heads = 2 };

	for (uint32_t i = 0; i < 2; i++)
		a.heads[i] = (struct device_head){ test_id('d', i), i, test_hash('h', i) };
	assert_int_equal(wire_batch_answer_encode(out, &a, NULL), 0);
}
AGAIN(batch_answer)

static void
records_make(struct buf *out)
{
	AUTO(wire_records_clear)
	struct wire_records r = { .device = test_id('d', 1), .proofs = true };
	static const struct wire_record_at at[] = { { 4, 1 }, { 2, 7 }, { 4, 0 }, { 2, 7 } };

	for (size_t i = 0; i < N_ELEMENTS(at); i++)
		assert_int_equal(wire_records_add(&r, at[i], NULL), 0);
	assert_int_equal(wire_records_encode(out, &r, NULL), 0);
}

static bool
records_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(wire_records_clear) struct wire_records r = { 0 };

	(void)ctx;
	return wire_records_decode(&r, in, NULL) == 0 && wire_records_encode(again, &r, NULL) == 0;
}

static void
item_ask_make(struct buf *out)
{
	const struct wire_item_ask a = { test_id('d', 1), test_id('f', 1), test_id('i', 1) };

	assert_int_equal(wire_item_ask_encode(out, &a, NULL), 0);
}
AGAIN(item_ask)

static void
item_answer_make(struct buf *out)
{
	struct state_entry e[2] = { { test_id('f', 1), test_id('i', 1), 3, test_hash('l', 1) },
				    { test_id('f', 1), test_id('i', 2), 4, test_hash('l', 2) } };
	const struct wire_item_answer a = {
		.prefix = span_str("a prefix"),
		.proof = { .n_live = 9,
			   .entries = e,
			   .n_entries = 2,
			   .n_siblings = 2,
			   .siblings = { test_hash('s', 1), test_hash('s', 2) } },
		.frames = span_str("frames"),
	};

	assert_int_equal(wire_item_answer_encode(out, &a, NULL), 0);
}

static bool
item_answer_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(wire_item_answer_clear) struct wire_item_answer a = { 0 };

	(void)ctx;
	return wire_item_answer_decode(&a, in, NULL) == 0 &&
	       wire_item_answer_encode(again, &a, NULL) == 0;
}

static void
objects_make(struct buf *out)
{
	const struct wire_object_at at[] = { { test_id('d', 1), test_hash('c', 1) },
					     { test_id('d', 2), test_hash('c', 2) } };

	assert_int_equal(wire_objects_encode(out, at, N_ELEMENTS(at), NULL), 0);
}

static bool
objects_again(void *ctx, struct span in, struct buf *again)
{
	static struct wire_object_at at[WIRE_OBJECTS_MAX];
	uint32_t n;

	(void)ctx;
	return wire_objects_decode(at, &n, in, NULL) == 0 &&
	       wire_objects_encode(again, at, n, NULL) == 0;
}

static void
pair_say_make(struct buf *out)
{
	const struct wire_pair_say a = { 3, span_str("a sealed message") };

	assert_int_equal(wire_pair_say_encode(out, &a, NULL), 0);
}
AGAIN(pair_say)

static void
pair_heard_make(struct buf *out)
{
	const struct wire_pair_heard a = { 300000, 2, { span_str("one"), span_str("two") } };

	assert_int_equal(wire_pair_heard_encode(out, &a, NULL), 0);
}
AGAIN(pair_heard)

#define BODY(name)                                                                                 \
	{                                                                                          \
#name, name##_make, name##_again                                                   \
	}

#define N_FROZEN_TOGETHER 18 /* in wire-1.bin */

static const struct body bodies[] = {
	BODY(log_state),     BODY(account),      BODY(login_start), BODY(login_challenge),
	BODY(login_finish),  BODY(token),        BODY(wraps),       BODY(log_post),
	BODY(log),           BODY(heads),        BODY(have),        BODY(have_answer),
	BODY(chunks_answer), BODY(batch_answer), BODY(records),     BODY(item_ask),
	BODY(item_answer),   BODY(objects),      BODY(standing),    BODY(pair_say),
	BODY(pair_heard),    BODY(damaged),
};

static void
every_body_comes_back_and_no_changed_one_misleads(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bodies); i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(65536);

		bodies[i].make(&b);
		struct mutate_count c = mutate_all(buf_span(&b), bodies[i].again, NULL);
		/* Cut short, all are refused, but a log between two entries (or empty) and an
		 * answer whose frames, which go to the end, are cut: their reader sees that. */
		if (bodies[i].again != log_again && bodies[i].again != item_answer_again)
			assert_true(c.refused >= b.n);
		if (bodies[i].again == have_again)
			assert_int_equal(c.lived, 0);
	}
}

static void
the_frozen_bodies_are_those_of_today(void **state)
{
	AUTO(buf_clear) struct buf made = BUF_INIT(65536), old = BUF_INIT(65536);

	(void)state;
	for (size_t i = 0; i < N_FROZEN_TOGETHER; i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(65536);

		bodies[i].make(&b);
		assert_int_equal(buf_append_str(&made, bodies[i].name, NULL), 0);
		assert_int_equal(buf_append_byte(&made, 0, NULL), 0);
		assert_int_equal(buf_append_u32(&made, (uint32_t)b.n, NULL), 0);
		assert_int_equal(buf_append(&made, buf_span(&b), NULL), 0);
	}
	frozen(&old, "wire-1.bin", buf_span(&made));
	assert_true(span_equal(buf_span(&old), buf_span(&made)));
}

static void
bodies_that_came_later_are_frozen_each_in_its_file(void **state)
{
	(void)state;
	for (size_t i = N_FROZEN_TOGETHER; i < N_ELEMENTS(bodies); i++) {
		AUTO(buf_clear) struct buf made = BUF_INIT(65536), old = BUF_INIT(65536);
		char file[64];

		snprintf(file, sizeof file, "wire-%s.bin", bodies[i].name);
		bodies[i].make(&made);
		frozen(&old, file, buf_span(&made));
		assert_true(span_equal(buf_span(&old), buf_span(&made)));
	}
}

static void
a_have_for_one_server_is_useless_at_another(void **state)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	const uint8_t other[CRYPTO_HASH_BYTES] = { 'o' };
	struct wire_have h;
	struct err err;

	(void)state;
	have_make(&b);
	assert_int_equal(wire_have_decode(&h, buf_span(&b), NULL), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(wire_have_verify(&h, buf_span(&b), sign_key_public(dsk), spki, &err), 0);
	assert_int_equal(wire_have_verify(&h, buf_span(&b), sign_key_public(dsk), other, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
questions_over_their_limits_are_refused(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1u << 20);
	AUTO(wire_records_clear) struct wire_records r = { 0 };
	AUTO(wire_item_answer_clear) struct wire_item_answer a = { 0 };
	struct wire_have h;
	struct wire_log_post p;
	struct err err;

	(void)state;
	have_make(&b);
	put_u32(b.p + 40, WIRE_HAVE_MAX + 1);
	assert_int_equal(wire_have_decode(&h, buf_span(&b), &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	put_u32(b.p + 40, 0);
	assert_int_equal(wire_have_decode(&h, buf_span(&b), &err), -1);

	buf_reset(&b);
	records_make(&b);
	put_u32(b.p + 17, BATCH_RECORDS_MAX + 1);
	assert_int_equal(wire_records_decode(&r, buf_span(&b), &err), -1);
	assert_null(r.at); /* refused before memory was taken */

	buf_reset(&b);
	log_post_make(&b);
	b.p[0] = WIRE_LOG_ENTRIES_MAX + 1;
	assert_int_equal(wire_log_post_decode(&p, buf_span(&b), &err), -1);
	b.p[0] = 0;
	assert_int_equal(wire_log_post_decode(&p, buf_span(&b), &err), -1);

	buf_reset(&b);
	item_answer_make(&b);
	put_u16(b.p + 4 + 8 + 8, STATE_BUCKET_MAX);
	assert_int_equal(wire_item_answer_decode(&a, buf_span(&b), &err), -1);
	assert_null(a.proof.entries);
}

static void
repeated_records_are_asked_for_once_and_in_order(void **state)
{
	AUTO(wire_records_clear) struct wire_records r = { 0 };
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);

	(void)state;
	records_make(&b);
	assert_int_equal(wire_records_decode(&r, buf_span(&b), NULL), 0);
	assert_int_equal(r.n, 3);
	assert_true(r.proofs);
	assert_true(r.at[0].seq == 2 && r.at[0].index == 7);
	assert_true(r.at[1].seq == 4 && r.at[1].index == 0);
	assert_true(r.at[2].seq == 4 && r.at[2].index == 1);
}

static void
bits_are_counted_from_the_lowest(void **state)
{
	uint8_t bitmap[2] = { 0, 0 };

	(void)state;
	wire_bit_set(bitmap, 0);
	wire_bit_set(bitmap, 10);
	assert_memory_equal(bitmap, "\x01\x04", 2);
	assert_true(wire_bit(SPAN_ARRAY(bitmap), 0));
	assert_true(wire_bit(SPAN_ARRAY(bitmap), 10));
	assert_false(wire_bit(SPAN_ARRAY(bitmap), 1));
	assert_false(wire_bit(SPAN_ARRAY(bitmap), 16)); /* past the end */
	assert_int_equal(WIRE_BITMAP_BYTES(9), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_body_comes_back_and_no_changed_one_misleads),
		cmocka_unit_test(the_frozen_bodies_are_those_of_today),
		cmocka_unit_test(bodies_that_came_later_are_frozen_each_in_its_file),
		cmocka_unit_test(a_have_for_one_server_is_useless_at_another),
		cmocka_unit_test(questions_over_their_limits_are_refused),
		cmocka_unit_test(repeated_records_are_asked_for_once_and_in_order),
		cmocka_unit_test(bits_are_counted_from_the_lowest),
	};

	return cmocka_run_group_tests(tests, test_crypto_init, NULL);
}
