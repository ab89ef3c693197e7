/* SPDX-License-Identifier: Apache-2.0 */
/* Bookmark files: real ones of many programs, and what is written into them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/os.h"
#include "os_fault.h"
#include "rows.h"

struct fixture {
	struct temp temp;
	struct rows rows;
	char path[128];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	temp_make(&f->temp);
	snprintf(f->path, sizeof f->path, "%s/b.html", f->temp.path);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rows_close(&f->rows);
	temp_remove(&f->temp);
	free(f);
	return 0;
}

static void
open_text(struct fixture *f, const char *text)
{
	rows_close(&f->rows);
	temp_put_str(&f->temp, "b.html", text);
	rows_open(&f->rows, "bookmarks-html", f->path);
}

#define HEAD                                                                                       \
	"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<META HTTP-EQUIV=\"Content-Type\" "                  \
	"CONTENT=\"text/html;"                                                                     \
	" charset=UTF-8\">\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n"
#define ADDED "ADDED:2020-01-01T00:00:00Z\r\n"

static void
folders_titles_tags_keywords_and_descriptions_are_read(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	open_text(f, HEAD "<DL><p>\n"
			  "  <DT><H3 PERSONAL_TOOLBAR_FOLDER=\"true\">Any name</H3>\n  <DL><p>\n"
			  "    <DT><A HREF=\"https://a.example/?x=1&y=2&amp;z\" "
			  "ADD_DATE=\"1577836800\" TAGS=\"one, two &amp; \"\n"
			  "       SHORTCUTURL=\"k\" ICON=\"data:image/png;base64,AAAA\">A &lt;\n   "
			  "b&gt;</A>\n    <DD>First\n  second\n"
			  "    <DT><H3>In/ner</H3><DL><DT><a href=https://b.example/ "
			  "add_date=1577836800000000>B</DL>\n"
			  "    <HR>\n  </DL><p>\n"
			  "  <DT><A HREF=\"place:sort=8\">search</A>\n  <DT><A>none</A>\n"
			  "  <DT><A HREF=\"https://c.example/\"></A>\n</DL>\n");
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.n_refused, 2);
	rows_with(&seen, "FOLDER:toolbar/In%2Fner\r\nURL:https://b.example/"
			 "\r\nTITLE:B\r\nADDED:2020-01-01T00:00:00Z");
	rows_with(
		&seen,
		"FOLDER:toolbar\r\nURL:https://a.example/?x=1&y=2&z\r\nTITLE:A < b>\r\nTAG:one\r\n"
		"TAG:two &\r\nKEYWORD:k\r\nDESCRIPTION:First\\n  "
		"second\r\nADDED:2020-01-01T00:00:00Z");
	rows_with(&seen, "FOLDER:menu\r\nURL:https://c.example/");
	rows_forget(&seen);
}

static void
what_is_added_goes_into_its_folder_and_comes_out_again_to_the_byte(void **state)
{
	struct fixture *f = *state;
	static const char text[] = HEAD "<DL><p>\r\n    <DT><H3>Work</H3>\r\n    <DL><p>\r\n    "
					"</DL><p>\r\n</DL>\r\n<!-- end -->";
	int64_t a, b, c;

	open_text(f, text);
	a = rows_add(&f->rows, VBKM("FOLDER:menu/Work\r\nURL:https://a.example/\r\nTITLE:A & "
				    "\"<\xc3\xa4>\"\r\n" ADDED));
	b = rows_add(&f->rows, VBKM("FOLDER:menu/Work/New\r\nURL:https://a.example/"
				    "\r\nTAG:x\\,y\r\nTAG:z\r\nDESCRIPTION:d\r\n" ADDED));
	c = rows_add(&f->rows,
		     VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\nKEYWORD:k\r\n" ADDED));
	temp_assert(&f->temp, "b.html",
		    HEAD "<DL><p>\r\n    <DT><H3>Work</H3>\r\n    <DL><p>\r\n"
			 "        <DT><A HREF=\"https://a.example/\" ADD_DATE=\"1577836800\">A "
			 "&amp; &quot;&lt;\xc3\xa4&gt;&quot;</A>\n"
			 "        <DT><H3 DATA-CLOUDBOX=\"added\">New</H3>\n        <DL><p>\n"
			 "            <DT><A HREF=\"https://a.example/\" ADD_DATE=\"1577836800\" "
			 "TAGS=\"x&#44;y,z\"></A>\n"
			 "            <DD>d\n        </DL><p>\n"
			 "    </DL><p>\r\n"
			 "    <DT><H3 PERSONAL_TOOLBAR_FOLDER=\"true\" "
			 "DATA-CLOUDBOX=\"added\">Bookmarks bar</H3>\n    <DL><p>\n"
			 "        <DT><A HREF=\"https://a.example/\" ADD_DATE=\"1577836800\" "
			 "SHORTCUTURL=\"k\"></A>\n    </DL><p>\n"
			 "</DL>\r\n<!-- end -->");
	rows_remove(&f->rows, b);
	rows_remove(&f->rows, c);
	rows_remove(&f->rows, a);
	temp_assert(&f->temp, "b.html", text); /* "Work" was empty before, too */
}

static void
a_link_is_changed_where_it_has_to_be_and_back_again(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		HEAD "<DL><p>\n<DT><A href='https://a.example/' PRIVATE=1>A</A>\n</DL>";
	struct rows_seen seen;

	open_text(f, text);
	rows_see(&seen, &f->rows);
	rows_replace(&f->rows, seen.numbers[0],
		     VBKM("FOLDER:menu\r\nURL:https://a.example/"
			  "\r\nTITLE:A\r\nTAG:x\r\nKEYWORD:k\r\nDESCRIPTION:d\r\n"));
	temp_assert(&f->temp, "b.html",
		    HEAD "<DL><p>\n<DT><A href='https://a.example/' PRIVATE=1 SHORTCUTURL=\"k\" "
			 "TAGS=\"x\">A</A>\n<DD>d\n</DL>");
	rows_replace(&f->rows, seen.numbers[0], seen.bytes[0]);
	temp_assert(&f->temp, "b.html", text);
	rows_forget(&seen);
}

static void
an_empty_file_becomes_a_whole_one(void **state)
{
	struct fixture *f = *state;

	open_text(f, "");
	rows_add(&f->rows,
		 VBKM("FOLDER:unfiled\r\nURL:https://a.example/\r\nTITLE:\xe4\xb8\xad\r\n" ADDED));
	temp_assert(&f->temp, "b.html",
		    HEAD "<DL><p>\n    <DT><H3 UNFILED_BOOKMARKS_FOLDER=\"true\" "
			 "DATA-CLOUDBOX=\"added\">Other bookmarks</H3>\n"
			 "    <DL><p>\n        <DT><A HREF=\"https://a.example/\" "
			 "ADD_DATE=\"1577836800\">\xe4\xb8\xad</A>\n"
			 "    </DL><p>\n</DL><p>\n");
}

static void
a_file_that_is_not_in_utf_8_gets_references(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 16);

	open_text(f, "<META charset=windows-1252><DL><DT><A HREF=\"https://a/\">\xe4</A></DL>");
	rows_add(&f->rows,
		 VBKM("FOLDER:menu\r\nURL:https://b/\r\nTITLE:\xc3\xa4\xf0\x9f\x98\x80\r\n" ADDED));
	assert_int_equal(os_read_file(f->temp.fd, "b.html", &text, NULL), 0);
	assert_non_null(strstr(buf_str(&text), ">\xe4</A>"));
	assert_non_null(strstr(buf_str(&text), ">&#228;&#128512;</A>"));
}

static void
equal_links_are_rows_of_their_own_and_stay_so(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	open_text(f, HEAD "<DL><p>\n<DT><A HREF=\"https://a/\">1</A>\n<DT><A "
			  "HREF=\"https://a/\">2</A>\n</DL>");
	rows_add(&f->rows, VBKM("FOLDER:menu\r\nURL:https://a/\r\nTITLE:3\r\n" ADDED));
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 3);
	rows_remove(&f->rows, rows_with(&seen, "TITLE:2"));
	rows_forget(&seen);
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 2);
	assert_int_equal(rows_count_with(&seen, "TITLE:2"), 0);
	rows_forget(&seen);
}

static int
add_once(struct fixture *f, struct err *err)
{
	const struct row_kind *k = f->rows.kind;
	int64_t number;
	int rc = k->begin(f->rows.store, err);

	if (rc == 0)
		rc = k->add(f->rows.store,
			    span_str(VBKM("FOLDER:menu/F\r\nURL:https://a/\r\n" ADDED)), &number,
			    err);
	if (rc == 0)
		rc = k->commit(f->rows.store, err);
	if (rc)
		k->rollback(f->rows.store);
	return rc;
}

static void
whatever_call_fails_the_file_is_the_old_or_the_new_one(void **state)
{
	struct fixture *f = *state;
	static const char text[] = HEAD "<DL><p>\n</DL>\n";
	static const char after[] =
		HEAD "<DL><p>\n    <DT><H3 DATA-CLOUDBOX=\"added\">F</H3>\n    <DL><p>\n"
		     "        <DT><A HREF=\"https://a/\" ADD_DATE=\"1577836800\"></A>\n    "
		     "</DL><p>\n</DL>\n";
	struct os_fault fault;
	unsigned nth = 0;

	do {
		AUTO(buf_clear) struct buf now = BUF_INIT(1 << 16);
		struct err err = { 0 };

		open_text(f, text);
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = add_once(f, &err);
		os_fault_end(&fault);
		assert_int_equal(os_read_file(f->temp.fd, "b.html", &now, NULL), 0);
		bool is_new = strcmp(buf_str(&now), after) == 0;
		if (!is_new)
			assert_string_equal(buf_str(&now), text);
		assert_true(is_new || rc < 0);
		assert_int_equal(temp_count(&f->temp, "."), 1);
	} while (fault.fired);
	assert_true(nth > 10);
}

/* All rows of one file into an empty one: the same bookmarks, and none is new any more. */
static void
copy_all(struct fixture *f, const struct rows_seen *seen, const char *name)
{
	const struct row_kind *k = f->rows.kind;
	struct rows_seen again;
	struct err err = { 0 };
	int64_t number;

	open_text(f, "");
	assert_int_equal(k->begin(f->rows.store, &err), 0);
	for (size_t i = 0; i < seen->n; i++)
		if (k->add(f->rows.store, span_str(seen->bytes[i]), &number, &err) != 0)
			fail_msg("%s: %s", name, err.msg);
	assert_int_equal(k->commit(f->rows.store, &err), 0);
	rows_see(&again, &f->rows);
	assert_int_equal(again.n, seen->n);
	for (size_t i = 0; i < seen->n;
	     i++) { /* dates are kept to the second, and never compared */
		const char *date = strstr(seen->bytes[i], "ADDED:");

		if (strncmp(again.bytes[i], seen->bytes[i],
			    date ? (size_t)(date - seen->bytes[i]) : strlen(seen->bytes[i])) != 0)
			fail_msg("%s: %s is not %s", name, again.bytes[i], seen->bytes[i]);
	}
	rows_forget(&again);
}

/* Add to a file, take it away: the file is as it was. */
static void
add_and_take_away(struct fixture *f, const char *text, const char *name)
{
	AUTO(buf_clear) struct buf now = BUF_INIT(1 << 24);
	int64_t a, b;

	open_text(f, text);
	a = rows_add(&f->rows,
		     VBKM("FOLDER:menu/A folder of "
			  "ours/Inner\r\nURL:https://ours.example/\r\nTITLE:T\r\n" ADDED));
	b = rows_add(&f->rows, VBKM("FOLDER:menu\r\nURL:https://ours.example/"
				    "\r\nTITLE:T\r\nDESCRIPTION:d\r\n" ADDED));
	rows_remove(&f->rows, a);
	rows_remove(&f->rows, b);
	assert_int_equal(os_read_file(f->temp.fd, "b.html", &now, NULL), 0);
	const char *list = strcasestr(text, "<DL"), *folder = strcasestr(text, "<H3");
	bool has_list = list && (!folder || list < folder);
	if (has_list && strcmp(buf_str(&now), text) != 0)
		fail_msg("%s is not as it was", name);
	assert_non_null(strstr(buf_str(&now), text)); /* without a list one had to be made */
}

static void
files_of_many_programs_are_read_copied_and_left_as_they_were(void **state)
{
	static const char *const folders[] = { "netscape-bookmark-parser", "shaarli",
					       "bookmarks-converter", "node-bookmarks-parser",
					       "netscape-bookmarks-file-parser" };
	struct fixture *f = *state;
	size_t n_files = 0, n_rows = 0;

	for (size_t i = 0; i < N_ELEMENTS(folders); i++) {
		char path[4200], folder[100];
		struct dirent *d;

		snprintf(folder, sizeof folder, "bookmarks/%s", folders[i]);
		snprintf(path, sizeof path, "%s", corpus(folder));
		DIR *dir = opendir(path);
		assert_non_null(dir);
		while ((d = readdir(dir)) != NULL) {
			AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
			struct rows_seen seen;

			if (!strstr(d->d_name, ".htm"))
				continue;
			assert_int_equal(os_read_file(dirfd(dir), d->d_name, &text, NULL), 0);
			open_text(f, buf_str(&text));
			rows_see(&seen, &f->rows);
			n_files++;
			n_rows += seen.n;
			copy_all(f, &seen, d->d_name);
			rows_forget(&seen);
			add_and_take_away(f, buf_str(&text), d->d_name);
		}
		closedir(dir);
	}
	print_message("%zu files, %zu bookmarks\n", n_files, n_rows);
	assert_true(n_files > 30 && n_rows > 300);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(folders_titles_tags_keywords_and_descriptions_are_read),
		T(what_is_added_goes_into_its_folder_and_comes_out_again_to_the_byte),
		T(a_link_is_changed_where_it_has_to_be_and_back_again),
		T(an_empty_file_becomes_a_whole_one),
		T(a_file_that_is_not_in_utf_8_gets_references),
		T(equal_links_are_rows_of_their_own_and_stay_so),
		T(whatever_call_fails_the_file_is_the_old_or_the_new_one),
		T(files_of_many_programs_are_read_copied_and_left_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
