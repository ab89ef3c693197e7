/* SPDX-License-Identifier: Apache-2.0 */
/* watch: what is seen of real changes in real folders, with a clock that the test moves on. */
#include "service/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/apps.h"
#include "os/os.h"
#include "service/quiet.h"
#include "temp.h"
#include "unit.h"

#define ENOUGH_MS 30 /* the kernel has queued what happened before */

static struct fixture {
	struct temp t;
	int home_fd;
	struct loop loop;
	struct loop_timer enough;
	struct watch *w;
	unsigned changes, sentences;
	char said[512];
} my;

static struct os moved;
static int64_t skew_ms;

static int64_t
moved_uptime_ms(void)
{
	return os_kernel.uptime_ms() + skew_ms;
}

static void
changed(void *ctx)
{
	(void)ctx;
	my.changes++;
}

static void
say(void *ctx, const char *sentence)
{
	(void)ctx;
	my.sentences++;
	snprintf(my.said, sizeof my.said, "%s", sentence);
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static void
stop(void *ctx)
{
	(void)ctx;
	my.loop.ended = true;
}

static int
setup(void **state)
{
	const struct watch_duties duties = { .changed = changed, .say = say };
	struct err err;

	(void)state;
	my = (struct fixture){ 0 };
	moved = os_kernel;
	moved.uptime_ms = moved_uptime_ms;
	os = &moved;
	skew_ms = 0;
	temp_make(&my.t);
	temp_put_str(&my.t, "home/box.db", "");
	temp_put_str(&my.t, "app/one.vcf", "1");
	temp_put_str(&my.t, "app/below/deep/two.vcf", "2");
	my.home_fd = openat(my.t.fd, "home", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(loop_init(&my.loop, nothing, NULL, &err), 0);
	my.enough = (struct loop_timer){ .ready = stop };
	loop_add_timer(&my.loop, &my.enough);
	assert_int_equal(watch_new(&my.w, &my.loop, my.home_fd, &duties, &err), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	watch_free(my.w);
	loop_clear(&my.loop);
	close(my.home_fd);
	temp_remove(&my.t);
	os = &os_kernel;
	return 0;
}

/* Name the app at @path ("" for none at all). */
static void
watch_only(const char *adapter, const char *path)
{
	AUTO(app_free) struct app *app = NULL;
	char full[256];
	struct err err;

	watch_begin(my.w);
	if (path[0]) {
		snprintf(full, sizeof full, "%s/%s", my.t.path, path);
		assert_int_equal(app_new(&app, "app", adapter, full, &err), 0);
		assert_int_equal(watch_app(my.w, app, &err), 0);
	}
	watch_end(my.w);
}

static void
run_for(int64_t ms)
{
	struct err err;

	my.loop.ended = false;
	loop_wait(&my.enough, ms);
	assert_int_equal(loop_run(&my.loop, &err), 0);
}

/* How many looks follow what has happened, once time has passed. */
static unsigned
looks(void)
{
	unsigned before = my.changes;

	run_for(ENOUGH_MS);
	skew_ms += QUIET_PAUSE_MAX + QUIET_MOST_MS;
	run_for(ENOUGH_MS);
	return my.changes - before;
}

static void
a_change_in_a_watched_folder_is_one_look_when_it_is_quiet(void **state)
{
	(void)state;
	watch_only("vcard", "app");
	assert_int_equal(watch_folders(my.w), 3);
	assert_int_equal(looks(), 0);
	for (int i = 0; i < 100; i++)
		temp_put_str(&my.t, "app/one.vcf", "changed");
	run_for(ENOUGH_MS);
	assert_int_equal(my.changes, 0); /* not before it is quiet */
	assert_int_equal(looks(), 1);
	assert_int_equal(looks(), 0);
}

static void
each_kind_of_change_is_seen(void **state)
{
	(void)state;
	watch_only("vcard", "app");
	temp_put_str(&my.t, "app/new.vcf", "new");
	assert_int_equal(looks(), 1);
	assert_int_equal(renameat(my.t.fd, "app/new.vcf", my.t.fd, "app/one.vcf"), 0);
	assert_int_equal(looks(), 1);
	assert_int_equal(unlinkat(my.t.fd, "app/one.vcf", 0), 0);
	assert_int_equal(looks(), 1);
	temp_put_str(&my.t, "app/below/deep/two.vcf", "other");
	assert_int_equal(looks(), 1);
	temp_put_str(&my.t, "away.vcf", "from elsewhere");
	assert_int_equal(looks(), 0);
	assert_int_equal(renameat(my.t.fd, "away.vcf", my.t.fd, "app/below/three.vcf"), 0);
	assert_int_equal(looks(), 1);
}

static void
a_write_through_a_file_that_stays_open_is_seen(void **state)
{
	int fd;

	(void)state;
	watch_only("vcard", "app");
	fd = openat(my.t.fd, "app/one.vcf", O_WRONLY | O_CLOEXEC);
	assert_int_equal(looks(), 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(looks(), 1);
	close(fd);
}

static void
reading_is_no_change(void **state)
{
	char bytes[8];
	int fd;

	(void)state;
	watch_only("vcard", "app");
	fd = openat(my.t.fd, "app/one.vcf", O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, bytes, sizeof bytes) > 0);
	close(fd);
	assert_int_equal(looks(), 0);
}

static void
new_folders_and_folders_that_move_in_are_watched_too(void **state)
{
	(void)state;
	watch_only("files", "app");
	temp_put_str(&my.t, "app/2026/11/photo.jpg", "photo");
	assert_int_equal(looks(), 1);
	assert_int_equal(watch_folders(my.w), 5);
	temp_put_str(&my.t, "app/2026/11/another.jpg", "photo");
	assert_int_equal(looks(), 1);
	temp_put_str(&my.t, "elsewhere/a/b.txt", "text");
	assert_int_equal(renameat(my.t.fd, "elsewhere", my.t.fd, "app/moved"), 0);
	assert_int_equal(looks(), 1);
	assert_int_equal(watch_folders(my.w), 7);
	temp_put_str(&my.t, "app/moved/a/c.txt", "text");
	assert_int_equal(looks(), 1);
	assert_int_equal(renameat(my.t.fd, "app/moved", my.t.fd, "out"), 0);
	assert_int_equal(looks(), 1);
	assert_int_equal(watch_folders(my.w), 5);
	temp_put_str(&my.t, "out/a/d.txt", "text");
	assert_int_equal(looks(), 0);
}

static void
of_an_app_that_is_a_file_only_its_names_count(void **state)
{
	(void)state;
	watch_only("vcard", "app/one.vcf");
	assert_int_equal(watch_folders(my.w), 1);
	temp_put_str(&my.t, "app/other.vcf", "other");
	temp_put_str(&my.t, "app/below/deep/two.vcf", "other");
	assert_int_equal(looks(), 0);
	temp_put_str(&my.t, "app/one.vcf-journal", "a journal beside it");
	assert_int_equal(looks(), 1);
	temp_put_str(&my.t, "app/.tmp", "2");
	assert_int_equal(looks(), 0);
	assert_int_equal(renameat(my.t.fd, "app/.tmp", my.t.fd, "app/one.vcf"), 0);
	assert_int_equal(looks(), 1);
	temp_put_str(&my.t, "app/one.vcf", "in the new file");
	assert_int_equal(looks(), 1);
}

static void
of_a_browsers_profile_only_the_bookmarks_count(void **state)
{
	(void)state;
	temp_put_str(&my.t, "profile/places.sqlite", "");
	temp_put_str(&my.t, "profile/cache2/entries/x", "");
	watch_only("firefox", "profile");
	assert_int_equal(watch_folders(my.w), 1);
	temp_put_str(&my.t, "profile/cookies.sqlite", "");
	temp_put_str(&my.t, "profile/cache2/entries/y", "");
	assert_int_equal(looks(), 0);
	temp_put_str(&my.t, "profile/places.sqlite-wal", "");
	assert_int_equal(looks(), 1);
}

static void
neither_the_box_nor_a_temporary_file_of_ours_is_a_change(void **state)
{
	(void)state;
	watch_only("files", "");
	AUTO(app_free) struct app *app = NULL;
	struct err err;
	watch_begin(my.w);
	assert_int_equal(app_new(&app, "all", "files", my.t.path, &err), 0);
	assert_int_equal(watch_app(my.w, app, &err), 0);
	watch_end(my.w);
	assert_int_equal(watch_folders(my.w), 4); /* all but home */
	temp_put_str(&my.t, "home/box.db-wal", "our own");
	temp_put_str(&my.t, "app/.cloudbox-0123456789abcdef~", "half of one");
	assert_int_equal(looks(), 0);
	temp_put_str(&my.t, "seen", "");
	assert_int_equal(looks(), 1);
}

static void
a_link_leads_nowhere(void **state)
{
	(void)state;
	temp_put_str(&my.t, "elsewhere/x", "");
	assert_int_equal(symlinkat("../elsewhere", my.t.fd, "app/link"), 0);
	assert_int_equal(symlinkat("..", my.t.fd, "app/up"), 0);
	watch_only("files", "app");
	assert_int_equal(watch_folders(my.w), 3);
	temp_put_str(&my.t, "elsewhere/x", "changed");
	assert_int_equal(looks(), 0);
}

static void
an_app_that_is_itself_a_link_is_watched_where_it_leads(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("app", my.t.fd, "link"), 0);
	watch_only("files", "link");
	temp_put_str(&my.t, "app/new", "");
	assert_int_equal(looks(), 1);
}

static void
a_folder_that_goes_is_told_once_and_watched_again_when_it_is_back(void **state)
{
	(void)state;
	watch_only("files", "app");
	assert_int_equal(renameat(my.t.fd, "app", my.t.fd, "gone"), 0);
	assert_int_equal(looks(), 1);
	assert_int_equal(my.sentences, 1);
	assert_non_null(strstr(my.said, "app"));
	assert_non_null(strstr(my.said, "not there"));
	assert_int_equal(watch_folders(my.w), 0);
	for (int i = 0; i < 3; i++)
		watch_only("files", "app");
	assert_int_equal(my.sentences, 1);
	assert_int_equal(renameat(my.t.fd, "gone", my.t.fd, "app"), 0);
	watch_only("files", "app");
	assert_int_equal(watch_folders(my.w), 3);
	temp_put_str(&my.t, "app/new", "");
	assert_int_equal(looks(), 1);
	assert_int_equal(renameat(my.t.fd, "app", my.t.fd, "gone"), 0);
	assert_int_equal(looks(), 1);
	assert_int_equal(my.sentences, 2); /* again: it was over */
}

static void
an_app_that_is_named_no_more_is_watched_no_more(void **state)
{
	(void)state;
	watch_only("files", "app");
	watch_only("files", "");
	assert_int_equal(watch_folders(my.w), 0);
	temp_put_str(&my.t, "app/new", "");
	assert_int_equal(looks(), 0);
}

static void
two_apps_in_one_folder_each_see_theirs(void **state)
{
	AUTO(app_free) struct app *all = NULL;
	AUTO(app_free) struct app *one = NULL;
	char path[256];
	struct err err;

	(void)state;
	snprintf(path, sizeof path, "%s/app/below/deep", my.t.path);
	assert_int_equal(app_new(&all, "all", "files", path, &err), 0);
	snprintf(path, sizeof path, "%s/app/below/deep/two.vcf", my.t.path);
	assert_int_equal(app_new(&one, "one", "vcard", path, &err), 0);
	watch_begin(my.w);
	assert_int_equal(watch_app(my.w, all, &err), 0);
	assert_int_equal(watch_app(my.w, one, &err), 0);
	watch_end(my.w);
	assert_int_equal(watch_folders(my.w), 2);
	watch_begin(my.w); /* the folder's watch stays for the other one */
	assert_int_equal(watch_app(my.w, one, &err), 0);
	watch_end(my.w);
	assert_int_equal(watch_folders(my.w), 1);
	temp_put_str(&my.t, "app/below/deep/other", "");
	assert_int_equal(looks(), 0);
	temp_put_str(&my.t, "app/below/deep/two.vcf", "changed");
	assert_int_equal(looks(), 1);
}

static void
a_queue_that_ran_over_is_a_look_at_everything(void **state)
{
	unsigned limit = 0;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &limit), 1);
	fclose(f);
	if (limit > 100000) {
		print_message("the queue is too long to be filled: %u\n", limit);
		skip();
	}
	watch_only("files", "app");
	for (unsigned i = 0; i <= limit / 2 + 1;
	     i++) { /* two events each, never two alike in a row */
		assert_int_equal(linkat(my.t.fd, "app/one.vcf", my.t.fd, "app/l", 0), 0);
		assert_int_equal(unlinkat(my.t.fd, "app/l", 0), 0);
	}
	temp_put_str(&my.t, "app/unseen/deep/file", ""); /* after the queue was full */
	assert_int_equal(looks(), 1);
	assert_int_equal(watch_folders(my.w), 5);
}

static void
more_folders_than_are_allowed_are_told_and_the_others_watched(void **state)
{
	char path[64];

	(void)state;
	for (unsigned i = 0; i < WATCH_FOLDERS_MAX; i++) {
		snprintf(path, sizeof path, "app/%u", i);
		assert_int_equal(mkdirat(my.t.fd, path, 0700), 0);
	}
	watch_only("files", "app");
	assert_int_equal(watch_folders(my.w), WATCH_FOLDERS_MAX);
	assert_int_equal(my.sentences, 1);
	assert_non_null(strstr(my.said, "too many"));
	watch_only("files", "app");
	assert_int_equal(my.sentences, 1);
	temp_put_str(&my.t, "app/new", "");
	assert_int_equal(looks(), 1);
}

#define A_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		A_TEST(a_change_in_a_watched_folder_is_one_look_when_it_is_quiet),
		A_TEST(each_kind_of_change_is_seen),
		A_TEST(a_write_through_a_file_that_stays_open_is_seen),
		A_TEST(reading_is_no_change),
		A_TEST(new_folders_and_folders_that_move_in_are_watched_too),
		A_TEST(of_an_app_that_is_a_file_only_its_names_count),
		A_TEST(of_a_browsers_profile_only_the_bookmarks_count),
		A_TEST(neither_the_box_nor_a_temporary_file_of_ours_is_a_change),
		A_TEST(a_link_leads_nowhere),
		A_TEST(an_app_that_is_itself_a_link_is_watched_where_it_leads),
		A_TEST(a_folder_that_goes_is_told_once_and_watched_again_when_it_is_back),
		A_TEST(an_app_that_is_named_no_more_is_watched_no_more),
		A_TEST(two_apps_in_one_folder_each_see_theirs),
		A_TEST(a_queue_that_ran_over_is_a_look_at_everything),
		A_TEST(more_folders_than_are_allowed_are_told_and_the_others_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
