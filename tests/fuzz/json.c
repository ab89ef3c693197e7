/* SPDX-License-Identifier: Apache-2.0 */
/* json: the two JSON bodies, a problem and the server's description; printed and parsed again, they
 * say the same. */
#include "fuzz.h"
#include "wire/problem.h"
#include "wire/server_info.h"

static void
problem(unsigned status, struct span json)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(1u << 20), again = BUF_INIT(1u << 20);
	AUTO(free) struct problem *p = calloc(2, sizeof *p);

	if (problem_parse(&p[0], status, json, NULL) < 0)
		return;
	FUZZ_TRUE(p[0].word < PROBLEM_N_WORDS && p[0].n_cids <= PROBLEM_CIDS_MAX);
	FUZZ_TRUE(problem_print(&text, &p[0], NULL) == 0);
	FUZZ_TRUE(problem_parse(&p[1], problem_status(p[0].word), buf_span(&text), NULL) == 0);
	FUZZ_TRUE(problem_print(&again, &p[1], NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&text), buf_span(&again)));
}

static void
info(struct span json)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(1u << 20), again = BUF_INIT(1u << 20);
	struct server_info i, i_again;

	if (server_info_parse(&i, json, NULL) < 0)
		return;
	FUZZ_TRUE(server_info_print(&text, &i, NULL) == 0);
	FUZZ_TRUE(server_info_parse(&i_again, buf_span(&text), NULL) == 0);
	FUZZ_TRUE(server_info_print(&again, &i_again, NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&text), buf_span(&again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = span_of(data, n);

	for (unsigned word = 0; word < PROBLEM_N_WORDS; word++)
		problem(problem_status((enum problem_word)word), all);
	info(all);
	return 0;
}
