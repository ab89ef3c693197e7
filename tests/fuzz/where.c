/* SPDX-License-Identifier: Apache-2.0 */
/* where: an expression printed is the same expression; "not" is the opposite, for whatever item. */
#include "fuzz.h"
#include "item/where_internal.h"

static int64_t
no_zone(int64_t at_unix_ms)
{
	(void)at_unix_ms;
	return 0;
}

static int
meets(const struct where *w, const struct where_item *item)
{
	const struct where_clock clock = { INT64_C(1779235200000), no_zone };
	const struct key_rules rules = { 0 };
	AUTO(where_test_free) struct where_test *t = NULL;
	struct err err = { 0 };
	int rc;

	FUZZ_TRUE(where_test_new(&t, w, &rules, &clock, &err) == 0);
	rc = where_meets(t, item, &err);
	FUZZ_TRUE(rc == 0 || rc == 1);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(where_free) struct where *w = NULL, *again = NULL, *opposite = NULL;
	AUTO(buf_clear) struct buf once = BUF_INIT(1u << 16), twice = BUF_INIT(1u << 16);
	AUTO(buf_clear) struct buf no = BUF_INIT(1u << 16);
	struct err err = { 0 };
	const struct where_item item = {
		.name = span_of("Ada", 3),
		.path = span_of(data, n),
		.type = "text/vcard",
		.size = n,
		.modified_unix_ms = INT64_C(1779235200000),
		.taken = "2026-05-01T10:00:00+02:00",
		.thread = span_of("+4930~+4931", 11),
		.party = span_of("Ada", 3),
	};

	struct where_wall wall = where_wall_parse(span_of(data, n));
	FUZZ_TRUE(wall.s == WHERE_WALL_NONE ||
		  (wall.s >= where_wall_s(1, 1, 1) && wall.s < where_wall_s(10000, 1, 3)));
	if (where_parse(&w, span_of(data, n), &err) < 0) {
		FUZZ_TRUE(err.code == ERR_USAGE || err.code == ERR_LIMIT);
		return 0;
	}
	FUZZ_TRUE(where_print(&once, w, &err) == 0);
	if (once.n > WHERE_BYTES_MAX - 6)
		return 0;
	FUZZ_TRUE(where_parse(&again, buf_span(&once), &err) == 0);
	FUZZ_TRUE(where_print(&twice, again, &err) == 0);
	FUZZ_TRUE(span_equal(buf_span(&once), buf_span(&twice)));
	FUZZ_TRUE(meets(w, &item) == meets(again, &item));
	FUZZ_TRUE(buf_append_fmt(&no, &err, "not (%s)", buf_str(&once)) == 0);
	if (where_parse(&opposite, buf_span(&no), &err) < 0)
		FUZZ_TRUE(err.code == ERR_LIMIT); /* one deeper than it may be */
	else
		FUZZ_TRUE(meets(w, &item) != meets(opposite, &item));
	return 0;
}
