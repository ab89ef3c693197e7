/* SPDX-License-Identifier: Apache-2.0 */
#include "chunk/chunk.h"

#include <stdlib.h>
#include <unistd.h>

#include "format/padding.h"
#include "unit.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)

static void
plans_are_as_the_table_says(void **state)
{
	static const struct {
		enum chunk_class class;
		uint64_t size, padded;
		uint32_t n_pieces;
	} cases[] = {
		{ CHUNK_MEDIA, 0, 0, 0 },
		{ CHUNK_MEDIA, 1, 1, 1 },
		{ CHUNK_MEDIA, 4 * MIB, 4 * MIB, 1 },
		{ CHUNK_MEDIA, 4 * MIB + 1, 4 * MIB + 1, 2 },
		{ CHUNK_MEDIA, 64 * MIB, 64 * MIB, 16 },
		{ CHUNK_MEDIA, 64 * MIB + 1, 66 * MIB, 17 },
		{ CHUNK_DATABASE, 1 * MIB, 1 * MIB, 4 },
		{ CHUNK_DATABASE, 65 * MIB, 66 * MIB, 264 },
		{ CHUNK_VALUE, 5 * MIB, 5 * MIB, 2 },
		{ CHUNK_MEDIA, 255 * GIB, 256 * GIB, 0 }, /* refused: the padding counts */
		{ CHUNK_MEDIA, 200 * GIB, 200 * GIB, 51200 },
		{ CHUNK_DATABASE, 16 * GIB, 0, 0 },
		{ CHUNK_MEDIA, UINT64_MAX, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct chunk_plan p;
		struct err err;
		int rc = chunk_plan_make(&p, cases[i].class, cases[i].size, &err);

		if (cases[i].size > 0 && cases[i].n_pieces == 0) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.code, ERR_LIMIT);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(p.padded_bytes, cases[i].padded);
		assert_int_equal(p.n_pieces, cases[i].n_pieces);
		assert_int_equal(p.piece_bytes, chunk_piece_bytes(cases[i].class));
	}
}

static void
classes_follow_the_type_and_unknown_ones_are_named(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(chunk_class_of(span_str("application/vnd.sqlite3")), CHUNK_DATABASE);
	assert_int_equal(chunk_class_of(span_str("image/jpeg")), CHUNK_MEDIA);
	assert_int_equal(chunk_class_of(span_str("")), CHUNK_MEDIA);
	assert_int_equal(chunk_class_check(CHUNK_LIST, &err), 0);
	assert_int_equal(chunk_class_check(0, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_int_equal(chunk_class_check(6, &err), -1);
	assert_string_equal(err.msg, "a chunk of the unknown class 6");
	assert_int_equal(chunk_class_check(CHUNK_TEXT, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

/* A file of @left bytes counting upwards, given @step at a time. */
struct file {
	uint64_t at, size;
	size_t step;
};

static int
read_file(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct file *f = ctx;

	(void)err;
	if (n > f->step)
		n = f->step;
	if (n > f->size - f->at)
		n = (size_t)(f->size - f->at);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)((f->at + i) * 7 % 251);
	f->at += n;
	*got = n;
	return 0;
}

static void
pieces_joined_are_the_file_and_its_padding(void **state)
{
	static const struct {
		enum chunk_class class;
		uint64_t size;
		size_t step;
	} cases[] = {
		{ CHUNK_MEDIA, 1, 100 },
		{ CHUNK_MEDIA, 9 * MIB + 5, 1 << 20 },
		{ CHUNK_DATABASE, 256 * KIB, 4096 },
		{ CHUNK_DATABASE, 256 * KIB + 1, 1000 },
		{ CHUNK_MEDIA, 64 * MIB + 1, 4 << 20 },
		{ CHUNK_MEDIA, 0, 10 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(splitter_free) struct splitter *s = NULL;
		struct file f = { 0, cases[i].size, cases[i].step };
		const struct chunk_source source = { &f, read_file };
		struct chunk_plan plan;
		struct span piece;
		uint64_t at = 0;
		uint32_t n = 0;
		int rc;

		assert_int_equal(chunk_plan_make(&plan, cases[i].class, f.size, NULL), 0);
		assert_int_equal(splitter_new(&s, &plan, &source, NULL), 0);
		while ((rc = splitter_next(s, &piece, NULL)) == 0) {
			assert_true(piece.n <= plan.piece_bytes);
			for (size_t k = 0; k < piece.n; k++)
				if (piece.p[k] != (at + k < f.size ? (at + k) * 7 % 251 : 0))
					fail();
			at += piece.n;
			n++;
		}
		assert_int_equal(rc, CHUNK_END);
		assert_int_equal(at, plan.padded_bytes);
		assert_int_equal(n, plan.n_pieces);
	}
}

static void
a_file_that_changes_its_size_while_it_is_read_is_refused(void **state)
{
	static const struct {
		uint64_t planned, found;
	} cases[] = {
		{ 10, 9 }, { 10, 11 }, { 0, 1 }, { 4 * MIB, 4 * MIB + 1 }, { 4 * MIB + 1, 4 * MIB },
		{ 5, 0 }
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(splitter_free) struct splitter *s = NULL;
		struct file f = { 0, cases[i].found, 1 << 20 };
		const struct chunk_source source = { &f, read_file };
		struct chunk_plan plan;
		struct span piece;
		struct err err;
		int rc;

		assert_int_equal(chunk_plan_make(&plan, CHUNK_MEDIA, cases[i].planned, NULL), 0);
		assert_int_equal(splitter_new(&s, &plan, &source, NULL), 0);
		while ((rc = splitter_next(s, &piece, &err)) == 0)
			;
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, ERR_CONFLICT);
	}
}

static void
a_descriptor_is_a_source(void **state)
{
	AUTO(splitter_free) struct splitter *s = NULL;
	char name[] = "/tmp/cloudbox-test-XXXXXX";
	int fd = mkstemp(name);
	const struct chunk_source source = { &fd, chunk_from_fd };
	struct chunk_plan plan;
	struct span piece;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, "content", 7), 7);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(chunk_plan_make(&plan, CHUNK_MEDIA, 7, NULL), 0);
	assert_int_equal(splitter_new(&s, &plan, &source, NULL), 0);
	assert_int_equal(splitter_next(s, &piece, NULL), 0);
	assert_true(span_equal(piece, span_str("content")));
	assert_int_equal(splitter_next(s, &piece, NULL), CHUNK_END);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_as_the_table_says),
		cmocka_unit_test(classes_follow_the_type_and_unknown_ones_are_named),
		cmocka_unit_test(pieces_joined_are_the_file_and_its_padding),
		cmocka_unit_test(a_file_that_changes_its_size_while_it_is_read_is_refused),
		cmocka_unit_test(a_descriptor_is_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
