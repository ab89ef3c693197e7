/* SPDX-License-Identifier: Apache-2.0 */
/* A file read in windows is split like the whole one, wherever the windows end. */
#include "unit.h"

#include "item/card_stream.h"
#include "item/corpus.h"

#define SEEN_MAX (64u << 20)

/* What came: "offset line length message" for each part. */
static int
note(struct buf *seen, uint64_t offset, unsigned line, size_t n, const struct err *bad)
{
	return buf_append_fmt(seen, NULL, "%llu %u %zu %s\n", (unsigned long long)offset, line, n,
			      bad ? bad->msg : "");
}

static int
on_part(void *ctx, const struct card_part *p, struct err *err)
{
	(void)err;
	return note(ctx, p->range.start, p->line, p->range.end - p->range.start, p->bad);
}

struct streamed {
	struct span text;
	size_t at, step; /* at most so many bytes at once */
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
on_streamed(void *ctx, const struct text_part *p, struct err *err)
{
	struct streamed *s = ctx;

	(void)err;
	assert_memory_equal(p->bytes.p, s->text.p + p->offset, p->bytes.n);
	return note(&s->seen, p->offset, p->line, p->bytes.n, p->bad);
}

static void
assert_same(struct span text, const char *name, size_t window)
{
	AUTO(buf_clear) struct buf whole = BUF_INIT(SEEN_MAX);
	struct streamed s = { text, 0, window * 2 / 3 + 1, BUF_INIT(SEEN_MAX) };
	struct text_stream from = { &s, read_some, name, window };
	struct err err = { 0 };

	assert_int_equal(card_split(text, name, on_part, &whole, &err), 0);
	assert_int_equal(card_stream_split(&from, on_streamed, &s, &err), 0);
	if (!span_equal(buf_span(&whole), buf_span(&s.seen)))
		fail_msg("%s by windows of %zu:\n%sinstead of\n%s", name, window, buf_str(&s.seen),
			 buf_str(&whole));
	buf_clear(&s.seen);
}

#define UTF8_MARK "\xef\xbb\xbf"

static void
wherever_windows_end_the_cards_are_the_same(void **state)
{
	static const char *const texts[] = {
		"",
		"\r\n\r\n\n",
		UTF8_MARK "BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n\r\nBEGIN:VCARD\r\nEND:VCARD",
		"BEGIN:VCARD\nFN:A\nEND:VCARD\n\n\n\n\n\n\n\n\n\nrubbish\nmore\nBEGIN:VCARD\nFN:A",
		"BEGIN:VCARD\rFN:A\rEND:VCARD\rBEGIN:VCARD\rEND:VCARD\rEND:VCARD\r",
		"BEGIN:VCARD\nFN:A\nBEGIN:VCARD\n X\nNOTE:b\nEND:VCARD\n c\nEND:VCARD\n",
		"BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
		"BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nEND:VCARD\r\nEND:VCARD\r\n",
		"BEGIN:VCARD\nBEGIN:VCARDX\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		for (size_t window = 1; window < 130; window++)
			assert_same(span_str(texts[i]), "a.vcf", window);
}

static void
on_file(void *ctx, const char *path, struct span bytes)
{
	static const size_t windows[] = { 61, 1000, 30011 };

	(void)ctx;
	for (size_t i = 0; i < N_ELEMENTS(windows); i++)
		if (bytes.n / windows[i] < 3000)
			assert_same(bytes, path, windows[i]);
}

static void
real_files_are_split_the_same(void **state)
{
	(void)state;
	if (corpus_each("contacts", on_file, NULL) <= 0) {
		print_message("no corpus: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wherever_windows_end_the_cards_are_the_same),
		cmocka_unit_test(real_files_are_split_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
