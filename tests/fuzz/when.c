/* SPDX-License-Identifier: Apache-2.0 */
/* when: moments and durations as people write them; a moment printed is the same moment. */
#include "base/when.h"
#include "fuzz.h"

#define YEAR_9999_MS INT64_C(253402300799999)

/* A moment as it was typed: printed, it is the same moment, and a bare date is the same date. */
static void
moment(struct span text)
{
	int64_t at, again;
	char printed[WHEN_TEXT_BYTES];

	if (when_parse(&at, text, NULL) < 0)
		return;
	when_print(printed, at);
	FUZZ_TRUE(when_parse(&again, span_str(printed), NULL) == 0);
	if (at < 0 || at > YEAR_9999_MS)
		return;
	FUZZ_TRUE(again == at);
	FUZZ_TRUE(text.n != 10 || memcmp(printed, text.p, 10) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = span_of(data, n);
	int64_t ms = 0;

	moment(all);
	if (duration_parse(&ms, all, NULL) == 0)
		FUZZ_TRUE(ms >= 0 && ms <= INT64_C(1000) * 365 * 24 * 3600 * 1000);
	return 0;
}
