/* SPDX-License-Identifier: Apache-2.0 */
/* What is put aside comes back, is nowhere to be read, and leaves nothing behind. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "os/scratch.h"
#include "os_fault.h"

static char folder[] = "/tmp/cloudbox-test-scratch-XXXXXX";
static int dir_fd;

static int
set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(dir_fd);
	return rmdir(folder); /* fails if anything is left */
}

static void
fill(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed * 31 + i * 7);
}

static void
put_and_get(void)
{
	static uint8_t piece[200000], back[200000];
	struct scratch_place places[40];
	struct scratch *s = NULL;
	struct err err = { 0 };

	assert_int_equal(scratch_new(&s, dir_fd, &err), 0);
	for (unsigned i = 0; i < N_ELEMENTS(places); i++) {
		size_t n = i * i * i * 3;

		fill(piece, n, i);
		assert_int_equal(scratch_put(&places[i], s, span_of(piece, n), &err), 0);
	}
	for (unsigned i = N_ELEMENTS(places); i-- > 0;) {
		AUTO(buf_clear) struct buf out = BUF_INIT(sizeof back);

		fill(back, places[i].n, i);
		assert_int_equal(scratch_get(&out, s, places[i], &err), 0);
		assert_int_equal(out.n, i * i * i * 3);
		if (out.n)
			assert_memory_equal(out.p, back, out.n);
	}
	scratch_free(s);
}

static int
lacks_tmpfile(int fd, const char *path, int flags, mode_t mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return os_kernel.openat(fd, path, flags, mode);
}

static void
what_is_put_aside_comes_back(void **state)
{
	struct os table = os_kernel;

	(void)state;
	put_and_get();
	table.openat = lacks_tmpfile;
	os = &table;
	put_and_get();
	os = &os_kernel;
}

/* The file's bytes as anybody with the disk would see them. */
static void
the_file_tells_nothing(void **state)
{
	static uint8_t plain[100000];
	struct scratch_place place;
	struct scratch *s = NULL;
	struct err err = { 0 };
	char link[64], seen[200000];
	bool found = false;

	(void)state;
	memset(plain, 'x', sizeof plain);
	assert_int_equal(scratch_new(&s, dir_fd, &err), 0);
	assert_int_equal(scratch_put(&place, s, SPAN_ARRAY(plain), &err), 0);
	for (int fd = 3; fd < 64; fd++) {
		char path[64];
		ssize_t n;

		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof link - 1);
		if (n <= 0 || strncmp(link, folder, strlen(folder)) != 0 ||
		    (size_t)n == strlen(folder))
			continue;
		found = true;
		n = pread(fd, seen, sizeof seen, 0);
		assert_true(n > (ssize_t)sizeof plain);
		assert_null(memmem(seen, (size_t)n, "xxxx", 4));
	}
	scratch_free(s);
	assert_true(found);
}

static void
any_fault_is_told(void **state)
{
	static uint8_t plain[100000];
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		AUTO(buf_clear) struct buf out = BUF_INIT(sizeof plain);
		AUTO(scratch_free) struct scratch *s = NULL;
		struct scratch_place place;
		struct err err = { 0 };

		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		int rc = scratch_new(&s, dir_fd, &err);
		if (rc == 0)
			rc = scratch_put(&place, s, SPAN_ARRAY(plain), &err);
		if (rc == 0)
			rc = scratch_get(&out, s, place, &err);
		os_fault_end(&fault);
		assert_int_equal(rc, fault.fired ? -1 : 0);
		assert_int_equal(err.sys_errno, fault.fired ? EIO : 0);
	} while (fault.fired);
	assert_true(nth > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_aside_comes_back),
		cmocka_unit_test(the_file_tells_nothing),
		cmocka_unit_test(any_fault_is_told),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
