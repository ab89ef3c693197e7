/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/slot.h"
#include "os_fault.h"

static struct temp t;
static struct app *app;
static struct app_session *s;
static char told[4000];

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	told[0] = '\0';
	if (app_new(&app, "chess", "game", t.path, &err) < 0 || app_session_open(&s, app, &err) < 0)
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

static int
note_item(void *ctx, const struct app_item *item, struct err *err)
{
	size_t n = strlen(told);

	(void)ctx;
	(void)err;
	snprintf(told + n, sizeof told - n, "%s|%.*s|%s|%llu\n", item->place.source,
		 SPAN_ARGS(item->name), item->type, (unsigned long long)item->place.size);
	return 0;
}

static int
note_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	size_t n = strlen(told);

	(void)ctx;
	(void)err;
	snprintf(told + n, sizeof told - n, "%s: %s\n", refused->source, refused->why->msg);
	return 0;
}

static int
note_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, note_item, note_refused, ctx, err);
}

static const char *
list(void)
{
	struct err err = { 0 };

	told[0] = '\0';
	if (s->adapter->sources(s, note_source, note_refused, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return told;
}

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
read_slot(struct buf *out, const char *path)
{
	struct app_place p = place_of(path);
	struct err err = { 0 };

	if (item_read_all(out, s, &p, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(out->n, p.size);
}

static int
write_slot(const char *path, struct span bytes, struct err *err)
{
	AUTO(item_writer_free) struct item_writer *w = NULL;
	struct app_place place;

	if (item_writer_open(&w, s, path, err) < 0)
		return -1;
	for (size_t i = 0; i < bytes.n; i += 7) /* no piece ends where a block does */
		if (item_writer_write(w, span_of(bytes.p + i, bytes.n - i < 7 ? bytes.n - i : 7),
				      err) < 0)
			return -1;
	int rc = item_writer_finish(w, 1234567890000, &place, err);
	if (rc == 0)
		assert_int_equal(place.size, bytes.n);
	return rc;
}

static void
each_file_and_each_folder_directly_in_it_is_a_slot(void **state)
{
	(void)state;
	temp_put_str(&t, "one.sav", "12345");
	temp_put_str(&t, "two/world/a", "a");
	temp_put_str(&t, "two/level.dat", "level");
	temp_put_str(&t, "two-b", "");
	temp_put_str(&t, "two.zip", "z");
	assert_int_equal(mkdirat(t.fd, "empty", 0700), 0);
	assert_string_equal(list(), "one.sav|one.sav|application/octet-stream|5\n"
				    "two-b|two-b|application/octet-stream|0\n"
				    "two.tar|two|application/x-tar|3072\n"
				    "two.zip|two.zip|application/octet-stream|1\n");
}

static void
what_would_be_taken_for_a_folder_and_links_are_refused_by_name(void **state)
{
	char name[253];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	temp_put_str(&t, "real.tar", "a tar of somebody's");
	temp_put_str(&t, "slot/a", "a");
	assert_int_equal(symlinkat("/etc/passwd", t.fd, "slot/link"), 0);
	assert_int_equal(mkdirat(t.fd, name, 0700), 0);
	int fd = openat(t.fd, name, O_DIRECTORY | O_RDONLY);
	assert_int_equal(close(openat(fd, "x", O_CREAT | O_WRONLY, 0600)), 0);
	close(fd);
	list();
	assert_non_null(strstr(told, "a file called .tar is left out"));
	assert_non_null(strstr(told, "the name of a saved folder is longer than 251 bytes"));
	assert_non_null(strstr(told, "slot/link: a link: left out"));
	assert_non_null(strstr(told, "slot.tar|slot|application/x-tar|2048\n"));
}

static void
a_folder_comes_back_with_all_its_files_and_their_time(void **state)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(1 << 20);
	AUTO(buf_clear) struct buf again = BUF_INIT(1 << 20);
	char deep[400] = "two/", block[512];
	struct stat st;
	struct err err = { 0 };

	(void)state;
	memset(deep + 4, 'd', 200);
	strcpy(deep + 204, "/f"); /* more than a header takes */
	memset(block, 'b', sizeof block);
	temp_put_str(&t, "two/level.dat", "level");
	temp_put_str(&t, "two/empty", "");
	temp_put(&t, "two/block", SPAN_ARRAY(block), 60);
	temp_put_str(&t, deep, "deep");
	read_slot(&bytes, "two.tar");
	if (write_slot("two (from backup).tar", buf_span(&bytes), &err) != 0)
		fail_msg("%s", err.msg);
	temp_assert(&t, "two (from backup)/level.dat", "level");
	temp_assert(&t, "two (from backup)/empty", "");
	assert_int_equal(fstatat(t.fd, "two (from backup)/block", &st, 0), 0);
	assert_int_equal(st.st_size, 512);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	read_slot(&again, "two (from backup).tar"); /* another name, other times: the same bytes */
	assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
	assert_int_equal(temp_count(&t, "."), 2);
	assert_int_equal(write_slot("two.tar", buf_span(&bytes), &err), APP_EXISTS);
	assert_int_equal(temp_count(&t, "."), 2);
}

static void
a_folder_that_changes_while_it_is_read_is_never_torn(void **state)
{
	static const char *const changes[] = { "two/b", "two/new", "two/sub/new" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
		AUTO(buf_clear) struct buf bytes = BUF_INIT(1 << 20);
		AUTO(item_reader_free) struct item_reader *r = NULL;
		struct span piece;
		struct err err = { 0 };

		temp_put_str(&t, "two/a", "a");
		temp_put_str(&t, "two/b", "b");
		struct app_place p = place_of("two.tar");
		assert_int_equal(item_reader_open(&r, s, &p, &err), 0);
		assert_int_equal(item_reader_next(r, &piece, &err), 0);
		temp_put(&t, changes[i], span_str("B"), 0);
		assert_int_equal(item_reader_next(r, &piece, &err), APP_MOVED);
		assert_int_equal(item_read_all(&bytes, s, &p, &err), APP_MOVED);
	}
}

static void
a_removal_needs_the_folder_as_it_was_and_spares_links(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "two/sub/a", "a");
	struct app_change c = { .kind = APP_REMOVE, .place = place_of("two.tar") };
	temp_put_str(&t, "two/sub/b", "played on");
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "two/sub/b", "played on");
	assert_int_equal(unlinkat(t.fd, "two/sub/b", 0), 0);
	assert_int_equal(symlinkat("a", t.fd, "two/link"), 0);
	c.place = place_of("two.tar");
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_true(temp_exists(&t, "two/sub/a"));
	assert_int_equal(unlinkat(t.fd, "two/link", 0), 0);
	c.place = place_of("two.tar");
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	assert_int_equal(temp_count(&t, "."), 0);
}

/* Whatever is done to a good tar: it is refused, and nothing remains. */
static void
what_is_no_tar_of_ours_leaves_nothing_behind(void **state)
{
	AUTO(buf_clear) struct buf good = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "two/a", "content");
	temp_put_str(&t, "two/b", "");
	read_slot(&good, "two.tar");
	assert_int_equal(good.n, 512 + 512 + 512 + 1024);
	for (size_t n = 0; n < good.n; n++)
		assert_int_equal(write_slot("x.tar", span_of(good.p, n), &err), -1);
	for (size_t i = 0; i < good.n; i++) {
		bool content = i >= 512 && i < 512 + 7;

		if (content)
			continue;
		good.p[i] ^= 1;
		assert_int_equal(write_slot("x.tar", buf_span(&good), &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		good.p[i] ^= 1;
	}
	assert_int_equal(buf_append_byte(&good, 0, &err), 0);
	assert_int_equal(write_slot("x.tar", buf_span(&good), &err), -1);
	assert_int_equal(temp_count(&t, "."), 1);
}

/* A tar with one file at @path. */
static void
make_tar(struct buf *out, const char *path)
{
	uint8_t *end;
	struct err err = { 0 };

	assert_int_equal(slot_entry_print(out, path, 0, &err), 0);
	assert_int_equal(buf_extend(out, SLOT_END_BYTES, &end, &err), 0);
	memset(end, 0, SLOT_END_BYTES);
}

static void
nothing_is_written_outside_the_slot(void **state)
{
	static const char *const bad[] = { "../evil", "/tmp/evil", "a/../../evil", "a//b", "." };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		AUTO(buf_clear) struct buf tar = BUF_INIT(1 << 16);
		struct err err = { 0 };

		make_tar(&tar, bad[i]);
		assert_int_equal(write_slot("x.tar", buf_span(&tar), &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	struct err err = { 0 };
	assert_int_equal(write_slot("a/b.tar", span_str(""), &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(temp_count(&t, "."), 0);
}

static void
a_folder_is_there_whole_or_not_whatever_fails(void **state)
{
	AUTO(buf_clear) struct buf tar = BUF_INIT(1 << 20);
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	temp_put_str(&t, "two/sub/a", "a");
	temp_put_str(&t, "two/b", "b");
	read_slot(&tar, "two.tar");
	do {
		struct err err = { 0 };

		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = write_slot("x.tar", buf_span(&tar), &err);
		os_fault_end(&fault);
		if (!temp_exists(&t, "x")) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.code, ERR_FULL);
			/* what could not be removed then goes now */
			assert_int_equal(s->adapter->tidy(s, &err), 0);
			assert_int_equal(temp_count(&t, "."), 1);
			continue;
		}
		temp_assert(&t, "x/sub/a", "a");
		temp_assert(&t, "x/b", "b");
		struct app_change c = { .kind = APP_REMOVE, .place = place_of("x.tar") };
		assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	} while (fault.fired);
	print_message("%u calls\n", nth);
	assert_true(nth > 20);
}

static void
a_removal_is_whole_or_not_whatever_fails(void **state)
{
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct err err = { 0 };

		temp_put_str(&t, "x/sub/a", "a");
		temp_put_str(&t, "x/b", "b");
		struct app_change c = { .kind = APP_REMOVE, .place = place_of("x.tar") };
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		s->adapter->apply(s, &c, 1, &err);
		os_fault_end(&fault);
		if (temp_exists(&t, "x")) {
			temp_assert(&t, "x/sub/a", "a");
			temp_assert(&t, "x/b", "b");
		}
		assert_int_equal(s->adapter->tidy(s, &err), 0);
		assert_int_equal(temp_count(&t, "."), temp_exists(&t, "x"));
	} while (fault.fired);
	print_message("%u calls\n", nth);
	assert_true(nth > 10);
}

static void
a_folder_of_which_a_part_cannot_be_read_is_told(void **state)
{
	struct err err = { 0 };
	struct os_fault fault;
	unsigned nth = 0;
	bool unread = false;

	(void)state;
	temp_put_str(&t, "two/sub/a", "a");
	struct app_place p = place_of("two.tar");
	struct app_source source = { "two.tar", p.stamp };
	do {
		told[0] = '\0';
		os_fault_at(&fault, ++nth, EACCES, OS_FAULT_ONCE);
		int rc = s->adapter->read_source(s, &source, note_item, note_refused, NULL, &err);
		os_fault_end(&fault);
		unread |= rc == APP_UNREAD;
		if (rc == APP_UNREAD)
			assert_memory_equal(told, "two.tar: ", 9);
		else if (rc == 0)
			assert_string_equal(told, "two.tar|two|application/x-tar|2048\n");
	} while (fault.fired);
	assert_true(unread);
}

static void
a_file_is_no_folder_of_saved_games(void **state)
{
	AUTO(app_free) struct app *one = NULL;
	struct app_session *other = NULL;
	char path[200];
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "save", "x");
	snprintf(path, sizeof path, "%s/save", t.path);
	assert_int_equal(app_new(&one, "chess", "game", path, &err), 0);
	assert_int_equal(app_session_open(&other, one, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_file_and_each_folder_directly_in_it_is_a_slot),
		T(what_would_be_taken_for_a_folder_and_links_are_refused_by_name),
		T(a_folder_comes_back_with_all_its_files_and_their_time),
		T(a_folder_that_changes_while_it_is_read_is_never_torn),
		T(a_removal_needs_the_folder_as_it_was_and_spares_links),
		T(what_is_no_tar_of_ours_leaves_nothing_behind),
		T(nothing_is_written_outside_the_slot),
		T(a_folder_is_there_whole_or_not_whatever_fails),
		T(a_removal_is_whole_or_not_whatever_fails),
		T(a_folder_of_which_a_part_cannot_be_read_is_told),
		T(a_file_is_no_folder_of_saved_games),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
