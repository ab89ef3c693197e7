/* SPDX-License-Identifier: Apache-2.0 */
#include "format/payload.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/padding.h"
#include "mutate.h"

#define MIB (1u << 20)

static bool
payload_again(void *ctx, struct span in, struct buf *again)
{
	struct payload_segment s;
	int rc;

	(void)ctx;
	while ((rc = payload_next(&s, &in, NULL)) == 0)
		if (payload_segment_append(again, &s, NULL) < 0)
			return false;
	return rc == PAYLOAD_END;
}

static void
changed_segments_are_refused_or_mean_what_they_say(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	const struct payload_cut cuts[] = {
		{ 3, 6, 0, 1, { NULL, 0 } },
		{ 6, 9, 1, 200, span_str("fold 75, CRLF") },
	};

	(void)state;
	assert_int_equal(payload_build(&b, span_str("abcDEFGHIjkl"), cuts, 2, NULL), 0);
	struct mutate_count c = mutate_all(buf_span(&b), payload_again, NULL);
	assert_true(c.refused > b.n / 2 && c.lived > b.n);
}

/* Chunks in memory; recipes repeat the value as often as their first byte says. */
struct chunks {
	struct span c[8];
	unsigned asked;
};

static int
get_chunk(void *ctx, uint32_t i, struct span *plain, struct err *err)
{
	struct chunks *c = ctx;

	(void)err;
	assert_true(i < N_ELEMENTS(c->c));
	c->asked++;
	*plain = c->c[i];
	return 0;
}

static int
repeat(void *ctx, struct span recipe, struct span decoded, struct buf *out, struct err *err)
{
	(void)ctx;
	for (int i = 0; i < recipe.p[0] - '0'; i++)
		if (buf_append(out, decoded, err) < 0)
			return -1;
	return 0;
}

static void
original_bytes_are_put_together_again(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(4096), out = BUF_INIT(4096);
	struct chunks c = { .c = { span_str("EF"), span_str("g"), span_str("xy"), span_str("K") } };
	const struct payload_source source = { &c, get_chunk, repeat };
	const struct payload_sink sink = { &out, payload_to_buf };
	const char original[] = "abcdEFghxyKxyKijKl";
	const struct payload_cut cuts[] = {
		{ 4, 7, 0, 2, { NULL, 0 } },
		{ 8, 14, 2, 2, span_str("2") },
		{ 16, 17, 3, 1, { NULL, 0 } },
	};
	struct err err;

	(void)state;
	assert_int_equal(payload_build(&payload, span_str(original), cuts, 3, &err), 0);
	assert_int_equal(
		payload_assemble(buf_span(&payload), strlen(original), 4, &source, &sink, &err), 0);
	assert_string_equal(buf_str(&out), original);
	assert_int_equal(c.asked, 5);

	/* a chunk that the record does not have: nothing is fetched */
	c.asked = 0;
	assert_int_equal(
		payload_assemble(buf_span(&payload), strlen(original), 3, &source, &sink, &err),
		-1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_int_equal(c.asked, 0);
	/* no encoder */
	const struct payload_source plain = { &c, get_chunk, NULL };
	assert_int_equal(
		payload_assemble(buf_span(&payload), strlen(original), 4, &plain, &sink, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void
an_empty_item_has_an_empty_payload(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(16), out = BUF_INIT(16);
	const struct payload_source source = { NULL, get_chunk, NULL };
	const struct payload_sink sink = { &out, payload_to_buf };

	(void)state;
	assert_int_equal(payload_build(&payload, span_str(""), NULL, 0, NULL), 0);
	assert_int_equal(payload.n, 0);
	assert_int_equal(payload_assemble(buf_span(&payload), 0, 0, &source, &sink, NULL), 0);
	assert_int_equal(out.n, 0);
}

static void
a_size_that_does_not_fit_is_refused(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(64), out = BUF_INIT(64);
	struct chunks c = { .c = { span_str("two\0") } };
	const struct payload_source source = { &c, get_chunk, repeat };
	const struct payload_sink sink = { &out, payload_to_buf };
	const struct payload_cut cut = { 0, 3, 0, 1, { NULL, 0 } };
	struct err err;

	(void)state;
	c.c[0].n = 4; /* one byte longer, and that byte is zero: still no padding */
	assert_int_equal(payload_build(&payload, span_str("two"), &cut, 1, NULL), 0);
	assert_int_equal(payload_assemble(buf_span(&payload), 3, 1, &source, &sink, &err), -1);
	assert_string_equal(err.msg, "an item has more bytes than its record says");
	assert_int_equal(payload_assemble(buf_span(&payload), 5, 1, &source, &sink, &err), -1);
	assert_string_equal(err.msg, "an item has fewer bytes than its record says");
}

static void
cuts_that_overlap_are_refused(void **state)
{
	static const struct payload_cut cases[][2] = {
		{ { 0, 4, 0, 1, { NULL, 0 } }, { 3, 5, 1, 1, { NULL, 0 } } },
		{ { 0, 4, 0, 1, { NULL, 0 } }, { 5, 5, 1, 1, { NULL, 0 } } },
		{ { 0, 4, 0, 1, { NULL, 0 } }, { 5, 9, 1, 1, { NULL, 0 } } },
		{ { 0, 4, 0, 1, { NULL, 0 } }, { 5, 6, 1, 0, { NULL, 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(64);
		struct err err;

		assert_int_equal(payload_build(&b, span_str("12345678"), cases[i], 2, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
}

/* Counts what comes, and remembers the last byte. */
struct counted {
	uint64_t n;
	uint8_t last;
};

static int
count(void *ctx, struct span bytes, struct err *err)
{
	struct counted *c = ctx;

	(void)err;
	c->n += bytes.n;
	c->last = bytes.p[bytes.n - 1];
	return 0;
}

/* A file of one byte over 64 MiB in pieces of 11 MiB, followed by zeros up to 66 MiB. */
static void
the_padding_of_a_large_file_is_cut_off_and_must_be_zero(void **state)
{
	const uint64_t size = 64 * (uint64_t)MIB + 1;
	AUTO(free) uint8_t *full = malloc(11 * MIB);
	AUTO(free) uint8_t *last = calloc(1, 11 * MIB);
	AUTO(buf_clear) struct buf payload = BUF_INIT(64);
	const struct payload_segment s = { .kind = PAYLOAD_CHUNKS, .n_chunks = 6 };
	struct chunks c = { .asked = 0 };
	struct counted got = { 0, 0 };
	const struct payload_source source = { &c, get_chunk, NULL };
	const struct payload_sink sink = { &got, count };
	struct err err;

	(void)state;
	assert_true(full && last);
	assert_int_equal(pad_size(size), 66 * MIB);
	memset(full, 'x', 11 * MIB);
	for (int i = 0; i < 5; i++)
		c.c[i] = span_of(full, 11 * MIB);
	size_t in_last = (size_t)(size - 55 * (uint64_t)MIB);
	memset(last, 'x', in_last - 1);
	last[in_last - 1] = 'z';
	c.c[5] = span_of(last, 11 * MIB);
	assert_int_equal(payload_segment_append(&payload, &s, NULL), 0);
	assert_int_equal(payload_assemble(buf_span(&payload), size, 6, &source, &sink, &err), 0);
	assert_int_equal(got.n, size);
	assert_int_equal(got.last, 'z');

	last[11 * MIB - 1] = 1; /* padding that is not zero */
	assert_int_equal(payload_assemble(buf_span(&payload), size, 6, &source, &sink, &err), -1);
	assert_string_equal(err.msg, "an item is not followed by zeros");
	last[11 * MIB - 1] = 0;
	c.c[5].n--; /* padding that is too short */
	assert_int_equal(payload_assemble(buf_span(&payload), size, 6, &source, &sink, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void
a_payload_goes_to_a_descriptor(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(64);
	char name[] = "/tmp/cloudbox-test-XXXXXX", got[8] = "";
	int fd = mkstemp(name);
	const struct payload_source source = { NULL, get_chunk, NULL };
	const struct payload_sink sink = { &fd, payload_to_fd };

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(payload_build(&payload, span_str("bytes"), NULL, 0, NULL), 0);
	assert_int_equal(payload_assemble(buf_span(&payload), 5, 0, &source, &sink, NULL), 0);
	assert_int_equal(pread(fd, got, sizeof got, 0), 5);
	assert_string_equal(got, "bytes");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_segments_are_refused_or_mean_what_they_say),
		cmocka_unit_test(original_bytes_are_put_together_again),
		cmocka_unit_test(an_empty_item_has_an_empty_payload),
		cmocka_unit_test(a_size_that_does_not_fit_is_refused),
		cmocka_unit_test(cuts_that_overlap_are_refused),
		cmocka_unit_test(the_padding_of_a_large_file_is_cut_off_and_must_be_zero),
		cmocka_unit_test(a_payload_goes_to_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
