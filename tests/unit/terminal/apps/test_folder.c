/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/folder.h"
#include "os_fault.h"

static struct temp t;
static struct folder_root root = FOLDER_ROOT_INIT;

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	return folder_open(&root, t.path, &err);
}

static int
teardown(void **state)
{
	(void)state;
	folder_close(&root);
	temp_remove(&t);
	return 0;
}

struct seen {
	char paths[4096];
	char refused[4096];
};

static int
see(void *ctx, const struct app_source *source, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	strcat(s->paths, source->path);
	strcat(s->paths, "\n");
	return 0;
}

static int
refuse(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	size_t n = strlen(s->refused);
	snprintf(s->refused + n, sizeof s->refused - n, "%s: %s\n",
		 refused->source ? refused->source : ".", refused->why->msg);
	return 0;
}

static void
sources_come_in_the_order_of_whole_paths(void **state)
{
	struct seen s = { 0 };
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "b/z", "");
	temp_put_str(&t, "b-c", "");
	temp_put_str(&t, "b.d", "");
	temp_put_str(&t, "b0", "");
	temp_put_str(&t, "b/a/y", "");
	temp_put_str(&t, ".hidden", "");
	temp_put_str(&t, ".cloudbox-0123456789abcdef~", "");
	temp_put_str(&t, ".cloudbox-notes~", "");
	assert_int_equal(folder_walk(&root, NULL, see, refuse, &s, &err), 0);
	assert_string_equal(s.paths, ".cloudbox-notes~\n.hidden\nb-c\nb.d\nb/a/y\nb/z\nb0\n");
	assert_string_equal(s.refused, "");
}

static bool
is_calendar(const char *name)
{
	return strstr(name, ".ics") != NULL;
}

/* What lies there are copies that a program keeps for itself. */
static void
among_files_of_a_kind_those_of_hidden_folders_are_passed_over(void **state)
{
	struct seen s = { 0 };
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a.ics", "");
	temp_put_str(&t, ".b.ics", "");
	temp_put_str(&t, ".Radicale.cache/item/a.ics", "");
	temp_put_str(&t, "c/.trash/d.ics", "");
	temp_put_str(&t, "c/e.ics", "");
	assert_int_equal(folder_walk(&root, is_calendar, see, refuse, &s, &err), 0);
	assert_string_equal(s.paths, ".b.ics\na.ics\nc/e.ics\n");
	s = (struct seen){ 0 };
	assert_int_equal(folder_walk(&root, NULL, see, refuse, &s, &err), 0);
	assert_string_equal(s.paths, ".Radicale.cache/item/a.ics\n.b.ics\na.ics\nc/.trash/d.ics\n"
				     "c/e.ics\n");
	assert_true(folder_path_is_hidden("c/.trash/d.ics"));
	assert_false(folder_path_is_hidden("c/.b.ics"));
}

static void
links_pipes_and_closed_folders_are_refused_by_name(void **state)
{
	struct seen s = { 0 };
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "real", "");
	temp_put_str(&t, "closed/x", "");
	assert_int_equal(symlinkat("real", t.fd, "link"), 0);
	assert_int_equal(symlinkat("/etc", t.fd, "outside"), 0);
	assert_int_equal(mkfifoat(t.fd, "pipe", 0600), 0);
	assert_int_equal(fchmodat(t.fd, "closed", 0, 0), 0);
	assert_int_equal(folder_walk(&root, NULL, see, refuse, &s, &err), 0);
	assert_int_equal(fchmodat(t.fd, "closed", 0700, 0), 0);
	if (geteuid() == 0) { /* root may look into everything */
		assert_string_equal(s.paths, "closed/x\nreal\n");
		assert_string_equal(s.refused, "link: a link: left out\noutside: a link: left out\n"
					       "pipe: a pipe: left out\n");
		return;
	}
	assert_string_equal(s.paths, "real\n");
	assert_non_null(strstr(s.refused, "closed: cannot open the folder: Permission denied\n"));
}

static void
a_path_that_leaves_the_folder_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/etc/passwd",
		"..",
		"../x",
		"a/../b",
		"a//b",
		"a/",
		"./a",
		".",
		"a/..",
		"b/.cloudbox-0123456789abcdef~",
	};
	char longest[FOLDER_PART_MAX + 2];
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		if (folder_path_check(bad[i], &err) == 0)
			fail_msg("let through: \"%s\"", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
	}
	memset(longest, 'x', sizeof longest);
	longest[FOLDER_PART_MAX + 1] = '\0';
	assert_int_equal(folder_path_check(longest, &err), -1);
	longest[FOLDER_PART_MAX] = '\0';
	assert_int_equal(folder_path_check(longest, &err), 0);
	assert_int_equal(folder_path_check("..a/b..c/...", &err), 0);
}

static void
a_linked_folder_is_not_entered(void **state)
{
	const char *name;
	struct err err = { 0 };
	struct app_stamp stamp = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(symlinkat("/tmp", t.fd, "out"), 0);
	assert_int_equal(folder_of(&fd, &name, &root, "out/x", FOLDER_MISSING_MAKE, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.msg, "the path out/x leads through a link or a file");
	assert_int_equal(folder_open_file(&fd, &root, "out/x", &stamp, &err), APP_MOVED);
	assert_int_equal(fd, -1);
}

static void
a_new_file_replaces_nothing(void **state)
{
	AUTO(folder_file_clear) struct folder_file f = FOLDER_FILE_INIT;
	struct app_stamp stamp;
	struct err err = { 0 };
	const char *name;
	int fd = -1;

	(void)state;
	temp_put_str(&t, "a", "old");
	assert_int_equal(folder_of(&fd, &name, &root, "a", FOLDER_MISSING_FAILS, &err), 0);
	assert_int_equal(folder_file_new(&f, fd, &err), 0);
	assert_int_equal(os_write_all(f.fd, span_str("new"), "a", &err), 0);
	assert_int_equal(folder_file_link(&f, name, &stamp, &err), APP_EXISTS);
	folder_file_clear(&f);
	temp_assert(&t, "a", "old");
	assert_int_equal(temp_count(&t, "."), 1);
}

/* Put "new" over "old"; 0, APP_MOVED or -1. */
static int
replace_once(struct err *err)
{
	AUTO(folder_file_clear) struct folder_file f = FOLDER_FILE_INIT;
	struct app_stamp stamp;
	struct stat like;
	const char *name;
	int fd = -1;

	assert_int_equal(fstatat(t.fd, "sub/a", &like, 0), 0);
	int rc = folder_of(&fd, &name, &root, "sub/a", FOLDER_MISSING_FAILS, err);
	if (rc)
		return rc;
	if (folder_file_new(&f, fd, err) < 0 ||
	    os_write_all(f.fd, span_str("new"), "sub/a", err) < 0)
		return -1;
	return folder_file_replace(&f, name, &like, &stamp, err);
}

static void
a_file_is_old_or_new_whatever_fails(void **state)
{
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct err err = { 0 };

		temp_put_str(&t, "sub/a", "old");
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = replace_once(&err);
		os_fault_end(&fault);
		if (rc == 0 && fault.fired)
			fail_msg("call %u failed unnoticed", nth);
		char content[4] = "";
		int fd = openat(t.fd, "sub/a", O_RDONLY);
		assert_true(fd >= 0 && read(fd, content, 3) == 3);
		close(fd);
		if (strcmp(content, "new") != 0)
			assert_string_equal(content, "old");
		if (!fault.fired)
			assert_string_equal(content, "new");
		assert_int_equal(temp_count(&t, "sub"), 1);
	} while (fault.fired);
	assert_true(nth > 7); /* two folders, the file, its bytes, two fsyncs, rename, two stats */
}

static void
a_replaced_file_keeps_its_mode(void **state)
{
	struct err err = { 0 };
	struct stat st;

	(void)state;
	temp_put_str(&t, "sub/a", "old");
	assert_int_equal(fchmodat(t.fd, "sub/a", 0666, 0), 0);
	assert_int_equal(replace_once(&err), 0);
	assert_int_equal(fstatat(t.fd, "sub/a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
}

/* The same on a kernel without openat2(2). */
static struct os old_kernel;

static int
take_old_kernel(void **state)
{
	(void)state;
	old_kernel = os_kernel;
	old_kernel.open_beneath = os_open_beneath_by_steps;
	os = &old_kernel;
	return 0;
}

static int
take_kernel(void **state)
{
	(void)state;
	os = &os_kernel;
	return 0;
}

static void
no_step_leads_upwards_or_through_a_link(void **state)
{
	static const struct {
		const char *path;
		int sys_errno;
	} cases[] = {
		{ "sub/a", 0 },
		{ "sub", 0 },
		{ ".", 0 },
		{ "sub/", 0 },
		{ "sub/a/", ENOTDIR },
		{ "sub/no", ENOENT },
		{ "no/a", ENOENT },
		{ "../x", EXDEV },
		{ "/etc", EXDEV },
		{ "sub/../sub", EXDEV },
		{ "sub/a/b", ENOTDIR },
		{ "link", ELOOP },
		{ "sub/link", ELOOP },
		{ "out/passwd", ENOTDIR },
	};

	(void)state;
	temp_put_str(&t, "sub/a", "x");
	assert_int_equal(symlinkat("sub", t.fd, "link"), 0);
	assert_int_equal(symlinkat("a", t.fd, "sub/link"), 0);
	assert_int_equal(symlinkat("/etc", t.fd, "out"), 0);
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		errno = 0;
		int fd = os_open_beneath_by_steps(t.fd, cases[i].path, O_RDONLY, 0);
		int e = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
		if (e != cases[i].sys_errno)
			fail_msg("%s: %s", cases[i].path, strerror(e));
	}
}

static void
times_beyond_what_64_bits_of_nanoseconds_hold_end_there(void **state)
{
	struct stat st = { .st_mtim = { .tv_sec = INT64_C(10000000000000) },
			   .st_ctim = { .tv_sec = -INT64_C(10000000000000), .tv_nsec = 1 } };
	struct app_stamp stamp = folder_stamp(&st);

	(void)state;
	assert_true(stamp.mtime_ns == INT64_MAX);
	assert_true(stamp.ctime_ns == INT64_MIN);
	st.st_mtim = (struct timespec){ .tv_sec = -1, .tv_nsec = 999999999 };
	assert_true(folder_stamp(&st).mtime_ns == -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sources_come_in_the_order_of_whole_paths, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			among_files_of_a_kind_those_of_hidden_folders_are_passed_over, setup,
			teardown),
		cmocka_unit_test_setup_teardown(links_pipes_and_closed_folders_are_refused_by_name,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_that_leaves_the_folder_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_linked_folder_is_not_entered, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_file_replaces_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_old_or_new_whatever_fails, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_replaced_file_keeps_its_mode, setup, teardown),
		cmocka_unit_test(times_beyond_what_64_bits_of_nanoseconds_hold_end_there),
		cmocka_unit_test_setup_teardown(no_step_leads_upwards_or_through_a_link, setup,
						teardown),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed +
	       cmocka_run_group_tests_name("without openat2", tests, take_old_kernel, take_kernel);
}
