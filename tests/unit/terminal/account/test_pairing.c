/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides of a pairing against each other in one process, and whoever may stand between them: a
 * server that changes, swaps, repeats or sends back what it passes on, and one that has seen the code.
 */
#include "account/pairing.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/wrap.h"
#include "mutate.h"
#include "os/os.h"

#define TALK_MAX 16

/* Two sides, and what went from one to the other. */
struct talk {
	uint8_t id[CRYPTO_ID_BYTES];
	struct secret *secret, *seed;
	struct sign_key *dsk;
	struct pairing *side[PAIR_HOST + 1]; /* by role */
	struct buf said[TALK_MAX];
	size_t n;
};

static struct secret *
secret_new(void)
{
	struct secret *s = NULL;

	assert_int_equal(secret_new_random(&s, NULL), 0);
	return s;
}

static void
talk_begin(struct talk *t)
{
	*t = (struct talk){ .n = 0 };
	os_random(t->id, sizeof t->id);
	t->secret = secret_new();
	t->seed = secret_new();
	assert_int_equal(sign_key_new(&t->dsk, t->seed, NULL), 0);
	assert_int_equal(
		pairing_new(&t->side[PAIR_JOINER], PAIR_JOINER, t->id, t->secret, t->dsk, NULL), 0);
	assert_int_equal(pairing_new(&t->side[PAIR_HOST], PAIR_HOST, t->id, t->secret, NULL, NULL),
			 0);
}

static void
talk_clear(struct talk *t)
{
	for (size_t i = 0; i < t->n; i++)
		buf_clear(&t->said[i]);
	pairing_free(t->side[PAIR_JOINER]);
	pairing_free(t->side[PAIR_HOST]);
	sign_key_free(t->dsk);
	secret_free(t->secret);
	secret_free(t->seed);
}
AUTO_OBJ(talk_clear, struct talk);

/* The kinds of a whole talk, in which the log grows once. */
static const struct {
	enum pair_role who;
	enum pairing_kind kind;
} script[] = {
	{ PAIR_JOINER, PAIRING_COMMIT }, { PAIR_HOST, PAIRING_ANSWER },
	{ PAIR_JOINER, PAIRING_OPEN },   { PAIR_JOINER, PAIRING_YES },
	{ PAIR_HOST, PAIRING_PLACE },    { PAIR_JOINER, PAIRING_SIGNED },
	{ PAIR_HOST, PAIRING_PLACE },    { PAIR_JOINER, PAIRING_SIGNED },
	{ PAIR_HOST, PAIRING_KEYS },     { PAIR_JOINER, PAIRING_DONE },
};
#define SCRIPT_GREETINGS 3
#define SCRIPT_COMPARING 3 /* the first message after the digits */

static void
message_of(struct pairing_message *m, enum pairing_kind kind)
{
	*m = (struct pairing_message){ .kind = kind, .index = 7, .why = PAIRING_WHY_PERSON };
	memset(m->device.b, 0xd1, sizeof m->device.b);
	memset(m->account.b, 0xac, sizeof m->account.b);
	memset(m->before.b, 0xbe, sizeof m->before.b);
	memset(m->signature, 0x51, sizeof m->signature);
	strcpy(m->name, "小明的手机");
	if (kind != PAIRING_KEYS)
		return;
	m->keys.epoch = 3;
	m->keys.log_length = 8;
	m->keys.psk = secret_new();
	m->keys.dps = secret_new();
	m->keys.root = secret_new();
	m->keys.n_heads = 1;
	m->keys.heads[0].seq = 12;
}

/* @i of the script is said; its bytes stay in the talk. */
static void
talk_say(struct talk *t, size_t i)
{
	struct pairing *p = t->side[script[i].who];
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };

	assert_true(t->n < TALK_MAX);
	t->said[t->n] = (struct buf)BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	message_of(&m, script[i].kind);
	assert_int_equal(i < SCRIPT_GREETINGS ? pairing_greet(p, &t->said[t->n], NULL)
					      : pairing_say(p, &t->said[t->n], &m, NULL),
			 0);
	t->n++;
}

/* @sealed is heard by whoever does not say @i of the script. */
static int
talk_hear(struct talk *t, size_t i, struct span sealed, struct pairing_message *m, struct err *err)
{
	return pairing_hear(t->side[script[i].who == PAIR_HOST ? PAIR_JOINER : PAIR_HOST], sealed,
			    m, err);
}

/* The first @n messages, each said and heard. */
static void
talk_to(struct talk *t, size_t n)
{
	talk_begin(t);
	for (size_t i = 0; i < n; i++) {
		AUTO(pairing_message_clear) struct pairing_message m = { 0 };

		assert_true(pairing_is_our_turn(t->side[script[i].who]));
		talk_say(t, i);
		assert_int_equal(talk_hear(t, i, buf_span(&t->said[i]), &m, NULL), 0);
		assert_int_equal(m.kind, script[i].kind);
	}
}

/* Whoever says @i has said it, and the other hears @instead of it: that ends the talk. */
static void
assert_refused(struct talk *t, size_t i, struct span instead)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	AUTO(pairing_message_clear) struct pairing_message again = { 0 };
	struct pairing *p = t->side[script[i].who == PAIR_HOST ? PAIR_JOINER : PAIR_HOST];
	struct err err;

	assert_int_equal(pairing_hear(p, instead, &m, &err), -1);
	assert_true(err.code == ERR_AUTH || err.code == ERR_FORMAT);
	/* The secret is burnt: what was really said is heard no more. */
	assert_int_equal(pairing_hear(p, buf_span(&t->said[i]), &again, &err), -1);
	assert_string_equal(pairing_digits(p), "");
}

static void
both_show_the_same_digits_and_the_keys_arrive(void **state)
{
	AUTO(talk_clear) struct talk t = { .n = 0 };
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	size_t i = 0;

	(void)state;
	talk_to(&t, SCRIPT_COMPARING);
	assert_int_equal(strlen(pairing_digits(t.side[PAIR_HOST])), 6);
	assert_string_equal(pairing_digits(t.side[PAIR_HOST]), pairing_digits(t.side[PAIR_JOINER]));
	assert_memory_equal(pairing_dsk_public(t.side[PAIR_HOST]), sign_key_public(t.dsk),
			    CRYPTO_PUBLIC_BYTES);
	for (i = SCRIPT_COMPARING; script[i].kind != PAIRING_KEYS; i++) {
		AUTO(pairing_message_clear) struct pairing_message heard = { 0 };

		talk_say(&t, i);
		assert_int_equal(talk_hear(&t, i, buf_span(&t.said[i]), &heard, NULL), 0);
		if (heard.kind == PAIRING_YES)
			assert_string_equal(heard.name, "小明的手机");
	}
	talk_say(&t, i);
	assert_int_equal(talk_hear(&t, i, buf_span(&t.said[i]), &m, NULL), 0);
	assert_int_equal(m.keys.epoch, 3);
	assert_int_equal(m.keys.n_heads, 1);
	assert_int_equal(m.keys.heads[0].seq, 12);
	assert_false(secret_equal(m.keys.psk, m.keys.root));
}

static void
no_flipped_bit_of_any_message_is_accepted(void **state)
{
	size_t flipped = 0;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(script); i++)
		for (size_t bit = 0, bits = 8; bit < bits; bit++) {
			AUTO(talk_clear) struct talk t = { .n = 0 };

			talk_to(&t, i);
			talk_say(&t, i);
			AUTO(free) uint8_t *copy = malloc(t.said[i].n);

			assert_non_null(copy);
			memcpy(copy, t.said[i].p, t.said[i].n);
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_refused(&t, i, span_of(copy, t.said[i].n));
			bits = 8 * t.said[i].n;
			flipped++;
		}
	print_message("%zu bits\n", flipped);
	assert_true(flipped > 8000);
}

static void
no_message_is_accepted_cut_short_or_lengthened(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(script); i++)
		for (int by = -1; by <= 1; by++) {
			AUTO(talk_clear) struct talk t = { .n = 0 };

			talk_to(&t, i);
			talk_say(&t, i);
			AUTO(free) uint8_t *copy = calloc(1, t.said[i].n + 1);

			assert_non_null(copy);
			memcpy(copy, t.said[i].p, t.said[i].n);
			assert_refused(&t, i,
				       span_of(copy, by ? t.said[i].n + (size_t)by : (size_t)0));
		}
}

/* @t's secret and id, from the beginning: what another run of the same code would say. */
static void
talk_like(struct talk *t, const struct talk *as)
{
	talk_begin(t);
	pairing_free(t->side[PAIR_JOINER]);
	pairing_free(t->side[PAIR_HOST]);
	assert_int_equal(
		pairing_new(&t->side[PAIR_JOINER], PAIR_JOINER, as->id, as->secret, as->dsk, NULL),
		0);
	assert_int_equal(
		pairing_new(&t->side[PAIR_HOST], PAIR_HOST, as->id, as->secret, NULL, NULL), 0);
}

static void
nothing_is_accepted_twice_out_of_order_back_or_from_another_talk(void **state)
{
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(script); i++)
		for (size_t j = 0; j < 2 * N_ELEMENTS(script); j++) {
			AUTO(talk_clear) struct talk t = { .n = 0 };
			AUTO(talk_clear) struct talk other = { .n = 0 };
			struct span instead;
			bool of_other = j >= N_ELEMENTS(script);
			size_t of = j % N_ELEMENTS(script);

			/* The other talk has the same code, the same keys of the joiner, and went all
			 * the way; only r and s are its own. */
			talk_to(&t, i);
			talk_say(&t, i);
			talk_like(&other, &t);
			for (size_t k = 0; k < N_ELEMENTS(script); k++) {
				AUTO(pairing_message_clear) struct pairing_message m = { 0 };

				talk_say(&other, k);
				assert_int_equal(
					talk_hear(&other, k, buf_span(&other.said[k]), &m, NULL),
					0);
			}
			if (!of_other && of >= i)
				continue; /* what was said before, by either */
			/* A commit of the same code is what the first message is: any joiner's. */
			if (of_other && of == 0 && i == 0)
				continue;
			instead = buf_span(of_other ? &other.said[of] : &t.said[of]);
			assert_refused(&t, i, instead);
			tried++;
		}
	print_message("%zu messages\n", tried);
	assert_int_equal(tried, 10 * 9 / 2 + 10 * 10 - 1);
}

static void
a_message_comes_back_to_nobody(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(script); i++) {
		AUTO(talk_clear) struct talk t = { .n = 0 };
		AUTO(pairing_message_clear) struct pairing_message m = { 0 };
		struct err err;

		talk_to(&t, i);
		talk_say(&t, i);
		assert_int_equal(
			pairing_hear(t.side[script[i].who], buf_span(&t.said[i]), &m, &err), -1);
	}
}

static void
another_secret_id_or_role_is_nobodys_partner(void **state)
{
	AUTO(talk_clear) struct talk t = { .n = 0 };
	AUTO(secret_free) struct secret *wrong = secret_new();
	uint8_t id[CRYPTO_ID_BYTES];

	(void)state;
	for (int how = 0; how < 3; how++) {
		AUTO(pairing_free) struct pairing *p = NULL;
		AUTO(pairing_message_clear) struct pairing_message m = { 0 };
		struct err err;

		talk_begin(&t);
		memcpy(id, t.id, sizeof id);
		id[15] ^= how == 1;
		assert_int_equal(pairing_new(&p, how == 2 ? PAIR_JOINER : PAIR_HOST, id,
					     how == 0 ? wrong : t.secret, t.dsk, NULL),
				 0);
		talk_say(&t, 0);
		assert_int_equal(pairing_hear(p, buf_span(&t.said[0]), &m, &err), -1);
		assert_int_equal(err.code, ERR_AUTH);
		if (how < 2)
			talk_clear(&t);
	}
}

/* Whoever saw the code stands in between, with keys of his own on either side: a host for the joiner,
 * a joiner for the host. */
static bool
man_in_the_middle_shows_the_same(void)
{
	AUTO(talk_clear) struct talk t = { .n = 0 };
	AUTO(talk_clear) struct talk his = { .n = 0 };
	AUTO(buf_clear) struct buf s = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	AUTO(buf_clear) struct buf his_commit = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	AUTO(buf_clear) struct buf his_s = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	AUTO(buf_clear) struct buf open = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	AUTO(buf_clear) struct buf his_open = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	struct pairing_message m = { 0 };

	talk_begin(&t);
	talk_like(&his, &t);
	pairing_free(his.side[PAIR_JOINER]);
	assert_int_equal(
		pairing_new(&his.side[PAIR_JOINER], PAIR_JOINER, t.id, t.secret, his.dsk, NULL), 0);
	talk_say(&t, 0);
	assert_int_equal(pairing_hear(his.side[PAIR_HOST], buf_span(&t.said[0]), &m, NULL), 0);
	assert_int_equal(pairing_greet(his.side[PAIR_JOINER], &his_commit, NULL), 0);
	assert_int_equal(pairing_hear(t.side[PAIR_HOST], buf_span(&his_commit), &m, NULL), 0);
	assert_int_equal(pairing_greet(t.side[PAIR_HOST], &s, NULL), 0);
	assert_int_equal(pairing_hear(his.side[PAIR_JOINER], buf_span(&s), &m, NULL), 0);
	assert_int_equal(pairing_greet(his.side[PAIR_HOST], &his_s, NULL), 0);
	assert_int_equal(pairing_hear(t.side[PAIR_JOINER], buf_span(&his_s), &m, NULL), 0);
	assert_int_equal(pairing_greet(t.side[PAIR_JOINER], &open, NULL), 0);
	assert_int_equal(pairing_hear(his.side[PAIR_HOST], buf_span(&open), &m, NULL), 0);
	assert_int_equal(pairing_greet(his.side[PAIR_JOINER], &his_open, NULL), 0);
	assert_int_equal(pairing_hear(t.side[PAIR_HOST], buf_span(&his_open), &m, NULL), 0);
	return strcmp(pairing_digits(t.side[PAIR_HOST]), pairing_digits(t.side[PAIR_JOINER])) == 0;
}

static void
who_stands_between_shows_other_digits(void **state)
{
	unsigned same = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		same += man_in_the_middle_shows_the_same();
	/* One in a million each: twice in 200 is one in 50 million. */
	assert_true(same < 2);
}

/* Whoever photographed the code and reads what the server passes on: the first three messages open to
 * him, and nothing that comes after, whatever he takes for the product that he does not know. */
static void
who_saw_the_code_and_listens_opens_nothing_after_the_digits(void **state)
{
	AUTO(talk_clear) struct talk t = { .n = 0 };
	struct pair_transcript known;
	uint64_t number[PAIR_HOST + 1] = { 0 };

	(void)state;
	talk_to(&t, N_ELEMENTS(script));
	pair_transcript_init(&known, t.id);
	for (size_t i = 0; i < N_ELEMENTS(script); i++) {
		enum pair_role who = script[i].who;
		uint8_t plain[PAIRING_PLAIN_BYTES_MAX];
		size_t n = t.said[i].n - BOX_OVERHEAD_BYTES;
		AUTO(secret_free) struct secret *key = NULL;
		int rc;

		assert_int_equal(pair_key(&key, t.secret, who, &known, NULL), 0);
		number[who]++;
		rc = wrap_box_open(plain, n, key, t.id,
				   DS(DS_PAIR_MESSAGE, DS_NUM(who), DS_NUM(number[who])),
				   buf_span(&t.said[i]), NULL);
		assert_int_equal(rc, i < SCRIPT_COMPARING ? 0 : -1);
		for (size_t at = 1; rc == 0 && at < n; at += PAIR_PART_BYTES)
			pair_transcript_add(&known, plain + at);
		if (i + 1 == SCRIPT_COMPARING) { /* he must guess from here on */
			const uint8_t guess[PAIR_PART_BYTES] = { 0 };

			pair_transcript_add(&known, guess);
		}
	}
}

/* The joiner's second message, of a joiner who knows the code and opens what he likes. */
static void
open_as(struct buf *out, const struct talk *t, const uint8_t commit[static PAIR_PART_BYTES],
	const uint8_t s[static PAIR_PART_BYTES], const struct pairing_message *open)
{
	AUTO(secret_free) struct secret *key = NULL;
	uint8_t plain[PAIRING_PLAIN_BYTES_MAX];
	struct pair_transcript known;

	pair_transcript_init(&known, t->id);
	pair_transcript_add(&known, commit);
	pair_transcript_add(&known, s);
	assert_int_equal(pair_key(&key, t->secret, PAIR_JOINER, &known, NULL), 0);
	assert_int_equal(wrap_box_seal(out, key, t->id,
				       DS(DS_PAIR_MESSAGE, DS_NUM(PAIR_JOINER), DS_NUM(2)),
				       span_of(plain, pairing_message_encode(plain, open)), NULL),
			 0);
}

/* One that commits to a value and opens another once he has seen s, so that digits come out as he
 * wants them. */
static void
what_was_committed_to_cannot_be_chosen_later(void **state)
{
	(void)state;
	for (int change = 0; change < 3; change++) {
		AUTO(talk_clear) struct talk t = { .n = 0 };
		AUTO(secret_free) struct secret *r = NULL;
		AUTO(secret_free) struct secret *key = NULL;
		AUTO(buf_clear) struct buf sealed = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
		AUTO(buf_clear) struct buf answer = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
		AUTO(buf_clear) struct buf opened = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
		struct pairing_message commit = { .kind = PAIRING_COMMIT };
		struct pairing_message open = { .kind = PAIRING_OPEN }, m = { 0 };
		struct pair_transcript known;
		uint8_t plain[PAIRING_PLAIN_BYTES_MAX], s[1 + PAIR_PART_BYTES];
		struct err err;

		talk_begin(&t);
		assert_int_equal(pair_share_new(&r, open.share, NULL), 0);
		memcpy(open.dsk_public, sign_key_public(t.dsk), sizeof open.dsk_public);
		pair_commit(commit.commit, open.share, open.dsk_public);
		pair_transcript_init(&known, t.id);
		assert_int_equal(pair_key(&key, t.secret, PAIR_JOINER, &known, NULL), 0);
		assert_int_equal(
			wrap_box_seal(&sealed, key, t.id,
				      DS(DS_PAIR_MESSAGE, DS_NUM(PAIR_JOINER), DS_NUM(1)),
				      span_of(plain, pairing_message_encode(plain, &commit)), NULL),
			0);
		assert_int_equal(pairing_hear(t.side[PAIR_HOST], buf_span(&sealed), &m, NULL), 0);
		assert_int_equal(pairing_greet(t.side[PAIR_HOST], &answer, NULL), 0);
		pair_transcript_add(&known, commit.commit);
		secret_free(TAKE(key));
		assert_int_equal(pair_key(&key, t.secret, PAIR_HOST, &known, NULL), 0);
		assert_int_equal(wrap_box_open(s, sizeof s, key, t.id,
					       DS(DS_PAIR_MESSAGE, DS_NUM(PAIR_HOST), DS_NUM(1)),
					       buf_span(&answer), NULL),
				 0);
		open.share[3] ^= change == 1;
		open.dsk_public[3] ^= change == 2;
		open_as(&opened, &t, commit.commit, s + 1, &open);
		assert_int_equal(pairing_hear(t.side[PAIR_HOST], buf_span(&opened), &m, &err),
				 change ? -1 : 0);
		if (change)
			assert_int_equal(err.code, ERR_AUTH);
		assert_int_equal(strlen(pairing_digits(t.side[PAIR_HOST])), change ? 0 : 6);
	}
}

static void
either_may_say_no_from_the_digits_on_and_not_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(script); i++)
		for (unsigned who = PAIR_JOINER; who <= PAIR_HOST; who++) {
			AUTO(talk_clear) struct talk t = { .n = 0 };
			AUTO(buf_clear) struct buf no = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
			AUTO(pairing_message_clear) struct pairing_message m = { 0 };
			AUTO(pairing_message_clear) struct pairing_message heard = { 0 };
			struct err err;
			int rc;

			talk_to(&t, i);
			message_of(&m, PAIRING_NO);
			rc = pairing_say(t.side[who], &no, &m, &err);
			assert_int_equal(rc, i < SCRIPT_COMPARING ? -1 : 0);
			if (rc < 0) {
				assert_int_equal(err.code, ERR_INTERNAL);
				continue;
			}
			assert_int_equal(
				pairing_hear(t.side[who == PAIR_HOST ? PAIR_JOINER : PAIR_HOST],
					     buf_span(&no), &heard, NULL),
				0);
			assert_int_equal(heard.kind, PAIRING_NO);
			assert_int_equal(heard.why, PAIRING_WHY_PERSON);
			message_of(&m, script[i].kind);
			assert_int_equal(pairing_say(t.side[script[i].who], &no, &m, &err), -1);
		}
}

static void
nobody_says_what_is_not_his_turn(void **state)
{
	(void)state;
	for (size_t i = SCRIPT_GREETINGS; i < N_ELEMENTS(script); i++)
		for (unsigned who = PAIR_JOINER; who <= PAIR_HOST; who++)
			for (unsigned kind = PAIRING_COMMIT; kind <= PAIRING_DONE; kind++) {
				AUTO(talk_clear) struct talk t = { .n = 0 };
				AUTO(buf_clear) struct buf b = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
				AUTO(pairing_message_clear) struct pairing_message m = { 0 };
				bool may = (who == script[i].who && kind == script[i].kind) ||
					   kind == PAIRING_NO;
				struct err err;

				/* Of the host there are two that may come. */
				may |= who == PAIR_HOST && i == 6 && kind == PAIRING_KEYS;
				may |= who == PAIR_HOST && i == 8 && kind == PAIRING_PLACE;
				talk_to(&t, i);
				message_of(&m, (enum pairing_kind)kind);
				assert_int_equal(pairing_say(t.side[who], &b, &m, &err),
						 may ? 0 : -1);
			}
}

static bool
message_again(void *ctx, struct span bytes, struct buf *again)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	uint8_t plain[PAIRING_PLAIN_BYTES_MAX];

	(void)ctx;
	return pairing_message_decode(&m, bytes, NULL) == 0 &&
	       buf_append(again, span_of(plain, pairing_message_encode(plain, &m)), NULL) == 0;
}

static void
messages_decode_to_what_encodes_to_the_same(void **state)
{
	(void)state;
	for (unsigned kind = PAIRING_COMMIT; kind <= PAIRING_DONE; kind++) {
		AUTO(pairing_message_clear) struct pairing_message m = { 0 };
		uint8_t plain[PAIRING_PLAIN_BYTES_MAX];
		struct mutate_count count;

		message_of(&m, (enum pairing_kind)kind);
		count = mutate_all(span_of(plain, pairing_message_encode(plain, &m)), message_again,
				   NULL);
		assert_true(count.refused > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_show_the_same_digits_and_the_keys_arrive),
		cmocka_unit_test(no_flipped_bit_of_any_message_is_accepted),
		cmocka_unit_test(no_message_is_accepted_cut_short_or_lengthened),
		cmocka_unit_test(nothing_is_accepted_twice_out_of_order_back_or_from_another_talk),
		cmocka_unit_test(a_message_comes_back_to_nobody),
		cmocka_unit_test(another_secret_id_or_role_is_nobodys_partner),
		cmocka_unit_test(who_stands_between_shows_other_digits),
		cmocka_unit_test(who_saw_the_code_and_listens_opens_nothing_after_the_digits),
		cmocka_unit_test(what_was_committed_to_cannot_be_chosen_later),
		cmocka_unit_test(either_may_say_no_from_the_digits_on_and_not_before),
		cmocka_unit_test(nobody_says_what_is_not_his_turn),
		cmocka_unit_test(messages_decode_to_what_encodes_to_the_same),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
