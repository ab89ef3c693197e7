/* SPDX-License-Identifier: Apache-2.0 */
/* A file of records is split the same way, wherever its windows end. */
#include "unit.h"

#include "item/record.h"

struct streamed {
	struct span text;
	size_t at, step;
	struct buf seen;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct streamed *s = ctx;

	(void)err;
	*got = s->text.n - s->at < n ? s->text.n - s->at : n;
	if (*got > s->step)
		*got = s->step;
	if (*got)
		memcpy(p, s->text.p + s->at, *got);
	s->at += *got;
	return 0;
}

static int
on_part(void *ctx, const struct text_part *p, struct err *err)
{
	struct streamed *s = ctx;

	assert_memory_equal(p->bytes.p, s->text.p + p->offset, p->bytes.n);
	if (p->bad)
		return buf_append_fmt(&s->seen, err, "%u: %s\n", p->line, p->bad->msg);
	AUTO(record_clear) struct record r = { .n_fields = 0 };
	assert_int_equal(record_parse(&r, p->bytes, err), 0);
	return buf_append_fmt(&s->seen, err, "%u: %.*s, %zu fields\n", p->line, SPAN_ARGS(r.uid),
			      r.n_fields);
}

static void
assert_split(const char *text, const char *expected)
{
	static const size_t windows[] = { 1, 7, 20, 50, 4096 };

	for (size_t i = 0; i < N_ELEMENTS(windows); i++) {
		struct streamed s = { span_str(text), 0, windows[i], BUF_INIT(1 << 16) };
		struct text_stream stream = { &s, read_some, "a.vitem", windows[i] };
		struct err err = { 0 };

		assert_int_equal(record_split(&stream, on_part, &s, &err), 0);
		assert_string_equal(buf_str(&s.seen), expected);
		buf_clear(&s.seen);
	}
}

#define ITEM(id, more) "BEGIN:VITEM\r\nVERSION:1.0\r\nUID:" id "\r\n" more "END:VITEM\r\n"

static void
records_come_one_by_one(void **state)
{
	(void)state;
	assert_split("", "");
	assert_split(ITEM("a", "NAME:x\r\n") "\r\n" ITEM("b", "TEXT:one\r\n two\r\nTAG:t\r\n"),
		     "1: a, 1 fields\n7: b, 2 fields\n");
	assert_split("\xef\xbb\xbf" ITEM("a", ""), "1: a, 0 fields\n");
	assert_split("begin:vitem\nUID:a\nBEGIN:INNER\nX:1\nEND:INNER\nend:vitem",
		     "1: a, 0 fields\n");
}

static void
what_is_cut_or_none_is_refused_and_its_neighbours_come(void **state)
{
	(void)state;
	assert_split("BEGIN:VITEM\r\nUID:cut\r\n" ITEM("b", ""),
		     "1: a.vitem:3:1: expected END:VITEM, found 'B'\n3: b, 0 fields\n");
	assert_split(ITEM("a", "") "BEGIN:VITEM\r\nUID:cut\r\n",
		     "1: a, 0 fields\n5: a.vitem:7:1: expected END:VITEM, found the end\n");
	assert_split("hello\r\nworld\r\n" ITEM("a", ""),
		     "1: a.vitem:1:1: expected BEGIN:VITEM, found 'h'\n3: a, 0 fields\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_one_by_one),
		cmocka_unit_test(what_is_cut_or_none_is_refused_and_its_neighbours_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
