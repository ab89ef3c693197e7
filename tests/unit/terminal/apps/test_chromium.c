/* SPDX-License-Identifier: Apache-2.0 */
/* The bookmarks of Chromium: its own layout, its checksum, what it does not know kept. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/chromium_json.h"
#include "os/os.h"
#include "os_fault.h"
#include "rows.h"

/* As Chromium 156 wrote it, to the byte, but for a key that it does not know. */
static const char written[] =
	"{\n"
	"   \"checksum\": \"798441e5ebedcc84150152500df60a0e\",\n"
	"   \"roots\": {\n"
	"      \"bookmark_bar\": {\n"
	"         \"children\": [ {\n"
	"            \"date_added\": \"13440137266474030\",\n"
	"            \"date_last_used\": \"0\",\n"
	"            \"guid\": \"8d93b9e6-b2ce-4e15-90c0-5e2f2b3a1b45\",\n"
	"            \"id\": \"5\",\n"
	"            \"meta_info\": {\n"
	"               \"power_bookmark_meta\": \"\"\n"
	"            },\n"
	"            \"name\": \"Made by Chromium\",\n"
	"            \"type\": \"url\",\n"
	"            \"unknown\": [ 1.50, null, true, \"\\u003Cx>\\u2028\xc3\xa4\" ],\n"
	"            \"url\": \"https://example.org/\"\n"
	"         } ],\n"
	"         \"date_added\": \"13440137265761002\",\n"
	"         \"date_last_used\": \"0\",\n"
	"         \"date_modified\": \"13440137266474030\",\n"
	"         \"guid\": \"0bc5d13f-2cba-5d74-951f-3f233fe6c908\",\n"
	"         \"id\": \"1\",\n"
	"         \"name\": \"Bookmarks bar\",\n"
	"         \"type\": \"folder\"\n"
	"      },\n"
	"      \"other\": {\n"
	"         \"children\": [  ],\n"
	"         \"date_added\": \"13440137265761002\",\n"
	"         \"date_last_used\": \"0\",\n"
	"         \"date_modified\": \"0\",\n"
	"         \"guid\": \"82b081ec-3dd3-529c-8475-ab6c344590dd\",\n"
	"         \"id\": \"2\",\n"
	"         \"name\": \"Other bookmarks\",\n"
	"         \"type\": \"folder\"\n"
	"      },\n"
	"      \"synced\": {\n"
	"         \"children\": [  ],\n"
	"         \"date_added\": \"13440137265761002\",\n"
	"         \"date_last_used\": \"0\",\n"
	"         \"date_modified\": \"0\",\n"
	"         \"guid\": \"4cf2e351-0e85-532b-bb37-df045d8f8d0f\",\n"
	"         \"id\": \"3\",\n"
	"         \"name\": \"Mobile bookmarks\",\n"
	"         \"type\": \"folder\"\n"
	"      }\n"
	"   },\n"
	"   \"version\": 1\n"
	"}\n";

struct fixture {
	struct temp temp;
	struct rows rows;
	char profile[128];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	temp_make(&f->temp);
	snprintf(f->profile, sizeof f->profile, "%s/Default", f->temp.path);
	temp_put_str(&f->temp, "Default/Bookmarks", written);
	rows_open(&f->rows, "chromium", f->profile);
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
read_bookmarks(struct fixture *f, struct buf *out)
{
	struct err err = { 0 };

	buf_reset(out);
	if (os_read_file(f->temp.fd, "Default/Bookmarks", out, &err) < 0)
		fail_msg("%s", err.msg);
}

static int
keep(void *ctx, struct span piece, struct err *err)
{
	return buf_append(ctx, piece, err);
}

/* What parses is printed as it was, and has the checksum that it says. */
static void
check_text(struct span text, bool same)
{
	AUTO(chromium_free) struct json_object *tree = NULL;
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 24);
	char sum[CHROMIUM_CHECKSUM_BYTES];
	struct err err = { 0 };

	if (chromium_parse(&tree, text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(chromium_print(tree, keep, &out, &err), 0);
	if (same)
		assert_string_equal(buf_str(&out), (const char *)text.p);
	assert_int_equal(chromium_checksum(sum, tree, &err), 0);
	assert_string_equal(sum, (const char *)chromium_text(tree, "checksum").p);
}

static void
a_file_of_chromium_s_is_printed_to_the_byte_and_its_checksum_is_right(void **state)
{
	(void)state;
	check_text(span_str(written), true);
}

static void
a_file_whose_checksum_is_wrong_is_read_all_the_same(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	struct err err = { 0 };
	struct rows_seen seen;

	const char *path = corpus("bookmarks/bookmarks-converter/bookmarks_chrome.json");
	assert_int_equal(os_read_file(AT_FDCWD, path, &text, &err), 0);
	temp_put(&f->temp, "Default/Bookmarks", buf_span(&text), 10);
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n_refused, 0);
	assert_true(seen.n > 20);
	rows_forget(&seen);
	rows_add(
		&f->rows,
		VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\nADDED:2020-01-01T00:00:00Z\r\n"));
	read_bookmarks(f, &text);
	check_text(buf_span(&text), true); /* now it is right */
}

#define ADDED "ADDED:2020-01-01T00:00:00.001Z\r\n"

static void
what_is_added_and_taken_away_again_leaves_the_file_but_for_two_times(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	struct rows_seen seen;
	int64_t a = rows_add(
		&f->rows,
		VBKM("FOLDER:toolbar/New/In%2Fner\r\nURL:https://a.example/\r\nTITLE:A\r\n" ADDED));
	int64_t b =
		rows_add(&f->rows, VBKM("FOLDER:menu/Work\r\nURL:https://a.example/\r\n" ADDED));

	read_bookmarks(f, &text);
	check_text(buf_span(&text), true);
	assert_non_null(strstr(buf_str(&text),
			       "\"unknown\": [ 1.50, null, true, \"\\u003Cx>\\u2028\xc3\xa4\" ]"));
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 3);
	assert_int_equal(rows_count_with(&seen, "FOLDER:menu/Work"), 1);
	rows_forget(&seen);
	rows_remove(&f->rows, a);
	rows_remove(&f->rows, b);
	read_bookmarks(f, &text);
	assert_int_equal(text.n, strlen(written) + strlen("13440137265761002") -
					 1); /* a date_modified was "0" */
	assert_null(strstr(buf_str(&text), "Work"));
	assert_null(strstr(buf_str(&text), "cloudbox"));
}

static void
a_title_is_put_in_and_everything_else_stays(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);

	rows_replace(
		&f->rows, 5,
		VBKM("FOLDER:toolbar\r\nURL:https://example.org/\r\nTITLE:Other \xe4\xb8\xad\r\n"));
	read_bookmarks(f, &text);
	assert_non_null(strstr(buf_str(&text), "\"name\": \"Other \xe4\xb8\xad\",\n"));
	assert_int_equal(text.n,
			 strlen(written) - strlen("Made by Chromium") + strlen("Other xxx"));
}

static void
without_a_file_one_is_made(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	struct rows_seen seen;

	assert_int_equal(unlinkat(f->temp.fd, "Default/Bookmarks", 0), 0);
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 0);
	rows_add(&f->rows, VBKM("FOLDER:mobile\r\nURL:https://a.example/\r\n" ADDED));
	read_bookmarks(f, &text);
	check_text(buf_span(&text), true);
}

static void
ids_that_are_missing_or_doubled_are_replaced(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	temp_put_str(&f->temp, "Default/Bookmarks",
		     "{\"roots\":{\"bookmark_bar\":{\"children\":["
		     "{\"id\":\"7\",\"type\":\"url\",\"url\":\"https://a/"
		     "\"},{\"id\":\"7\",\"type\":\"url\",\"url\":\"https://b/\"},"
		     "{\"type\":\"url\",\"url\":\"https://c/"
		     "\"},{\"id\":\"x\",\"type\":\"url\",\"url\":\"https://d/\"},"
		     "{\"id\":\"9\",\"type\":\"url\"},{\"id\":\"10\"},null,5],\"type\":\"folder\"},"
		     "\"other\":{}}}");
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.n_refused, 4);
	rows_forget(&seen);
	rows_add(&f->rows, VBKM("FOLDER:unfiled/F\r\nURL:https://a.example/\r\n" ADDED));
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 5);
	rows_forget(&seen);
}

static void
nothing_is_written_while_chromium_runs_nor_into_what_is_not_known(void **state)
{
	struct fixture *f = *state;
	char host[100] = "", link[200];

	gethostname(host, sizeof host - 1);
	snprintf(link, sizeof link, "%s-%d", host, (int)getpid());
	assert_int_equal(symlinkat(link, f->temp.fd, "SingletonLock"), 0);
	rows_assert_unwritable(&f->rows, ERR_BUSY, "Chromium is open");
	assert_int_equal(unlinkat(f->temp.fd, "SingletonLock", 0), 0);
	assert_int_equal(symlinkat("another-computer-12", f->temp.fd, "SingletonLock"), 0);
	rows_assert_unwritable(&f->rows, ERR_BUSY, "Chromium is open");
	assert_int_equal(unlinkat(f->temp.fd, "SingletonLock", 0), 0);
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	snprintf(link, sizeof link, "%s-%d", host, (int)gone);
	assert_int_equal(symlinkat(link, f->temp.fd, "SingletonLock"), 0); /* a crash left it */
	rows_add(&f->rows, VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\n" ADDED));

	temp_put_str(&f->temp, "Default/Bookmarks",
		     "{\"roots\":{\"bookmark_bar\":{},\"other\":{}},\"version\":2}");
	rows_assert_unwritable(&f->rows, ERR_UNSUPPORTED,
			       "Chromium's file of bookmarks is of a version");
	temp_put_str(&f->temp, "Default/Bookmarks", "{\"roots\":{\"bookmark_bar\":{},\"oth");
	rows_assert_unwritable(&f->rows, ERR_SYNTAX, "Chromium's file of bookmarks is damaged");
	temp_assert(&f->temp, "Default/Bookmarks", "{\"roots\":{\"bookmark_bar\":{},\"oth");
}

static void
a_chromium_that_starts_in_the_middle_ends_the_writing(void **state)
{
	struct fixture *f = *state;
	const struct row_kind *k = f->rows.kind;
	char host[100] = "", link[200];
	struct err err = { 0 };
	int64_t number;

	gethostname(host, sizeof host - 1);
	snprintf(link, sizeof link, "%s-%d", host, (int)getpid());
	assert_int_equal(k->begin(f->rows.store, &err), 0);
	assert_int_equal(
		k->add(f->rows.store,
		       span_str(VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\n" ADDED)),
		       &number, &err),
		0);
	assert_int_equal(symlinkat(link, f->temp.fd, "SingletonLock"), 0);
	assert_int_equal(k->commit(f->rows.store, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	k->rollback(f->rows.store);
	temp_assert(&f->temp, "Default/Bookmarks", written);
	assert_int_equal(temp_count(&f->temp, "Default"), 1);
}

static void
a_file_that_changed_in_the_middle_is_left_alone(void **state)
{
	struct fixture *f = *state;
	const struct row_kind *k = f->rows.kind;
	struct err err = { 0 };
	int64_t number;

	assert_int_equal(k->begin(f->rows.store, &err), 0);
	assert_int_equal(
		k->add(f->rows.store,
		       span_str(VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\n" ADDED)),
		       &number, &err),
		0);
	temp_put_str(&f->temp, "Default/Bookmarks",
		     "{\"roots\":{\"bookmark_bar\":{},\"other\":{}}}");
	assert_int_equal(k->commit(f->rows.store, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	k->rollback(f->rows.store);
	temp_assert(&f->temp, "Default/Bookmarks",
		    "{\"roots\":{\"bookmark_bar\":{},\"other\":{}}}");
}

/* One addition, and how it went; in the file there is the old or the new one. */
static int
add_once(struct fixture *f, struct err *err)
{
	const struct row_kind *k = f->rows.kind;
	int64_t number;
	int rc = k->begin(f->rows.store, err);

	if (rc == 0)
		rc = k->add(f->rows.store,
			    span_str(VBKM("FOLDER:toolbar\r\nURL:https://a.example/\r\n" ADDED)),
			    &number, err);
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
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	struct os_fault fault;
	unsigned nth = 0;

	do {
		struct err err = { 0 };

		temp_put_str(&f->temp, "Default/Bookmarks", written);
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = add_once(f, &err);
		os_fault_end(&fault);
		read_bookmarks(f, &text);
		bool is_new = strstr(buf_str(&text), "https://a.example/") != NULL;
		if (is_new)
			check_text(buf_span(&text), true);
		else
			assert_string_equal(buf_str(&text), written);
		assert_true(is_new || rc < 0);
		assert_int_equal(temp_count(&f->temp, "Default"), 1);
	} while (fault.fired);
	assert_true(nth > 10);
}

static void
very_deep_folders_are_refused_or_read_and_never_crash(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	static const unsigned depths[] = { 900, 1500, 20000 };
	struct err err = { 0 };

	for (size_t d = 0; d < N_ELEMENTS(depths); d++) {
		struct rows_seen seen = { .n = 0 };

		buf_reset(&text);
		buf_append_str(&text, "{\"roots\":{\"other\":{},\"bookmark_bar\":{\"children\":[",
			       NULL);
		for (unsigned i = 0; i < depths[d]; i++)
			buf_append_str(&text, "{\"type\":\"folder\",\"name\":\"f\",\"children\":[",
				       NULL);
		buf_append_str(&text, "{\"type\":\"url\",\"url\":\"https://a/\"}", NULL);
		for (unsigned i = 0; i < depths[d]; i++)
			buf_append_str(&text, "]}", NULL);
		buf_append_str(&text, "]}},\"version\":1}", NULL);
		temp_put_str(&f->temp, "Default/Bookmarks", buf_str(&text));
		if (depths[d] > 2000) {
			rows_assert_unwritable(&f->rows, ERR_LIMIT,
					       "Chromium's bookmarks are nested too deeply");
			continue;
		}
		rows_see(&seen, &f->rows);
		assert_int_equal(seen.n, depths[d] <= BOOKMARK_DEPTH_MAX);
		assert_int_equal(seen.n_refused, depths[d] > BOOKMARK_DEPTH_MAX);
		rows_forget(&seen);
	}
	(void)err;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_of_chromium_s_is_printed_to_the_byte_and_its_checksum_is_right),
		T(a_file_whose_checksum_is_wrong_is_read_all_the_same),
		T(what_is_added_and_taken_away_again_leaves_the_file_but_for_two_times),
		T(a_title_is_put_in_and_everything_else_stays),
		T(without_a_file_one_is_made),
		T(ids_that_are_missing_or_doubled_are_replaced),
		T(nothing_is_written_while_chromium_runs_nor_into_what_is_not_known),
		T(a_chromium_that_starts_in_the_middle_ends_the_writing),
		T(a_file_that_changed_in_the_middle_is_left_alone),
		T(whatever_call_fails_the_file_is_the_old_or_the_new_one),
		T(very_deep_folders_are_refused_or_read_and_never_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
