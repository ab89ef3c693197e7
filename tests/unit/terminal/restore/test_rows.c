/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a result come back as they were last, in order, whatever lies on disk. */
#include "restore/result_rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#define ROWS 30000 /* more keys than are sorted at once; no multiple of 7 */

static struct result_rows *
rows_here(void)
{
	struct result_rows *l = NULL;
	struct err err = { 0 };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	assert_int_equal(result_rows_new(&l, dir, &err), 0);
	close(dir);
	return l;
}

static void
set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
	assert_non_null(*to);
}

/* Row @n of a jumble: some have one name, some one name and one id. */
static void
fill_row(struct restore_item *it, unsigned n)
{
	char text[64];

	set_text(&it->app, n % 3 ? "contacts" : "calls");
	snprintf(text, sizeof text, "Name %u", n * 7919 % 5000);
	set_text(&it->name, text);
	snprintf(text, sizeof text, "id of a row that is no short one %u", n * 31 % 20000);
	set_text(&it->id, text);
	set_text(&it->reason, "not known yet");
	it->outcome = RESTORE_FAILED;
}

static void
settle_row(struct restore_item *it, unsigned n)
{
	char text[64];

	snprintf(text, sizeof text, "row %u", n);
	set_text(&it->reason, text);
	it->outcome = n % 2 ? RESTORE_ADDED : RESTORE_IDENTICAL;
	if (n % 100)
		return;
	it->held = calloc(1, sizeof *it->held);
	assert_non_null(it->held);
	it->n_held = 1;
	it->held->field = strdup("TEL");
	it->held->value = strdup(text);
	it->held->here = strdup("");
}

static int
by_app_name_id(const struct restore_item *x, const struct restore_item *y)
{
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

static void
copy_key(struct restore_item *to, const struct restore_item *it)
{
	set_text(&to->app, it->app);
	set_text(&to->name, it->name);
	set_text(&to->id, it->id);
}

static unsigned
number_of(const struct restore_item *it)
{
	unsigned n;

	assert_int_equal(sscanf(it->reason, "row %u", &n), 1);
	return n;
}

static void
rows_come_in_order_as_they_were_last(void **state)
{
	AUTO(result_rows_free) struct result_rows *l = rows_here();
	struct restore_item before = { 0 };
	bool *seen = calloc(ROWS, sizeof *seen);
	struct err err = { 0 };

	(void)state;
	assert_non_null(seen);
	for (unsigned n = 0; n < ROWS; n++) {
		struct restore_item it = { 0 };
		size_t row;

		fill_row(&it, n);
		assert_int_equal(result_rows_add(&row, l, &it, &err), 0);
		assert_int_equal(row, n);
		assert_null(it.app);
	}
	assert_int_equal(result_rows_count(l, RESTORE_FAILED), ROWS);
	for (unsigned i = 0; i < ROWS; i++) { /* in another order than they came */
		unsigned n = i * 7 % ROWS;    /* each once */
		struct restore_item *it;

		assert_int_equal(result_rows_open(&it, l, n, &err), 0);
		settle_row(it, n);
	}
	for (unsigned n = 0; n < ROWS; n += 7) {
		struct restore_item *it;

		assert_int_equal(result_rows_open(&it, l, n, &err), 0);
		assert_int_equal(number_of(it), n);
	}
	assert_int_equal(result_rows_count(l, RESTORE_ADDED), ROWS / 2);
	assert_int_equal(result_rows_count(l, RESTORE_IDENTICAL), ROWS / 2);
	assert_int_equal(result_rows_sort(l, &err), 0);
	for (size_t i = 0; i < ROWS; i++) {
		const struct restore_item *it;
		unsigned n;

		assert_int_equal(result_rows_nth(&it, l, i, &err), 0);
		n = number_of(it);
		assert_true(n < ROWS && !seen[n]);
		seen[n] = true;
		assert_int_equal(it->n_held, n % 100 ? 0 : 1);
		if (it->n_held)
			assert_string_equal(it->held->value, it->reason);
		if (i > 0)
			assert_true(by_app_name_id(&before, it) <= 0);
		copy_key(&before, it);
	}
	free(before.app);
	free(before.name);
	free(before.id);
	free(seen);
}

static void
no_rows_are_in_order_too(void **state)
{
	AUTO(result_rows_free) struct result_rows *l = rows_here();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(result_rows_sort(l, &err), 0);
	assert_int_equal(result_rows_n(l), 0);
	assert_int_equal(result_rows_count(NULL, RESTORE_ADDED), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_in_order_as_they_were_last),
		cmocka_unit_test(no_rows_are_in_order_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
