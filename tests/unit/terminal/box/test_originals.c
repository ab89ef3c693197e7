/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, and what was there before: receipts and originals. */
#include "a_box.h"

#include <fcntl.h>
#include <stdlib.h>

#include "box/originals.h"
#include "box/receipts.h"
#include "os/os.h"

static struct secret *
aek_private(void)
{
	uint8_t bytes[SECRET_BYTES];
	struct secret *s = NULL;
	struct err err = { 0 };

	memset(bytes, 5, sizeof bytes); /* a_box.c's */
	assert_rc(secret_from_bytes(&s, bytes, &err), 0, err);
	return s;
}

static struct kept
an_original(const char *restore, const char *native_id)
{
	return (struct kept){
		.kind = KEPT_ORIGINAL,
		.restore = span_str(restore),
		.app = "contacts",
		.native_id = span_str(native_id),
		.item = { 1 },
		.name = span_str("Anna"),
		.source = span_str("a.vcf"),
	};
}

static int
count_kept(void *ctx, const struct kept *k, struct err *err)
{
	int64_t *last = ctx;

	(void)err;
	if (last[0])
		assert_true(k->number < last[1]); /* newest first */
	last[0]++;
	last[1] = k->number;
	return 0;
}

static int64_t
count(struct kept_filter f)
{
	int64_t seen[2] = { 0, 0 };
	struct err err = { 0 };

	assert_rc(kept_each(my.b, &f, count_kept, seen, &err), 0, err);
	return seen[0];
}

static void
an_original_is_sealed_and_opens_with_the_accounts_key_only(void **state)
{
	static const char secret_text[] = "BEGIN:VCARD Anna's unlisted number 555-0199";
	AUTO(buf_clear) struct buf db = BUF_INIT(16 << 20);
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	AUTO(secret_free) struct secret *aek = aek_private();
	struct kept k = an_original("r1", "anna");
	struct err err = { 0 };

	(void)state;
	assert_rc(kept_put(my.b, &k, span_str(secret_text), &err), 0, err);
	assert_rc(os_read_file(box_home_fd(my.b), "box.db", &db, &err), 0, err);
	assert_null(memmem(db.p, db.n, "555-0199", 8));
	const struct secret *psk = box_identity(my.b)->keys.psk;
	assert_rc(kept_open(&out, my.b, &k, psk, aek, &err), 0, err);
	assert_string_equal(buf_str(&out), secret_text);
	buf_reset(&out);
	assert_int_equal(kept_open(&out, my.b, &k, psk, psk, &err), -1); /* another key */
	assert_int_equal(err.code, ERR_AUTH);
	k.item[0] ^= 1; /* another item's place */
	assert_int_equal(kept_open(&out, my.b, &k, psk, aek, &err), -1);
	assert_int_equal(out.n, 0);
}

static void
what_is_kept_is_found_by_kind_app_item_and_restore(void **state)
{
	struct kept k = an_original("r1", "anna");
	struct err err = { 0 };

	(void)state;
	assert_rc(kept_put(my.b, &k, span_str("x"), &err), 0, err);
	k = an_original("r2", "ben");
	k.kind = KEPT_CREATED;
	assert_rc(kept_put(my.b, &k, span_of("", 0), &err), 0, err);
	k = an_original("r2", "anna");
	k.kind = KEPT_HELD;
	k.field = "BDAY";
	assert_rc(kept_put(my.b, &k, span_str("y"), &err), 0, err);
	assert_int_equal(count((struct kept_filter){ 0 }), 2);
	assert_int_equal(count((struct kept_filter){ .kind = KEPT_HELD }), 1);
	assert_int_equal(count((struct kept_filter){ .restore = span_str("r2") }), 1);
	assert_int_equal(count((struct kept_filter){ .native_id = span_str("anna") }), 1);
	assert_int_equal(count((struct kept_filter){ .app = "documents" }), 0);
	assert_rc(kept_put_taken(my.b, k.number, 1, &err), 0, err);
	assert_int_equal(count((struct kept_filter){ .kind = KEPT_HELD }), 0);
}

static void
a_purge_forgets_what_is_older(void **state)
{
	struct kept k = an_original("r1", "anna");
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	assert_rc(kept_put(my.b, &k, span_str("x"), &err), 0, err);
	assert_rc(kept_purge(&n, my.b, k.kept_unix_ms, &err), 0, err);
	assert_int_equal(n, 0);
	assert_rc(kept_purge(&n, my.b, k.kept_unix_ms + 1, &err), 0, err);
	assert_int_equal(n, 1);
	assert_int_equal(count((struct kept_filter){ 0 }), 0);
}

static int
note_restore(void *ctx, const struct restore_row *r, struct err *err)
{
	return buf_append_fmt(ctx, err, "%.*s%s%s ", SPAN_ARGS(r->id), r->finished ? "+" : "",
			      r->undone ? "-" : "");
}

static void
restores_are_told_newest_first(void **state)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(100);
	struct restore_row r = { .id = span_str("one"), .at_unix_ms = 1 };
	struct err err = { 0 };

	(void)state;
	assert_rc(restore_row_put(my.b, &r, &err), 0, err);
	r.id = span_str("two");
	assert_rc(restore_row_put(my.b, &r, &err), 0, err);
	assert_rc(restore_row_finish(my.b, span_str("one"), &err), 0, err);
	assert_rc(restore_row_undone(my.b, span_str("one"), &err), 0, err);
	assert_rc(restore_rows_each(my.b, note_restore, &text, &err), 0, err);
	assert_string_equal(buf_str(&text), "two one+- ");
}

static int
note_receipt(void *ctx, const struct receipt *r, struct err *err)
{
	return buf_append_fmt(ctx, err, "%s %d %d\n", receipt_kind_name(r->kind), (int)r->items,
			      (int)r->bytes_sent);
}

static int
note_line(void *ctx, const struct receipt_item *item, struct err *err)
{
	return buf_append_fmt(ctx, err, "%s %.*s %s %.*s\n", item->app, SPAN_ARGS(item->id),
			      item->result, SPAN_ARGS(item->reason));
}

static void
a_receipt_keeps_its_lines_in_order(void **state)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(400);
	struct receipt first = { .kind = RECEIPT_BACKUP, .items = 2 };
	struct receipt second = { .kind = RECEIPT_RESTORE, .items = 1 };
	struct receipt_item line = { .app = "contacts", .id = span_str("b"), .result = "uploaded" };
	struct err err = { 0 };

	(void)state;
	assert_rc(receipt_put(my.b, &first, &err), 0, err);
	assert_rc(receipt_put(my.b, &second, &err), 0, err);
	assert_rc(receipt_put_item(my.b, first.number, &line, &err), 0, err);
	line.id = span_str("a");
	line.reason = span_str("why");
	assert_rc(receipt_put_item(my.b, first.number, &line, &err), 0, err);
	first.bytes_sent = 99;
	assert_rc(receipt_update(my.b, &first, &err), 0, err);
	assert_rc(receipts_each(my.b, note_receipt, &text, &err), 0, err);
	assert_rc(receipt_items_each(my.b, first.number, note_line, &text, &err), 0, err);
	assert_string_equal(buf_str(&text), "restore 1 0\nbackup 2 99\n"
					    "contacts b uploaded \ncontacts a uploaded why\n");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		T(an_original_is_sealed_and_opens_with_the_accounts_key_only),
		T(what_is_kept_is_found_by_kind_app_item_and_restore),
		T(a_purge_forgets_what_is_older),
		T(restores_are_told_newest_first),
		T(a_receipt_keeps_its_lines_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
