/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_sqlite: what is read at start is what lies on the disk.
 *
 * After a failed fsync the kernel calls the lost pages clean: they stay readable, are not on the
 * disk, and no later fsync writes them, but for blocks that are written over (Rebello et al., "Can
 * Applications Recover from fsync Failures?", USENIX ATC 2020).  SQLite would find a commit in them,
 * and we would tell a terminal that asks again that it is stored.  So both files are synced, for what
 * an earlier run that was killed left in memory only, and then forgotten by the page cache, before
 * SQLite sees them.
 */
#include <errno.h>
#include <fcntl.h>

#include "catalog/sqlite_internal.h"
#include "os/os.h"

static int
settle_file(const char *path, struct err *err)
{
	int fd = os->openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0);
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot open %s", path);
	if (os->fsync(fd) < 0)
		rc = err_sys(err, errno, "cannot make %s durable", path);
	else
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	os->close(fd);
	return rc;
}

int
sqlite_settle(const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf log = BUF_INIT(1u << 16);

	if (buf_append_str(&log, path, err) < 0 || buf_append_str(&log, "-wal", err) < 0)
		return -1;
	return settle_file(path, err) < 0 ? -1 : settle_file(buf_str(&log), err);
}
