/* SPDX-License-Identifier: Apache-2.0 */
/* blobs_dir: objects are there whole or not at all, whatever fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blobs/blobs.h"
#include "os/os.h"
#include "os_fault.h"
#include "unit.h"

static char folder[] = "/tmp/cloudboxd-blobs-XXXXXX";

static int
set_up(void **state)
{
	char url[64];
	struct blobs *b;
	struct err err;

	snprintf(folder, sizeof folder, "/tmp/cloudboxd-blobs-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(url, sizeof url, "dir:%s/blobs", folder);
	if (blobs_open_store(&b, url, &err) < 0)
		fail_msg("%s", err.msg);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	char command[64];

	blobs_free(*state);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* How many files lie below the store's folder at @part. */
static unsigned
count_files(const char *part)
{
	char command[128];
	unsigned n = 0;

	snprintf(command, sizeof command, "find %s/blobs/%s -type f | wc -l", folder, part);
	FILE *out = popen(command, "r");
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%u", &n), 1);
	pclose(out);
	return n;
}

/* Write @text as an object and keep it.  -1 where something failed. */
static int
keep(struct blobs *b, const char *text, struct blob_info *info, struct err *err)
{
	struct blob_writer *w = NULL;
	int rc = blobs_begin(&w, b, err);

	if (rc == 0)
		rc = b->ops->append(w, span_str(text), err);
	if (rc == 0)
		rc = b->ops->finish(w, info, err);
	if (rc == 0)
		rc = blobs_keep(b, &w, 1, err);
	b->ops->drop(w);
	return rc;
}

static void
an_object_is_read_back_as_it_was_written(void **state)
{
	struct blobs *b = *state;
	struct blob_info info;
	struct blob_reader *r;
	struct err err;
	uint64_t size;
	char text[16];
	size_t got;

	assert_int_equal(keep(b, "an object", &info, &err), 0);
	assert_int_equal(blobs_open(&r, &size, b, &info.name, &err), 0);
	assert_int_equal(size, 9);
	assert_int_equal(b->ops->read(r, text, sizeof text, &got, &err), 0);
	assert_int_equal(got, 9);
	assert_memory_equal(text, "an object", 9);
	b->ops->close(r);
	assert_int_equal(blobs_verify(b, &info, &err), 0);
	assert_int_equal(count_files("incoming"), 0);
}

static void
damage_and_absence_are_told_apart(void **state)
{
	struct blobs *b = *state;
	struct blob_info info, longer;
	struct err err;

	assert_int_equal(keep(b, "an object", &info, &err), 0);
	longer = info;
	longer.size++;
	assert_int_equal(blobs_verify(b, &longer, &err), BLOB_DAMAGED);
	info.sha256[5] ^= 1;
	assert_int_equal(blobs_verify(b, &info, &err), BLOB_DAMAGED);
	assert_int_equal(blobs_remove(b, &info.name, &err), 0);
	assert_int_equal(blobs_verify(b, &info, &err), BLOB_ABSENT);
	assert_int_equal(blobs_remove(b, &info.name, &err), BLOB_ABSENT);
}

static void
a_dropped_writer_leaves_nothing(void **state)
{
	struct blobs *b = *state;
	struct blob_writer *w;
	struct err err;

	assert_int_equal(blobs_begin(&w, b, &err), 0);
	assert_int_equal(b->ops->append(w, span_str("half"), &err), 0);
	assert_int_equal(count_files("incoming"), 1);
	b->ops->drop(w);
	assert_int_equal(count_files(""), 0);
}

static void
what_a_killed_process_left_is_cleaned_at_the_next_start(void **state)
{
	char url[64];
	struct blobs *again;
	struct err err;
	int status;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct blob_writer *w;
		if (blobs_begin(&w, *state, &err) == 0)
			(*(struct blobs **)state)->ops->append(w, span_str("half"), &err);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(count_files("incoming"), 1);
	snprintf(url, sizeof url, "dir:%s/blobs", folder);
	assert_int_equal(blobs_open_store(&again, url, &err), 0);
	assert_int_equal(count_files(""), 0);
	blobs_free(again);
}

static void
whichever_call_fails_the_object_is_whole_or_not_kept(void **state)
{
	struct blobs *b = *state;
	struct os_fault fault;
	unsigned nth = 0, n_failed = 0;

	for (bool fired = true; fired;) {
		struct blob_info info = { 0 };
		struct err err = { 0 };

		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		int rc = keep(b, "an object", &info, &err);
		os_fault_end(&fault);
		fired = fault.fired;
		n_failed += rc < 0;
		if (rc == 0)
			assert_int_equal(blobs_verify(b, &info, &err), 0);
		else
			assert_int_equal(err.sys_errno, EIO);
	}
	assert_true(n_failed >= 4); /* create, write, fsync, link at least were reached */
}

/* Another upload that has made the folders a moment ago, and not come to its fsync yet. */
static struct os beside;
static ino_t made_in[2];     /* the folders that these names lie in */
static unsigned made_synced; /* which of them a later fsync reached */

static void
make_as_another(int fd, const char *name)
{
	char path[8];
	struct stat st;

	snprintf(path, sizeof path, "%.1s", name);
	assert_int_equal(mkdirat(fd, path, 0700), 0);
	assert_int_equal(fstatat(fd, path, &st, 0), 0);
	made_in[1] = st.st_ino;
	snprintf(path, sizeof path, "%.1s/%.2s", name, name + 1);
	assert_int_equal(mkdirat(fd, path, 0700), 0);
	assert_int_equal(fstat(fd, &st), 0);
	made_in[0] = st.st_ino;
}

static int
open_beside_another(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (flags & O_CREAT)
		make_as_another(dir_fd, strchr(path, '/') + 1);
	return os_kernel.openat(dir_fd, path, flags, mode);
}

static int
note_synced(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	for (unsigned i = 0; i < N_ELEMENTS(made_in); i++)
		if (st.st_ino == made_in[i])
			made_synced |= 1u << i;
	return os_kernel.fsync(fd);
}

static void
an_object_is_not_kept_before_the_folders_above_it_are_durable(void **state)
{
	struct blob_info info;
	struct err err;

	beside = os_kernel;
	beside.openat = open_beside_another;
	beside.fsync = note_synced;
	os = &beside;
	int rc = keep(*state, "content", &info, &err);
	os = &os_kernel;
	assert_int_equal(rc, 0);
	assert_int_equal(made_synced, 3);
	assert_int_equal(blobs_verify(*state, &info, &err), 0);
}

static void
a_full_disk_is_said_so(void **state)
{
	struct os_fault fault;
	struct blob_info info;
	struct err err;

	os_fault_at(&fault, 2, ENOSPC, OS_FAULT_FOR_EVER); /* the write */
	assert_int_equal(keep(*state, "an object", &info, &err), -1);
	os_fault_end(&fault);
	assert_int_equal(err.code, ERR_FULL);
}

static void
an_unknown_kind_of_store_is_refused(void **state)
{
	struct blobs *b;
	struct err err;

	(void)state;
	assert_int_equal(blobs_open_store(&b, "ftp:somewhere", &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int
main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(an_object_is_read_back_as_it_was_written),
		IN_FOLDER(damage_and_absence_are_told_apart),
		IN_FOLDER(a_dropped_writer_leaves_nothing),
		IN_FOLDER(what_a_killed_process_left_is_cleaned_at_the_next_start),
		IN_FOLDER(whichever_call_fails_the_object_is_whole_or_not_kept),
		IN_FOLDER(an_object_is_not_kept_before_the_folders_above_it_are_durable),
		IN_FOLDER(a_full_disk_is_said_so),
		IN_FOLDER(an_unknown_kind_of_store_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
