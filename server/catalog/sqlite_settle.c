/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_sqlite: its files as a whole: what is read at start is what lies on the disk; and a copy.
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

/* All pages in one step: a view of one moment, for as long as that takes. */
static int
copy_pages(sqlite3 *to, sqlite3 *from, const char *path, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(to);

	if (b)
		sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE)
		return 0;
	if ((rc & 0xff) == SQLITE_FULL)
		return err_set(err, ERR_FULL, "%s: the disk is full", path);
	return err_set(err, ERR_IO, "%s: %s", path, sqlite3_errstr(rc));
}

int
sqlite_copy(struct catalog *c, const char *path, struct err *err)
{
	const char *source = sqlite_path((const struct catalog_sqlite *)c);
	const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
	sqlite3 *from = NULL, *to = NULL;
	int rc = sqlite3_open_v2(source, &from, flags | SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(path, &to, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				     NULL);
	rc = rc == SQLITE_OK ? copy_pages(to, from, path, err)
			     : err_set(err, ERR_IO, "%s: %s", path, sqlite3_errstr(rc));
	sqlite3_close(to);
	sqlite3_close(from);
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
