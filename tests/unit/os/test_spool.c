/* SPDX-License-Identifier: Apache-2.0 */
/* Rows come back in their order, or in that of their keys, few or many; nothing is left behind. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "os/os.h"
#include "os/sorter.h"
#include "os/spool.h"
#include "os_fault.h"

static char folder[] = "/tmp/cloudbox-test-spool-XXXXXX";
static int dir_fd;

static int
set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(dir_fd);
	return rmdir(folder); /* fails if anything is left */
}

/* A row that tells its number, of a length that changes. */
static struct span
row_of(uint8_t bytes[static 40000], uint32_t i)
{
	size_t n = i % 10000 == 7 ? 40000 : 4 + i % 60;

	memset(bytes, (int)(i % 251), n);
	put_u32(bytes, i);
	return span_of(bytes, n);
}

static void
comes_back(uint32_t n, int fd)
{
	static uint8_t bytes[40000];
	AUTO(spool_free) struct spool *s = NULL;
	struct err err = { 0 };
	struct span row;

	assert_int_equal(spool_new(&s, fd, &err), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(spool_put(s, row_of(bytes, i), &err), 0);
	assert_int_equal(spool_n(s), n);
	for (int again = 0; again < 2; again++) {
		spool_rewind(s);
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(spool_next(&row, s, &err), 0);
			assert_true(span_equal(row, row_of(bytes, i)));
		}
		assert_int_equal(spool_next(&row, s, &err), SPOOL_END);
		assert_int_equal(spool_next(&row, s, &err), SPOOL_END);
	}
}

static void
rows_come_back_in_their_order(void **state)
{
	const uint32_t many[] = { 0, 1, 2, 300, 20000 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(many); i++) {
		comes_back(many[i], dir_fd);
		comes_back(many[i], -1);
	}
}

static void
few_rows_make_no_file(void **state)
{
	AUTO(spool_free) struct spool *s = NULL;
	AUTO(sorter_free) struct sorter *sorter = NULL;
	struct err err = { 0 };
	struct os_fault fault;

	(void)state;
	os_fault_at(&fault, 1, EIO, OS_FAULT_FOR_EVER);
	assert_int_equal(spool_new(&s, dir_fd, &err), 0);
	assert_int_equal(spool_put(s, span_str("one"), &err), 0);
	assert_int_equal(sorter_new(&sorter, dir_fd, &err), 0);
	assert_int_equal(sorter_add(sorter, span_str("k"), span_str("one"), &err), 0);
	assert_int_equal(sorter_sort(sorter, &err), 0);
	assert_false(fault.fired);
	os_fault_end(&fault);
}

/* Keys whose order is another one than that of adding; some are equal, some the beginning of others. */
static uint32_t
key_number(uint32_t i, uint32_t n)
{
	return (uint32_t)((uint64_t)i * 2654435761u % (n / 2 + 1));
}

static void
is_sorted(uint32_t n)
{
	static uint8_t bytes[40000];
	AUTO(sorter_free) struct sorter *s = NULL;
	struct err err = { 0 };
	char text[16];
	struct span key, row;

	assert_int_equal(sorter_new(&s, dir_fd, &err), 0);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%u", key_number(i, n));
		assert_int_equal(sorter_add(s, span_str(text), row_of(bytes, i), &err), 0);
	}
	assert_int_equal(sorter_n(s), n);
	assert_int_equal(sorter_sort(s, &err), 0);
	for (int again = 0; again < 2; again++) {
		char before[16] = "";
		uint32_t number_before = 0, seen = 0;

		while (sorter_next(&key, &row, s, &err) == 0) {
			uint32_t number = get_u32(row.p);
			int c;

			assert_true(span_equal(row, row_of(bytes, number)));
			snprintf(text, sizeof text, "%.*s", SPAN_ARGS(key));
			assert_int_equal((uint32_t)atol(text), key_number(number, n));
			c = strcmp(before, text);
			assert_true(c < 0 || (c == 0 && (seen == 0 || number_before < number)));
			memcpy(before, text, sizeof before);
			number_before = number;
			seen++;
		}
		assert_int_equal(seen, n);
		assert_int_equal(sorter_next(&key, &row, s, &err), SORTER_END);
		assert_int_equal(sorter_rewind(s, &err), 0);
	}
}

static void
rows_are_read_by_key_and_equal_ones_as_they_were_added(void **state)
{
	const uint32_t many[] = { 0, 1, 2, 1000, 60000 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(many); i++)
		is_sorted(many[i]);
}

/* Sort more than fits memory while the @nth call fails; whether none did. */
static bool
sort_with_fault(unsigned nth)
{
	static uint8_t bytes[40000];
	AUTO(sorter_free) struct sorter *s = NULL;
	struct err err = { 0 };
	struct span key, row;
	struct os_fault fault;
	int rc;

	os_fault_at(&fault, nth, EIO, OS_FAULT_ONCE);
	rc = sorter_new(&s, dir_fd, &err);

	for (uint32_t i = 0; rc == 0 && i < 30000; i++)
		rc = sorter_add(s, span_of(&i, sizeof i), row_of(bytes, i), &err);
	if (rc == 0)
		rc = sorter_sort(s, &err);
	while (rc == 0)
		rc = sorter_next(&key, &row, s, &err);
	if (fault.fired && rc < 0)
		assert_int_equal(err.code, ERR_IO);
	if (!fault.fired)
		assert_int_equal(rc, SORTER_END);
	os_fault_end(&fault);
	return !fault.fired;
}

static void
a_failing_disk_is_told_whatever_call_fails(void **state)
{
	unsigned nth = 1;

	(void)state;
	for (; !sort_with_fault(nth); nth += 1 + nth / 8)
		;
	assert_true(nth > 100); /* every kind of call was reached */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_in_their_order),
		cmocka_unit_test(few_rows_make_no_file),
		cmocka_unit_test(rows_are_read_by_key_and_equal_ones_as_they_were_added),
		cmocka_unit_test(a_failing_disk_is_told_whatever_call_fails),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
