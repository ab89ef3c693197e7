/* SPDX-License-Identifier: Apache-2.0 */
/* rows: see rows.h. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

void
rows_open(struct rows *r, const char *adapter, const char *path)
{
	const struct adapter *a;
	struct err err = { 0 };

	assert_int_equal(adapter_find(&a, adapter, &err), 0);
	assert_int_equal(app_new(&r->app, "x", adapter, path, &err), 0);
	r->kind = a->rows;
	if (r->kind->open(&r->store, r->app, &err) < 0)
		fail_msg("%s", err.msg);
}

void
rows_close(struct rows *r)
{
	if (r->store)
		r->kind->close(r->store);
	app_free(r->app);
	*r = (struct rows){ .kind = NULL };
}

static int
on_row(void *ctx, const struct row *row, struct err *err)
{
	struct rows_seen *seen = ctx;

	(void)err;
	assert_true(seen->n < ROWS_SEEN_MAX);
	assert_true(row->number >= 0);
	assert_true(seen->n == 0 || seen->numbers[seen->n - 1] < row->number);
	seen->numbers[seen->n] = row->number;
	seen->bytes[seen->n] = strndup((const char *)row->bytes.p, row->bytes.n);
	assert_non_null(seen->bytes[seen->n++]);
	return 0;
}

static int
on_refused(void *ctx, const struct err *why, struct err *err)
{
	struct rows_seen *seen = ctx;

	(void)err;
	seen->n_refused++;
	seen->refused = *why;
	return 0;
}

void
rows_see(struct rows_seen *out, struct rows *r)
{
	struct err err = { 0 };

	*out = (struct rows_seen){ .n = 0 };
	if (r->kind->each(r->store, on_row, on_refused, out, &err) != 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < out->n; i++) {
		AUTO(buf_clear) struct buf again = BUF_INIT(1 << 24);

		assert_int_equal(r->kind->read(r->store, out->numbers[i], &again, &err), 0);
		assert_string_equal(buf_str(&again), out->bytes[i]);
	}
}

void
rows_forget(struct rows_seen *seen)
{
	for (size_t i = 0; i < seen->n; i++)
		free(seen->bytes[i]);
	seen->n = 0;
}

size_t
rows_count_with(const struct rows_seen *seen, const char *line)
{
	char whole[1000];
	size_t n = 0;

	snprintf(whole, sizeof whole, "\n%s\r\n", line);
	for (size_t i = 0; i < seen->n; i++)
		n += strstr(seen->bytes[i], whole) != NULL;
	return n;
}

int64_t
rows_with(const struct rows_seen *seen, const char *line)
{
	char whole[1000];

	snprintf(whole, sizeof whole, "\n%s\r\n", line);
	assert_int_equal(rows_count_with(seen, line), 1);
	for (size_t i = 0; i < seen->n; i++)
		if (strstr(seen->bytes[i], whole))
			return seen->numbers[i];
	return -1;
}

static void
ok(int rc, const struct err *err)
{
	if (rc != 0)
		fail_msg("%d: %s; %s", rc, err->msg, err->hint);
}

int64_t
rows_add(struct rows *r, const char *bytes)
{
	AUTO(buf_clear) struct buf now = BUF_INIT(1 << 24), shown = BUF_INIT(1 << 24);
	struct err err = { 0 };
	int64_t number = -1;
	int rc;

	rc = r->kind->shown(&shown, r->store, span_str(bytes), &err);
	ok(r->kind->begin(r->store, &err), &err);
	ok(r->kind->add(r->store, span_str(bytes), &number, &err), &err);
	ok(r->kind->commit(r->store, &err), &err);
	ok(r->kind->read(r->store, number, &now, &err), &err);
	if (rc == 0)
		assert_string_equal(buf_str(&now), buf_str(&shown));
	return number;
}

void
rows_replace(struct rows *r, int64_t number, const char *bytes)
{
	struct err err = { 0 };

	ok(r->kind->begin(r->store, &err), &err);
	ok(r->kind->replace(r->store, number, span_str(bytes), &err), &err);
	ok(r->kind->commit(r->store, &err), &err);
}

void
rows_remove(struct rows *r, int64_t number)
{
	struct err err = { 0 };

	ok(r->kind->begin(r->store, &err), &err);
	ok(r->kind->remove(r->store, number, &err), &err);
	ok(r->kind->commit(r->store, &err), &err);
}

void
rows_assert_unwritable(struct rows *r, enum err_code code, const char *message)
{
	struct err err = { 0 };

	assert_int_equal(r->kind->begin(r->store, &err), -1);
	assert_int_equal(err.code, code);
	if (strncmp(err.msg, message, strlen(message)) != 0)
		fail_msg("%s", err.msg);
}
