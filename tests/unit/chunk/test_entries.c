/* SPDX-License-Identifier: Apache-2.0 */
#include "chunk/entries.h"

#include "format/fixture.h"
#include "mutate.h"

static struct chunk_entry
entry_of(uint32_t i)
{
	struct chunk_entry e = { .class = i % 5 ? CHUNK_MEDIA : CHUNK_VALUE,
				 .cid = test_hash('c', i) };

	if (i % 3 == 1) {
		e.foreign = true;
		e.device = test_id('d', i);
	}
	return e;
}

static void
fill(struct chunk_entries *l, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct chunk_entry e = entry_of(i);

		assert_int_equal(chunk_entries_add(l, &e, NULL), 0);
	}
}

static bool
entries_again(void *ctx, struct span in, struct buf *again)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };

	(void)ctx;
	return chunk_entries_decode(&l, in, NULL) == 0 &&
	       chunk_entries_encode(again, &l, NULL) == 0;
}

static void
changed_entries_are_refused_or_mean_what_they_say(void **state)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);

	(void)state;
	fill(&l, 4);
	assert_int_equal(chunk_entries_encode(&b, &l, NULL), 0);
	assert_int_equal(b.n, 3 * ENTRY_BYTES_MIN + ENTRY_BYTES_MAX);
	struct mutate_count c = mutate_all(buf_span(&b), entries_again, NULL);
	assert_true(c.refused > b.n / 2 && c.lived > b.n);
}

static void
refs_name_each_chunk_once_in_order_of_first_use(void **state)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 }, lists = { 0 };
	AUTO(buf_clear) struct buf refs = BUF_INIT(4096);
	static const uint32_t order[] = { 9, 2, 9, 5, 2, 2, 7 }, list[] = { 5, 8 };
	static const uint32_t expected[] = { 9, 2, 5, 7, 8 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(order); i++) {
		struct chunk_entry e = entry_of(order[i]);

		assert_int_equal(chunk_entries_add(&l, &e, NULL), 0);
	}
	for (size_t i = 0; i < N_ELEMENTS(list); i++) {
		struct chunk_entry e = entry_of(list[i]);

		assert_int_equal(chunk_entries_add(&lists, &e, NULL), 0);
	}
	assert_int_equal(chunk_entries_refs(&refs, &l, &lists, NULL), 0);
	assert_int_equal(refs.n, 32 * N_ELEMENTS(expected));
	for (size_t i = 0; i < N_ELEMENTS(expected); i++) {
		struct hash32 cid = test_hash('c', expected[i]);

		assert_memory_equal(refs.p + 32 * i, cid.b, 32);
	}
	buf_reset(&refs);
	chunk_entries_clear(&l);
	assert_int_equal(chunk_entries_refs(&refs, &l, NULL, NULL), 0);
	assert_int_equal(refs.n, 0);
}

/* List chunks in memory: the cid is the number. */
struct shelf {
	struct buf list[64];
	uint32_t n;
};

static int
put_list(void *ctx, struct span plain, struct hash32 *cid, struct err *err)
{
	struct shelf *s = ctx;

	s->list[s->n].max = CHUNK_PLAIN_BYTES_MAX;
	*cid = test_hash('l', s->n);
	return buf_append(&s->list[s->n++], plain, err);
}

static int
get_list(void *ctx, const struct chunk_entry *list, struct span *plain, struct err *err)
{
	struct shelf *s = ctx;
	uint32_t i = get_u32(list->cid.b);

	(void)err;
	assert_true(i < s->n);
	*plain = buf_span(&s->list[i]);
	return 0;
}

static void
shelf_clear(struct shelf *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		buf_clear(&s->list[i]);
}
AUTO_OBJ(shelf_clear, struct shelf);

static void
a_long_list_lies_in_list_chunks(void **state)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 }, top = { 0 }, got = { 0 };
	AUTO(shelf_clear) struct shelf shelf = { .n = 0 };

	(void)state;
	fill(&l, 3000);
	assert_int_equal(chunk_lists_make(&top, &l, put_list, &shelf, NULL), 0);
	assert_int_equal(top.n, 3);
	assert_int_equal(shelf.n, 3);
	assert_int_equal(top.e[0].class, CHUNK_LIST);
	assert_int_equal(chunk_lists_read(&got, &top, get_list, &shelf, NULL), 0);
	assert_int_equal(got.n, l.n);
	for (size_t i = 0; i < l.n; i++)
		assert_true(hash32_equal(&got.e[i].cid, &l.e[i].cid) &&
			    got.e[i].class == l.e[i].class && got.e[i].foreign == l.e[i].foreign &&
			    id16_equal(&got.e[i].device, &l.e[i].device));
}

/* A list chunk of @level whose entries are @l; gives its entry. */
static struct chunk_entry
put_level(struct shelf *shelf, uint8_t level, const struct chunk_entries *l)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(CHUNK_PLAIN_BYTES_MAX);
	struct chunk_entry e = { .class = CHUNK_LIST };

	assert_int_equal(buf_append_byte(&b, level, NULL), 0);
	assert_int_equal(chunk_entries_encode(&b, l, NULL), 0);
	assert_int_equal(put_list(shelf, buf_span(&b), &e.cid, NULL), 0);
	return e;
}

static void
lists_of_lists_are_read_two_levels_down_and_no_further(void **state)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 }, one = { 0 }, two = { 0 };
	AUTO(chunk_entries_clear) struct chunk_entries three = { 0 }, got = { 0 };
	AUTO(shelf_clear) struct shelf shelf = { .n = 0 };
	struct chunk_entry e;
	struct err err;

	(void)state;
	fill(&l, 7);
	e = put_level(&shelf, 0, &l);
	assert_int_equal(chunk_entries_add(&one, &e, NULL), 0);
	e = put_level(&shelf, 1, &one);
	assert_int_equal(chunk_entries_add(&two, &e, NULL), 0);
	assert_int_equal(chunk_lists_read(&got, &two, get_list, &shelf, NULL), 0);
	assert_int_equal(got.n, 7);
	e = put_level(&shelf, 1, &two);
	assert_int_equal(chunk_entries_add(&three, &e, NULL), 0);
	assert_int_equal(chunk_lists_read(&got, &three, get_list, &shelf, &err), -1);
	assert_string_equal(err.msg, "a chunk list of a wrong level");
	/* a chunk where a list stands, and a list where a chunk stands */
	assert_int_equal(chunk_lists_read(&got, &l, get_list, &shelf, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	chunk_entries_clear(&got);
	e = put_level(&shelf, 0, &one);
	chunk_entries_clear(&two);
	assert_int_equal(chunk_entries_add(&two, &e, NULL), 0);
	assert_int_equal(chunk_lists_read(&got, &two, get_list, &shelf, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void
a_list_has_no_more_entries_than_a_record_has_refs(void **state)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };
	struct chunk_entry e = entry_of(0);
	struct err err;

	(void)state;
	fill(&l, RECORD_REFS_MAX);
	assert_int_equal(chunk_entries_add(&l, &e, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_entries_are_refused_or_mean_what_they_say),
		cmocka_unit_test(refs_name_each_chunk_once_in_order_of_first_use),
		cmocka_unit_test(a_long_list_lies_in_list_chunks),
		cmocka_unit_test(lists_of_lists_are_read_two_levels_down_and_no_further),
		cmocka_unit_test(a_list_has_no_more_entries_than_a_record_has_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
