/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/folder.h"
#include "os/os.h"
#include "os_fault.h"

static struct temp t;
static struct app *app;
static struct app_session *s;

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	if (app_new(&app, "documents", "files", t.path, &err) < 0 ||
	    app_session_open(&s, app, &err) < 0)
		return -1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	app_session_free(s);
	app_free(app);
	s = NULL;
	app = NULL;
	temp_remove(&t);
	return 0;
}

/* Where the one file @path lies now. */
static struct app_place
place_of(const char *path)
{
	struct app_place p = { .source = path };
	struct err err = { 0 };

	assert_int_equal(s->adapter->stamp(&p.stamp, s, path, &err), 0);
	p.size = p.stamp.size;
	return p;
}

static void
a_large_file_comes_in_pieces_of_4_mib(void **state)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	const size_t n = 2 * (size_t)APP_PIECE_BYTES + 5;
	AUTO(free) uint8_t *bytes = malloc(n);
	struct span piece;
	struct err err = { 0 };
	size_t at = 0;
	int rc;

	(void)state;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	temp_put(&t, "big", span_of(bytes, n), 60);
	struct app_place p = place_of("big");
	assert_int_equal(item_reader_open(&r, s, &p, &err), 0);
	assert_int_equal(item_reader_size(r), n);
	while ((rc = item_reader_next(r, &piece, &err)) == 0) {
		assert_int_equal(piece.n, n - at < APP_PIECE_BYTES ? n - at : APP_PIECE_BYTES);
		assert_memory_equal(piece.p, bytes + at, piece.n);
		at += piece.n;
	}
	assert_int_equal(rc, APP_END);
	assert_int_equal(at, n);
}

static void
a_file_that_changes_while_it_is_read_is_never_torn(void **state)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	struct span piece;
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "first half, second half");
	struct app_place p = place_of("a");
	assert_int_equal(item_reader_open(&r, s, &p, &err), 0);
	assert_int_equal(item_reader_next(r, &piece, &err), 0);
	temp_put(&t, "a", span_str("FIRST HALF, SECOND HALF"), 0);
	assert_int_equal(item_reader_next(r, &piece, &err), APP_MOVED);
}

static void
a_file_that_was_replaced_while_it_is_read_has_moved(void **state)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	struct span piece;
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "one");
	temp_put_str(&t, "b", "two");
	struct app_place p = place_of("a");
	assert_int_equal(item_reader_open(&r, s, &p, &err), 0);
	assert_int_equal(item_reader_next(r, &piece, &err), 0);
	assert_int_equal(renameat(t.fd, "b", t.fd, "a"), 0);
	assert_int_equal(item_reader_next(r, &piece, &err), APP_MOVED);
}

static void
a_shortened_file_has_moved(void **state)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	AUTO(buf_clear) struct buf b = BUF_INIT(100);
	struct span piece;
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "twelve bytes");
	struct app_place p = place_of("a");
	assert_int_equal(item_reader_open(&r, s, &p, &err), 0);
	temp_put_str(&t, "a", "");
	assert_int_equal(item_reader_next(r, &piece, &err), APP_MOVED);
	assert_int_equal(item_read_all(&b, s, &p, &err), APP_MOVED);
	assert_int_equal(b.n, 0);
}

static void
a_file_gone_or_turned_into_a_link_has_moved(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(100);
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "x");
	struct app_place p = place_of("a");
	assert_int_equal(unlinkat(t.fd, "a", 0), 0);
	assert_int_equal(item_read_all(&b, s, &p, &err), APP_MOVED);
	assert_int_equal(symlinkat("/etc/passwd", t.fd, "a"), 0);
	assert_int_equal(item_read_all(&b, s, &p, &err), APP_MOVED);
}

static int
write_file(const char *path, const char *content, int64_t at_ms, struct err *err)
{
	AUTO(item_writer_free) struct item_writer *w = NULL;

	if (item_writer_open(&w, s, path, err) < 0 ||
	    item_writer_write(w, span_str(content), err) < 0)
		return -1;
	return item_writer_finish(w, at_ms, NULL, err);
}

static void
a_restored_file_has_its_folders_and_its_time(void **state)
{
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(write_file("x/y/z.txt", "hello", 1234567890123, &err), 0);
	temp_assert(&t, "x/y/z.txt", "hello");
	assert_int_equal(fstatat(t.fd, "x/y/z.txt", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123000000);
	assert_int_equal(write_file("old", "hello", -1, &err), 0);
	assert_int_equal(fstatat(t.fd, "old", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, -1);
	assert_int_equal(st.st_mtim.tv_nsec, 999000000);
}

static void
a_restored_file_never_replaces_one(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "mine");
	assert_int_equal(write_file("a", "theirs", 0, &err), APP_EXISTS);
	temp_assert(&t, "a", "mine");
	assert_int_equal(temp_count(&t, "."), 1);
}

static void
nothing_is_written_outside_the_folder(void **state)
{
	static const char *const bad[] = { "../evil", "/tmp/evil", "a/../../evil", "out/evil", "" };
	char outside[100];
	struct err err = { 0 };

	(void)state;
	snprintf(outside, sizeof outside, "%s-out", t.path);
	assert_int_equal(mkdir(outside, 0700), 0);
	assert_int_equal(symlinkat(outside, t.fd, "out"), 0);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		if (write_file(bad[i], "x", 0, &err) != -1)
			fail_msg("wrote \"%s\"", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_int_equal(rmdir(outside), 0); /* it is empty */
}

static void
a_full_disk_leaves_nothing_behind(void **state)
{
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct err err = { 0 };

		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = write_file("d/a", "x", 0, &err);
		os_fault_end(&fault);
		if (fault.fired && rc == 0)
			fail_msg("call %u failed unnoticed", nth);
		if (fault.fired && !temp_exists(&t, "d/a"))
			assert_int_equal(err.code, ERR_FULL);
		if (temp_exists(&t, "d")) {
			assert_int_equal(temp_count(&t, "d"), temp_exists(&t, "d/a"));
			unlinkat(t.fd, "d/a", 0);
		}
	} while (fault.fired);
	assert_true(nth > 8);
}

static void
types_come_from_content(void **state)
{
	const char *type;
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a.jpg", "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n");
	temp_put_str(&t, "empty", "");
	struct app_place p = place_of("a.jpg");
	assert_int_equal(s->adapter->type(&type, s, &p, &err), 0);
	assert_string_equal(type, "application/pdf");
	p = place_of("empty");
	assert_int_equal(s->adapter->type(&type, s, &p, &err), 0);
	assert_non_null(strchr(type, '/'));
}

static void
a_removal_needs_the_file_as_it_was(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a", "one");
	struct app_change c = { .kind = APP_REMOVE, .place = place_of("a") };
	temp_put(&t, "a", span_str("two"), 0);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "a", "two");
	c.place = place_of("a");
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	assert_false(temp_exists(&t, "a"));
}

/* Every file of a folder, read whole. */
struct reading {
	struct app_session *session;
	size_t files;
	uint64_t bytes;
};

static int
read_item(void *ctx, const struct app_item *item, struct err *err)
{
	struct reading *r = ctx;
	AUTO(buf_clear) struct buf b = BUF_INIT(OS_READ_MAX_FILE);
	const char *type;

	assert_true(item->name.n > 0);
	assert_int_equal(item_read_all(&b, r->session, &item->place, err), 0);
	assert_int_equal(b.n, item->place.size);
	assert_int_equal(r->session->adapter->type(&type, r->session, &item->place, err), 0);
	r->bytes += b.n;
	return 0;
}

static int
read_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct reading *r = ctx;

	r->files++;
	return r->session->adapter->read_source(r->session, source, read_item, NULL, ctx, err);
}

static size_t
read_all_of(const char *folder)
{
	struct app *a = NULL;
	struct reading r = { 0 };
	struct err err = { 0 };

	assert_int_equal(app_new(&a, "corpus", "files", folder, &err), 0);
	assert_int_equal(app_session_open(&r.session, a, &err), 0);
	int rc = r.session->adapter->sources(r.session, read_source, NULL, &r, &err);
	app_session_free(r.session);
	app_free(a);
	if (rc < 0)
		fail_msg("%s", err.msg);
	return r.files;
}

static void
every_file_of_the_corpus_is_an_item(void **state)
{
	(void)state;
	assert_true(read_all_of(corpus("documents")) > 5);
	assert_true(read_all_of(corpus("media")) > 20);
	assert_true(read_all_of(corpus("generic")) > 20);
}

static int
count_item(void *ctx, const struct app_item *item, struct err *err)
{
	size_t *n = ctx;

	(void)err;
	for (size_t i = 0; i < item->name.n; i++)
		assert_true(item->name.p[i] >= 0x20 && item->name.p[i] != 0x7f);
	++*n;
	return 0;
}

static int
count_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, count_item, NULL, ctx, err);
}

static void
naughty_names_are_written_and_found_or_refused(void **state)
{
	char path[4200], line[8192];
	size_t written = 0, refused = 0, found = 0;
	struct err err = { 0 };

	(void)state;
	snprintf(path, sizeof path, "%s/blns.txt", corpus("generic/naughty-strings"));
	FILE *f = fopen(path, "r");
	if (!f) {
		print_message("skipped: there is no %s\n", path);
		skip();
	}
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || !line[0])
			continue;
		int rc = write_file(line, "x", 0, &err);
		written += rc == 0;
		refused += rc < 0;
		if (rc < 0 && err.code != ERR_USAGE)
			fail_msg("%s", err.msg);
	}
	fclose(f);
	assert_int_equal(s->adapter->sources(s, count_source, NULL, &found, &err), 0);
	assert_int_equal(found, written);
	assert_true(written > 300);
	print_message("%zu written, %zu refused\n", written, refused);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_large_file_comes_in_pieces_of_4_mib),
		T(a_file_that_changes_while_it_is_read_is_never_torn),
		T(a_file_that_was_replaced_while_it_is_read_has_moved),
		T(a_shortened_file_has_moved),
		T(a_file_gone_or_turned_into_a_link_has_moved),
		T(a_restored_file_has_its_folders_and_its_time),
		T(a_restored_file_never_replaces_one),
		T(nothing_is_written_outside_the_folder),
		T(a_full_disk_leaves_nothing_behind),
		T(types_come_from_content),
		T(a_removal_needs_the_file_as_it_was),
		T(every_file_of_the_corpus_is_an_item),
		T(naughty_names_are_written_and_found_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
