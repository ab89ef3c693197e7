/* SPDX-License-Identifier: Apache-2.0 */
/* The throw-away copy of a drill: what cannot be restored is named, what can be changes nothing. */
#include "a_box.h"

#include <fcntl.h>
#include <stdio.h>

#include "os/os.h"
#include "restore/drill_copy.h"

#define CARD(uid, more)                                                                            \
	"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" uid "\r\nFN:" uid "\r\nN:" uid ";;;;\r\n" more        \
	"END:VCARD\r\n"

static int
setup(void **state)
{
	(void)state;
	a_box_init();
	temp_put_str(&my.t, "app/all.vcf", CARD("a", "TEL:+491\r\n") CARD("b", ""));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	a_box_close();
	return 0;
}

static struct record
record_of(const char *app, const char *native_id, const char *mime)
{
	return (struct record){ .app = span_str(app),
				.native_id = span_str(native_id),
				.live = true,
				.name = span_str(native_id),
				.mime = span_str(mime) };
}

/* 0, or DRILL_COPY_BAD with a reason. */
static int
try(const struct record *r, const char *bytes)
{
	AUTO(drill_copy_free) struct drill_copy *c = NULL;
	char reason[REASON_BYTES] = "";
	struct err err = { 0 };
	int rc;

	assert_rc(drill_copy_new(&c, my.b, &err), 0, err);
	rc = drill_copy_try(reason, c, r, span_str(bytes), &err);
	assert_true(rc >= 0);
	assert_int_equal(rc == DRILL_COPY_BAD, reason[0] != '\0');
	return rc;
}

static void
the_app_is_as_it_was(void)
{
	AUTO(buf_clear) struct buf now = BUF_INIT(4096);
	char path[200];
	struct err err = { 0 };

	snprintf(path, sizeof path, "%s/all.vcf", my.app->path);
	assert_rc(os_read_file(AT_FDCWD, path, &now, &err), 0, err);
	assert_string_equal(buf_str(&now), CARD("a", "TEL:+491\r\n") CARD("b", ""));
}

static void
an_item_is_restored_and_merged_and_nothing_is_changed(void **state)
{
	const struct record here = record_of("contacts", "a", "text/vcard");
	const struct record gone = record_of("contacts", "z", "text/vcard");
	const struct record elsewhere = record_of("other", "z", "text/vcard");

	(void)state;
	assert_int_equal(try(&here, CARD("a", "TEL:+491\r\n")), 0);
	assert_int_equal(try(&here, CARD("a", "TEL:+492\r\nBDAY:1980-01-01\r\n")), 0);
	assert_int_equal(try(&gone, CARD("z", "TEL:+493\r\n")), 0);
	assert_int_equal(try(&elsewhere, CARD("z", "TEL:+493\r\n")), 0);
	the_app_is_as_it_was();
}

static void
what_is_no_item_of_its_kind_cannot_be_restored(void **state)
{
	static const char *const bytes[] = { "", "hello", "BEGIN:VCARD\r\nVERSION:3.0\r\n",
					     "BEGIN:VEVENT\r\nEND:VEVENT\r\n" };
	const struct record here = record_of("contacts", "a", "text/vcard");
	const struct record gone = record_of("contacts", "z", "text/vcard");

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bytes); i++) {
		assert_int_equal(try(&here, bytes[i]), DRILL_COPY_BAD);
		assert_int_equal(try(&gone, bytes[i]), DRILL_COPY_BAD);
	}
	the_app_is_as_it_was();
}

static void
a_file_whose_path_leads_out_of_its_folder_cannot_be_restored(void **state)
{
	const struct record good = record_of("documents", "a/b.txt", "text/plain");
	const struct record out = record_of("documents", "../b.txt", "text/plain");
	const struct record root = record_of("documents", "/etc/passwd", "text/plain");
	const struct record box = record_of("box", "settings", "application/vnd.cloudbox.box");

	(void)state;
	assert_false(drill_copy_wants(&good));
	assert_int_equal(try(&good, ""), 0);
	assert_int_equal(try(&out, ""), DRILL_COPY_BAD);
	assert_int_equal(try(&root, ""), DRILL_COPY_BAD);
	assert_int_equal(try(&box, ""), 0);
}

int
main(void)
{
#define IN_BOX(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_BOX(an_item_is_restored_and_merged_and_nothing_is_changed),
		IN_BOX(what_is_no_item_of_its_kind_cannot_be_restored),
		IN_BOX(a_file_whose_path_leads_out_of_its_folder_cannot_be_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
