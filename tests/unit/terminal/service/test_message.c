/* SPDX-License-Identifier: Apache-2.0 */
/* message: a word, a line feed, and what follows. */
#include "service/message.h"

#include "unit.h"

static void
every_word_comes_back_with_what_follows_it(void **state)
{
	static const char *const bodies[] = { "", "\n", "a\nb" };

	(void)state;
	for (int word = 0; word < N_MESSAGE_WORDS; word++)
		for (size_t i = 0; i < N_ELEMENTS(bodies); i++) {
			struct message m = { (enum message_word)word, span_str(bodies[i]) }, back;
			uint8_t bytes[MESSAGE_BYTES_MAX];
			struct err err;
			size_t n;

			assert_int_equal(message_encode(&n, bytes, &m, &err), 0);
			assert_int_equal(message_decode(&back, span_of(bytes, n), &err), 0);
			assert_int_equal(back.word, m.word);
			assert_true(span_equal(back.body, m.body));
		}
}

static void
what_is_no_word_of_ours_is_refused(void **state)
{
	static const char *const texts[] = { "",        "\n",      "look",   "lo\n",
					     "lookk\n", " look\n", "LOOK\n", "look \n" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
		struct message m;
		struct err err = { 0 };

		assert_int_equal(message_decode(&m, span_str(texts[i]), &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void
a_body_that_finds_no_room_is_refused(void **state)
{
	static uint8_t body[MESSAGE_BYTES_MAX], bytes[MESSAGE_BYTES_MAX];
	struct message m = { MESSAGE_OK, span_of(body, MESSAGE_BYTES_MAX - 3) };
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(message_encode(&n, bytes, &m, &err), 0);
	assert_int_equal(n, MESSAGE_BYTES_MAX);
	m.body.n++;
	assert_int_equal(message_encode(&n, bytes, &m, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_comes_back_with_what_follows_it),
		cmocka_unit_test(what_is_no_word_of_ours_is_refused),
		cmocka_unit_test(a_body_that_finds_no_room_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
