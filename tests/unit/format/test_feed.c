/* SPDX-License-Identifier: Apache-2.0 */
#include "format/feed.h"

#include "unit.h"

/* Units: a length byte and so many bytes; 0xff is refused. */
struct taken {
	char text[64];
	size_t n;
};

static int
take(void *ctx, struct span at, size_t *n, struct err *err)
{
	struct taken *t = ctx;

	if (at.p[0] == 0xff)
		return err_set(err, ERR_FORMAT, "0xff");
	*n = 1 + (size_t)at.p[0];
	if (at.n < *n)
		return FEED_MORE;
	memcpy(t->text + t->n, at.p + 1, *n - 1);
	t->n += *n - 1;
	t->text[t->n++] = '|';
	t->text[t->n] = '\0';
	return 0;
}

static const char stream[] = "\3abc\0\1d\5efghi";
#define STREAM span_of(stream, sizeof stream - 1)

static void
units_come_out_the_same_however_the_stream_is_cut(void **state)
{
	(void)state;
	for (size_t step = 1; step <= sizeof stream; step++) {
		struct taken t = { "", 0 };
		AUTO(feed_clear) struct feed f;

		feed_init(&f, 8, take, &t);
		for (size_t at = 0; at < STREAM.n; at += step) {
			struct span rest = span_skip(STREAM, at);

			if (rest.n > step)
				rest.n = step;
			assert_int_equal(feed_add(&f, rest, NULL), 0);
			assert_true(f.held.n < 8);
		}
		assert_int_equal(feed_end(&f, "the stream", NULL), 0);
		assert_string_equal(t.text, "abc||d|efghi|");
	}
}

static void
a_unit_over_the_ceiling_is_refused_before_it_is_held(void **state)
{
	struct taken t = { "", 0 };
	AUTO(feed_clear) struct feed f;
	struct err err;

	(void)state;
	feed_init(&f, 5, take, &t);
	assert_int_equal(feed_add(&f, span_str("\5"), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(f.held.p);
}

static void
an_unfinished_unit_is_named_at_the_end(void **state)
{
	struct taken t = { "", 0 };
	AUTO(feed_clear) struct feed f;
	struct err err;

	(void)state;
	feed_init(&f, 8, take, &t);
	assert_int_equal(feed_add(&f, span_str("\2x"), &err), 0);
	assert_int_equal(feed_end(&f, "the stream", &err), -1);
	assert_string_equal(err.msg, "the stream is cut short");
	assert_int_equal(feed_add(&f, span_str("y\xff"), &err), -1);
	assert_string_equal(err.msg, "0xff");
	assert_string_equal(t.text, "xy|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_come_out_the_same_however_the_stream_is_cut),
		cmocka_unit_test(a_unit_over_the_ceiling_is_refused_before_it_is_held),
		cmocka_unit_test(an_unfinished_unit_is_named_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
