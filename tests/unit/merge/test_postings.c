/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever lies on disk and whatever in memory: a key's values come in the order they were added. */
#include "merge/postings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "merge/laws.h"
#include "os/os.h"

#define KEYS 600
#define ADDS 30000

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

/* Few different first bytes, so that keys of one block differ late. */
static struct field_key
key_of(unsigned n)
{
	struct field_key k = { { 0 } };

	k.b[0] = (uint8_t)(n % 3);
	k.b[14] = (uint8_t)(n >> 8);
	k.b[15] = (uint8_t)n;
	return k;
}

/* What was added: key and value, in order. */
struct model {
	unsigned keys[ADDS];
	size_t n;
};

static void
check_key(struct postings *p, const struct model *m, unsigned key)
{
	struct field_key k = key_of(key);
	struct postings_walk w;
	struct err err = { 0 };
	uint64_t value;
	size_t n, seen = 0;

	assert_int_equal(postings_count(&n, p, &k, &err), 0);
	assert_int_equal(postings_walk_init(&w, p, &k, &err), 0);
	for (size_t i = 0; i < m->n; i++) {
		if (m->keys[i] != key)
			continue;
		seen++;
		assert_int_equal(postings_walk_next(&value, &w, &err), 1);
		assert_int_equal(value, i);
	}
	assert_int_equal(postings_walk_next(&value, &w, &err), 0);
	assert_int_equal(n, seen);
}

/* Some keys are had by one in five. */
static unsigned
any_key(struct dice *d)
{
	return dice_roll(d, 5) ? dice_roll(d, KEYS) : dice_roll(d, 3);
}

static void
add_and_look(struct scratch *s, size_t n_memory, unsigned looks, uint64_t seed)
{
	static struct model m;
	AUTO(postings_free) struct postings *p = NULL;
	struct dice d = { seed | 1 };
	struct err err = { 0 };

	m.n = 0;
	assert_int_equal(postings_new(&p, s, n_memory, &err), 0);
	for (unsigned i = 0; i < scaled(ADDS) && i < ADDS; i++) {
		unsigned key = any_key(&d);
		struct field_key k = key_of(key);

		assert_int_equal(postings_add(p, &k, i, &err), 0);
		m.keys[m.n++] = key;
		if (looks && dice_roll(&d, 1000) < looks)
			check_key(p, &m, any_key(&d));
	}
	for (unsigned key = 0; key < KEYS + 3; key++)
		check_key(p, &m, key);
}

static void
values_come_in_order_wherever_they_lie(void **state)
{
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;

	(void)state;
	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)seed);
	add_and_look(NULL, 1, 10, seed);
	for (size_t n_memory = 1; n_memory < 2 * ADDS; n_memory *= 9) {
		AUTO(scratch_free) struct scratch *s = scratch_here();

		add_and_look(s, n_memory + 6, 0, seed);
		add_and_look(s, n_memory + 6, 10, seed + 2);
	}
}

static void
nothing_is_found_in_empty_ones(void **state)
{
	AUTO(scratch_free) struct scratch *s = scratch_here();
	static const struct model none;

	(void)state;
	for (int disk = 0; disk < 2; disk++) {
		AUTO(postings_free) struct postings *p = NULL;
		struct err err = { 0 };

		assert_int_equal(postings_new(&p, disk ? s : NULL, 7, &err), 0);
		check_key(p, &none, 1);
	}
}

static ssize_t
fails_to_read(int fd, void *p, size_t n, off_t at)
{
	(void)fd, (void)p, (void)n, (void)at;
	errno = EIO;
	return -1;
}

static void
a_disk_that_fails_is_told_and_not_taken_for_nothing_found(void **state)
{
	AUTO(scratch_free) struct scratch *s = scratch_here();
	AUTO(postings_free) struct postings *p = NULL;
	struct os broken = *os;
	const struct os *kernel = os;
	struct field_key k = key_of(5);
	struct postings_walk w;
	struct err err = { 0 };
	uint64_t value;
	size_t n;

	(void)state;
	assert_int_equal(postings_new(&p, s, 10000, &err), 0);
	for (unsigned i = 0; i < 10001; i++) {
		struct field_key one = key_of(i);

		assert_int_equal(postings_add(p, &one, i, &err), 0);
	}
	broken.pread = fails_to_read;
	os = &broken;
	int counted = postings_count(&n, p, &k, &err);
	int begun = postings_walk_init(&w, p, &k, &err);
	int walked = postings_walk_next(&value, &w, &err);
	os = kernel;
	assert_int_equal(counted, -1);
	assert_int_equal(begun, 0);
	assert_int_equal(walked, -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(postings_count(&n, p, &k, &err), 0);
	assert_int_equal(n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_in_order_wherever_they_lie),
		cmocka_unit_test(nothing_is_found_in_empty_ones),
		cmocka_unit_test(a_disk_that_fails_is_told_and_not_taken_for_nothing_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
