/* SPDX-License-Identifier: Apache-2.0 */
/* beat: the heartbeat's bodies and the notices in the head of answers. */
#include "format/fixture.h"
#include "frozen.h"
#include "mutate.h"
#include "wire/wire.h"

static const uint8_t spki[CRYPTO_HASH_BYTES] = { 's' };

static void
beat_make(struct buf *out, uint32_t expect_s)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	const struct wire_beat b = {
		.account = test_id('a', 1),
		.device = test_id('d', 1),
		.client_unix_ms = 1700000000000,
		.expect_s = expect_s,
		.drill = WIRE_DRILL_FAILED,
		.drill_unix_ms = 1690000000000,
	};

	assert_int_equal(wire_beat_sign(out, &b, dsk, spki, NULL), 0);
}

static bool
beat_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	struct wire_beat b;

	(void)ctx;
	return wire_beat_decode(&b, in, NULL) == 0 &&
	       wire_beat_verify(&b, in, sign_key_public(dsk), spki, NULL) == 0 &&
	       buf_append(again, in, NULL) == 0;
}

static void
of_a_heartbeat_no_changed_one_is_taken(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1024);

	(void)state;
	beat_make(&b, 3 * 86400);
	assert_int_equal(b.n, WIRE_BEAT_BYTES);
	assert_true(b.n <= 400);
	struct mutate_count c = mutate_all(buf_span(&b), beat_again, NULL);
	assert_int_equal(c.lived, 0);
}

static void
a_heartbeat_for_one_server_is_useless_at_another(void **state)
{
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	AUTO(buf_clear) struct buf b = BUF_INIT(1024);
	const uint8_t other[CRYPTO_HASH_BYTES] = { 'o' };
	struct wire_beat beat;
	struct err err;

	(void)state;
	beat_make(&b, 3 * 86400);
	assert_int_equal(wire_beat_decode(&beat, buf_span(&b), NULL), 0);
	assert_int_equal(beat.expect_s, 3 * 86400);
	assert_int_equal(beat.drill, WIRE_DRILL_FAILED);
	assert_int_equal(wire_beat_verify(&beat, buf_span(&b), sign_key_public(dsk), spki, &err),
			 0);
	assert_int_equal(wire_beat_verify(&beat, buf_span(&b), sign_key_public(dsk), other, &err),
			 -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
what_is_expected_has_its_limits(void **state)
{
	static const struct {
		uint32_t expect_s;
		int rc;
	} cases[] = {
		{ 0, 0 },
		{ WIRE_EXPECT_S_MIN - 1, -1 },
		{ WIRE_EXPECT_S_MIN, 0 },
		{ WIRE_EXPECT_S_MAX, 0 },
		{ WIRE_EXPECT_S_MAX + 1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(1024);
		struct wire_beat beat;
		struct err err;

		beat_make(&b, cases[i].expect_s);
		assert_int_equal(wire_beat_decode(&beat, buf_span(&b), &err), cases[i].rc);
	}
}

static const struct wire_notices two = {
	.n = 2,
	.at = { { 7, WIRE_NOTICE_SILENCE, { { 1, 2 } }, 1700000000000, 86400 },
		{ 9, WIRE_NOTICE_QUOTA, { { 0 } }, 1700000000001, 93 } },
};

static void
notices_come_back_as_text(void **state)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(WIRE_NOTICES_TEXT_BYTES);
	AUTO(buf_clear) struct buf again = BUF_INIT(WIRE_NOTICES_TEXT_BYTES);
	struct wire_notices back, full = { .n = WIRE_NOTICES_MAX };
	struct err err;

	(void)state;
	assert_int_equal(wire_notices_print(&text, &two, NULL), 0);
	assert_int_equal(wire_notices_parse(&back, buf_span(&text), NULL), 0);
	assert_int_equal(back.n, 2);
	assert_int_equal(wire_notices_print(&again, &back, NULL), 0);
	assert_true(span_equal(buf_span(&again), buf_span(&text)));
	assert_int_equal(wire_notices_parse(&back, span_str("no base64!"), &err), -1);
	assert_int_equal(wire_notices_parse(&back, span_of(text.p, text.n - 1), &err), -1);
	assert_int_equal(wire_notices_parse(&back, span_str(""), &err), 0);
	assert_int_equal(back.n, 0);

	for (size_t i = 0; i < WIRE_NOTICES_MAX; i++)
		full.at[i] = two.at[0];
	buf_reset(&text);
	assert_int_equal(wire_notices_print(&text, &full, NULL), 0);
	assert_true(text.n < WIRE_NOTICES_TEXT_BYTES);
	assert_int_equal(wire_notices_parse(&back, buf_span(&text), NULL), 0);
	assert_int_equal(back.n, WIRE_NOTICES_MAX);
}

static void
a_kind_of_later_years_is_passed_over(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1024);
	struct wire_notices back;

	(void)state;
	assert_int_equal(wire_notices_encode(&b, &two, NULL), 0);
	b.p[8] = WIRE_NOTICE_HOLD + 1;
	assert_int_equal(wire_notices_decode(&back, buf_span(&b), NULL), 0);
	assert_int_equal(back.n, 1);
	assert_int_equal(back.at[0].id, 9);
}

static void
the_frozen_beat_is_that_of_today(void **state)
{
	AUTO(buf_clear) struct buf made = BUF_INIT(4096), old = BUF_INIT(4096);
	const struct wire_beat_answer a = { 1700000000000, 5, 7, test_hash('h', 7) };
	struct wire_beat_answer back;

	(void)state;
	assert_int_equal(wire_beat_answer_encode(&made, &a, NULL), 0);
	assert_int_equal(wire_beat_answer_decode(&back, buf_span(&made), NULL), 0);
	assert_memory_equal(&back, &a, sizeof a);
	beat_make(&made, 3 * 86400);
	assert_int_equal(wire_notices_encode(&made, &two, NULL), 0);
	frozen(&old, "beat-1.bin", buf_span(&made));
	assert_true(span_equal(buf_span(&old), buf_span(&made)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_heartbeat_no_changed_one_is_taken),
		cmocka_unit_test(a_heartbeat_for_one_server_is_useless_at_another),
		cmocka_unit_test(what_is_expected_has_its_limits),
		cmocka_unit_test(notices_come_back_as_text),
		cmocka_unit_test(a_kind_of_later_years_is_passed_over),
		cmocka_unit_test(the_frozen_beat_is_that_of_today),
	};

	return cmocka_run_group_tests(tests, test_crypto_init, NULL);
}
