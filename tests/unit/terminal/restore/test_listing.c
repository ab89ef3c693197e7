/* SPDX-License-Identifier: Apache-2.0 */
/* A list on disk is the list that is in memory, and proves as much. */
#include "restore/listing.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "format/state.h"
#include "unit.h"

#define ITEMS 1000 /* pages, and a part of one */

static struct wire_item
item_at(unsigned n)
{
	struct wire_item w = {
		.version = 1, .seq = 1 + n % 9, .index = n, .cipher_bytes = 200 + n
	};

	w.folder.b[0] = (uint8_t)(n % 3);
	w.item.b[0] = (uint8_t)(n * 65 >> 8); /* ascending, and spread over the buckets */
	w.item.b[1] = (uint8_t)(n * 65);
	randombytes_buf_deterministic(
		w.leaf.b, sizeof w.leaf.b,
		(const uint8_t[randombytes_SEEDBYTES]){ (uint8_t)n, (uint8_t)(n >> 8) });
	return w;
}

static struct scratch *
scratch_here(void)
{
	struct scratch *s = NULL;
	struct err err = { 0 };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	assert_int_equal(scratch_new(&s, dir, &err), 0);
	close(dir);
	return s;
}

/* The root, as docs/formats says, bucket by bucket. */
static struct hash32
root_of(unsigned n)
{
	unsigned k = state_depth(n), at = 0;
	struct hash32 *nodes = calloc((size_t)1 << k, sizeof *nodes), root;

	assert_non_null(nodes);
	for (uint32_t bucket = 0; bucket < 1u << k; bucket++) {
		struct state_entry e[64];
		size_t n_entries = 0;

		for (; at < n; at++) {
			struct wire_item w = item_at(at);

			if (state_bucket_of(&w.item, k) != bucket)
				break;
			assert_true(n_entries < N_ELEMENTS(e));
			e[n_entries++] = (struct state_entry){ w.folder, w.item, w.seq, w.leaf };
		}
		assert_int_equal(state_bucket_hash(&nodes[bucket], e, n_entries, NULL), 0);
	}
	assert_int_equal(at, n);
	for (; k > 0; k--)
		for (uint32_t i = 0; i < 1u << (k - 1); i++)
			state_node_hash(&nodes[i], &nodes[2 * i], &nodes[2 * i + 1]);
	state_root_hash(&root, n, &nodes[0]);
	free(nodes);
	return root;
}

static void
fill(struct listing *l, unsigned n, unsigned but)
{
	for (unsigned i = 0; i < n; i++) {
		struct wire_item w = item_at(i);

		if (i == but)
			w.seq++;
		assert_int_equal(listing_add(l, &w, NULL), 0);
	}
}

static void
what_was_added_is_there_in_memory_and_on_disk(void **state)
{
	AUTO(scratch_free) struct scratch *s = scratch_here();
	AUTO(listing_clear) struct listing disk = { .scratch = s }, memory = { 0 };
	AUTO(listing_clear) struct listing some = { .scratch = s };
	struct id16 folder = item_at(1).folder;
	struct wire_item w, x;

	(void)state;
	for (int again = 0; again < 2; again++) { /* a list that was cut begins anew */
		listing_reset(&disk);
		fill(&disk, ITEMS, ITEMS);
		assert_true(disk.scratch && disk.n_pages > 0);
	}
	fill(&memory, ITEMS, ITEMS);
	assert_int_equal(disk.n, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++) {
		unsigned at = i * 7 % ITEMS;

		assert_int_equal(listing_get(&w, &disk, at, NULL), 0);
		assert_int_equal(listing_get(&x, &memory, at, NULL), 0);
		assert_int_equal(w.index, at);
		assert_memory_equal(w.leaf.b, x.leaf.b, sizeof w.leaf.b);
		assert_memory_equal(x.leaf.b, item_at(at).leaf.b, sizeof w.leaf.b);
	}
	assert_int_equal(listing_of_folder(&some, &disk, &folder, NULL), 0);
	assert_int_equal(some.n, ITEMS / 3);
	assert_int_equal(listing_get(&w, &some, some.n - 1, NULL), 0);
	assert_int_equal(w.index, 997);
}

static void
a_list_is_proven_whole_and_only_then(void **state)
{
	static const unsigned sizes[] = { 0, 1, 5, 64, 65, 128, ITEMS };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
		AUTO(scratch_free) struct scratch *s = scratch_here();
		unsigned n = sizes[i];
		struct hash32 root = root_of(n);

		for (int on_disk = 0; on_disk < 2; on_disk++) {
			AUTO(listing_clear) struct listing l = { .scratch = on_disk ? s : NULL };
			AUTO(listing_clear) struct listing bad = { .scratch = on_disk ? s : NULL };
			AUTO(listing_clear) struct listing less = { .scratch = on_disk ? s : NULL };
			struct err err = { 0 };

			fill(&l, n, n);
			assert_int_equal(listing_check(&l, &root, 20, &err), 0);
			if (n == 0)
				continue;
			fill(&bad, n, n / 2);
			assert_int_equal(listing_check(&bad, &root, 20, &err), -1);
			assert_int_equal(err.code, ERR_ALARM);
			fill(&less, n - 1, n);
			assert_int_equal(listing_check(&less, &root, 20, &err), -1);
			assert_int_equal(err.code, ERR_ALARM);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there_in_memory_and_on_disk),
		cmocka_unit_test(a_list_is_proven_whole_and_only_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
