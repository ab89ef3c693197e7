/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os.h"
#include "os_fault.h"

static char folder[64];
static int dir_fd;

static int
open_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/cloudbox-test-os-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	DIR *d = fdopendir(dir_fd);
	struct dirent *e;
	while (d && (e = readdir(d)))
		if (unlinkat(dir_fd, e->d_name, 0) < 0)
			unlinkat(dir_fd, e->d_name, AT_REMOVEDIR);
	closedir(d);
	return rmdir(folder);
}

static unsigned
count_entries(void)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void
assert_content(const char *path, const char *content)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1 << 20);
	struct err err = { 0 };

	assert_int_equal(os_read_file(dir_fd, path, &b, &err), 0);
	assert_string_equal(buf_str(&b), content);
}

static void
a_file_is_old_or_new_whatever_fails(void **state)
{
	struct os_fault fault;
	struct err err;
	unsigned nth = 0;

	(void)state;
	do { /* fail the 1st, 2nd, ... system call, until a run meets no fault */
		assert_int_equal(os_replace_file(dir_fd, "head", span_str("old"), 0600, &err), 0);
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		err = (struct err){ 0 };
		int rc = os_replace_file(dir_fd, "head", span_str("new"), 0600, &err);
		os_fault_end(&fault);
		assert_int_equal(rc, fault.fired ? -1 : 0);
		assert_int_equal(err.sys_errno, fault.fired ? EIO : 0);
		/* the last two calls, the folder's open and fsync, come after the rename */
		assert_content("head", fault.fired && nth <= 4 ? "old" : "new");
		assert_int_equal(count_entries(), 1);
	} while (fault.fired);
	assert_int_equal(nth, 7); /* open, write, fsync, rename, open, fsync: all reached */
}

static void
a_killed_replace_leaves_the_old_or_the_new(void **state)
{
	struct os_fault fault;
	struct err err;
	int status;
	unsigned nth = 0;

	(void)state;
	do {
		assert_int_equal(os_replace_file(dir_fd, "head", span_str("old"), 0600, &err), 0);
		nth++;
		pid_t pid = fork();
		if (pid == 0) {
			os_fault_at(&fault, nth, 0, OS_FAULT_KILL);
			_exit(os_replace_file(dir_fd, "head", span_str("new"), 0600, &err) < 0);
		}
		assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		assert_content("head", nth <= 4 ? "old" : "new");
	} while (WEXITSTATUS(status) == OS_FAULT_EXIT);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(nth, 7);
}

static void
creating_never_replaces(void **state)
{
	struct os_fault fault;
	struct err err;
	unsigned nth = 0;

	(void)state;
	assert_int_equal(os_create_file(dir_fd, "one", span_str("1"), 0600, &err), 0);
	assert_int_equal(os_create_file(dir_fd, "one", span_str("2"), 0600, &err), OS_EXISTS);
	assert_content("one", "1");
	assert_int_equal(count_entries(), 1);
	do {
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_FOR_EVER);
		int rc = os_create_file(dir_fd, "two", span_str("2"), 0600, &err);
		os_fault_end(&fault);
		assert_int_equal(rc, fault.fired ? -1 : 0);
		if (fault.fired)
			assert_int_equal(err.code, ERR_FULL);
		if (faccessat(dir_fd, "two", F_OK, 0) == 0)
			assert_content("two", "2");
		unlinkat(dir_fd, "two", 0);
	} while (fault.fired);
	assert_true(nth > 6);
}

/* A file system that lacks one of the ways, or both. */
static int
lacks_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to;
	errno = EINVAL;
	return -1;
}

static int
lacks_links(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to, (void)flags;
	errno = EPERM;
	return -1;
}

static void
a_new_file_comes_without_links_or_without_a_special_rename_but_not_without_both(void **state)
{
	struct os table = os_kernel;
	struct err err = { 0 };

	(void)state;
	os = &table;
	table.linkat = lacks_links;
	assert_int_equal(os_create_file(dir_fd, "fat", span_str("1"), 0600, &err), 0);
	assert_int_equal(os_create_file(dir_fd, "fat", span_str("2"), 0600, &err), OS_EXISTS);
	table.linkat = linkat;
	table.rename_new = lacks_rename_new;
	assert_int_equal(os_create_file(dir_fd, "nfs", span_str("1"), 0600, &err), 0);
	assert_int_equal(os_create_file(dir_fd, "nfs", span_str("2"), 0600, &err), OS_EXISTS);
	table.linkat = lacks_links;
	assert_int_equal(os_create_file(dir_fd, "none", span_str("1"), 0600, &err), -1);
	os = &os_kernel;
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(faccessat(dir_fd, "none", F_OK, 0), -1);
	assert_content("fat", "1");
	assert_content("nfs", "1");
	assert_int_equal(count_entries(), 2);
}

static int
lacks_syncfs(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return -1;
}

static unsigned n_fsyncs;

static int
count_fsync(int fd)
{
	n_fsyncs++;
	return fsync(fd);
}

static void
several_files_are_made_durable_at_once_or_each_by_itself(void **state)
{
	struct os table = os_kernel;
	struct err err = { 0 };
	int fds[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		fds[i] = openat(dir_fd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	os = &table;
	table.fsync = count_fsync;
	assert_int_equal(os_sync_files(fds, 3, "f", &err), 0);
	assert_int_equal(n_fsyncs, 0);
	table.syncfs = lacks_syncfs;
	assert_int_equal(os_sync_files(fds, 3, "f", &err), 0);
	os = &os_kernel;
	assert_int_equal(n_fsyncs, 3);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
}

static void
short_writes_are_completed(void **state)
{
	struct os_fault fault;
	struct err err;

	(void)state;
	for (unsigned nth = 1; nth < 6; nth++) {
		os_fault_at(&fault, nth, 0, OS_FAULT_SHORT);
		assert_int_equal(os_replace_file(dir_fd, "f", span_str("0123456789"), 0600, &err),
				 0);
		os_fault_end(&fault);
		assert_content("f", "0123456789");
	}
}

static void
a_file_larger_than_the_ceiling_is_refused_by_name(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(9);
	struct err err;

	(void)state;
	assert_int_equal(os_replace_file(dir_fd, "big", span_str("0123456789"), 0600, &err), 0);
	assert_int_equal(os_read_file(dir_fd, "big", &b, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(err.msg, "big: more than 9 bytes");
	assert_int_equal(os_read_file(dir_fd, "absent", &b, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void
nothing_beneath_a_folder_leads_out_of_it(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(os_make_folders(dir_fd, "a", 0700, &err), 0);
	assert_int_equal(os_make_folders(dir_fd, "a", 0700, &err), 0);
	assert_int_equal(os_create_file(dir_fd, "secret", span_str("s"), 0600, &err), 0);
	assert_int_equal(symlinkat("..", dir_fd, "a/up"), 0);
	assert_int_equal(symlinkat("../secret", dir_fd, "a/link"), 0);
	int a = openat(dir_fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const char *const out[] = { "../secret", "up/secret", "link", "/etc/passwd" };
	for (size_t i = 0; i < N_ELEMENTS(out); i++)
		assert_int_equal(os->open_beneath(a, out[i], O_RDONLY, 0), -1);
	int fd = os->open_beneath(a, "in", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	unlinkat(a, "in", 0);
	unlinkat(a, "up", 0);
	unlinkat(a, "link", 0);
	close(a);
}

int
main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, open_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_old_or_new_whatever_fails),
		IN_FOLDER(creating_never_replaces),
		IN_FOLDER(
			a_new_file_comes_without_links_or_without_a_special_rename_but_not_without_both),
		IN_FOLDER(several_files_are_made_durable_at_once_or_each_by_itself),
		IN_FOLDER(short_writes_are_completed),
		IN_FOLDER(a_file_larger_than_the_ceiling_is_refused_by_name),
		IN_FOLDER(nothing_beneath_a_folder_leads_out_of_it),
		IN_FOLDER(a_killed_replace_leaves_the_old_or_the_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
