/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/problem.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "format/fixture.h"
#include "os/os.h"

static void
problems_come_back_with_what_they_carry(void **state)
{
	(void)state;
	for (int w = 0; w < PROBLEM_N_WORDS; w++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(PROBLEM_BYTES_MAX);
		struct problem p = { .word = (enum problem_word)w,
				     .detail = "Say \"it\" in full." };
		struct problem got;

		switch (problem_member(p.word)) {
		case PROBLEM_HAS_SEQ_HEAD:
			p.seq = UINT64_MAX;
			p.head = test_hash('h', 1);
			break;
		case PROBLEM_HAS_EPOCH:
			p.epoch = 4;
			break;
		case PROBLEM_HAS_LENGTH_HEAD:
			p.length = 12;
			p.head = test_hash('h', 2);
			break;
		case PROBLEM_HAS_CIDS:
			for (p.n_cids = 0; p.n_cids < PROBLEM_CIDS_MAX; p.n_cids++)
				p.cids[p.n_cids] = test_hash('c', p.n_cids);
			break;
		case PROBLEM_HAS_NEEDS:
			strcpy(p.needs, "2.0");
			break;
		case PROBLEM_HAS_AGAIN:
			p.again_s = 3600;
			break;
		case PROBLEM_HAS_NOW:
			p.now_unix_s = 1790000000;
			break;
		case PROBLEM_HAS_NOTHING:
		case PROBLEM_HAS_RETRY:
			break;
		}
		assert_int_equal(problem_print(&b, &p, NULL), 0);
		assert_int_equal(problem_parse(&got, problem_status(p.word), buf_span(&b), NULL),
				 0);
		assert_memory_equal(&got, &p, sizeof p);
		/* a status that is not its own */
		assert_int_equal(problem_parse(&got, 599, buf_span(&b), NULL), -1);
		assert_true(problem_err_code(p.word) != ERR_NONE);
	}
}

static void
a_problem_looks_like_this(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(PROBLEM_BYTES_MAX);
	const struct problem p = { .word = PROBLEM_EPOCH, .epoch = 3, .detail = "Fetch the log." };

	(void)state;
	assert_int_equal(problem_print(&b, &p, NULL), 0);
	assert_string_equal(buf_str(&b),
			    "{\"type\":\"urn:cloudbox:problem:epoch\",\"title\":\"The batch is "
			    "sealed with the keys of an older epoch\",\"status\":409,\"detail\":"
			    "\"Fetch the log.\",\"epoch\":3}");
}

static void
other_answers_are_no_problems_of_ours(void **state)
{
	static const struct {
		unsigned status;
		const char *json;
	} cases[] = {
		{ 502, "" },
		{ 502, "<html><body>Bad Gateway</body></html>" },
		{ 404, "{}" },
		{ 404, "[]" },
		{ 404, "{\"type\":\"urn:cloudbox:problem:device\"}" },
		{ 404, "{\"type\":\"urn:cloudbox:problem:devices\",\"status\":404}" },
		{ 404, "{\"type\":\"about:blank\",\"status\":404}" },
		{ 404, "{\"type\":\"urn:cloudbox:problem:device\",\"status\":\"404\"}" },
		{ 404, "{\"type\":\"urn:cloudbox:problem:device\",\"status\":404" },
		{ 409, "{\"type\":\"urn:cloudbox:problem:epoch\",\"status\":409}" },
		{ 409, "{\"type\":\"urn:cloudbox:problem:head\",\"status\":409,\"seq\":1,\"head\":"
		       "\"12\"}" },
		{ 424, "{\"type\":\"urn:cloudbox:problem:missing-chunks\",\"status\":424,\"cids\":["
		       "1]}" },
		{ 404, "[[[[[[[[[[[[[[[[[[[[" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct problem p;
		struct err err;

		assert_int_equal(problem_parse(&p, cases[i].status, span_str(cases[i].json), &err),
				 -1);
		assert_int_equal(err.code, ERR_SYNTAX);
	}
}

static void
unknown_members_are_passed_by_and_long_details_are_cut(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(8192);
	struct problem p;

	(void)state;
	assert_int_equal(buf_append_str(&b,
					"{\"new\":{\"a\":1},\"status\":507,\"type\":"
					"\"urn:cloudbox:problem:quota\",\"detail\":\"",
					NULL),
			 0);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(buf_append_byte(&b, 'x', NULL), 0);
	assert_int_equal(buf_append_str(&b, "\"}", NULL), 0);
	assert_int_equal(problem_parse(&p, 507, buf_span(&b), NULL), 0);
	assert_int_equal(p.word, PROBLEM_QUOTA);
	assert_int_equal(strlen(p.detail), sizeof p.detail - 1);
}

/* The row of docs/protocol's table of problems that names @word, or NULL.  Cuts @page into lines. */
static const char *
row_of(char *page, const char *word)
{
	char quoted[64];

	snprintf(quoted, sizeof quoted, "`%s`", word);
	for (char *line = strtok(page, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "| ", 2) == 0 && isdigit(line[2]) && strstr(line, quoted))
			return line;
	return NULL;
}

static void
words_and_statuses_are_those_of_the_page(void **state)
{
	AUTO(buf_clear) struct buf page = BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(os_read_file(AT_FDCWD, PROTOCOL_PAGE, &page, NULL), 0);
	for (int word = 0; word < PROBLEM_N_WORDS; word++) {
		AUTO(free) char *copy = strdup(buf_str(&page));
		char status[16];
		const char *text = problem_word_text((enum problem_word)word),
			   *row = row_of(copy, text);

		snprintf(status, sizeof status, "%u", problem_status((enum problem_word)word));
		if (!row || !strstr(row, status))
			fail_msg("the page does not say that `%s` is %s: %s", text, status,
				 row ? row : "no row");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems_come_back_with_what_they_carry),
		cmocka_unit_test(a_problem_looks_like_this),
		cmocka_unit_test(other_answers_are_no_problems_of_ours),
		cmocka_unit_test(unknown_members_are_passed_by_and_long_details_are_cut),
		cmocka_unit_test(words_and_statuses_are_those_of_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
