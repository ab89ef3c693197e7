/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_rc: what SQLite's result codes hide.
 *
 * SQLite takes EIO, ENXIO and ERANGE of a read for a damaged file system and answers
 * SQLITE_CORRUPT (seekAndRead() in os_unix.c: SQLITE_IOERR_CORRUPTFS).  To us a disk that cannot be
 * read now is another thing than a database that is damaged: nobody is to throw his away for it.
 */
#ifndef SQL_SQLITE_RC_H
#define SQL_SQLITE_RC_H

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool
sqlite_rc_is_disk(int sys_errno)
{
	return sys_errno == EIO || sys_errno == ENXIO || sys_errno == ERANGE;
}

/** What the system said last of the database's file, or of the journal or log beside it; 0: nothing.
 *  Call it right after the failure. */
static inline int
sqlite_rc_errno(sqlite3 *db)
{
	sqlite3_file *beside = NULL;
	int e = 0;

	sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
	if (!e &&
	    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &beside) == SQLITE_OK &&
	    beside && beside->pMethods)
		beside->pMethods->xFileControl(beside, SQLITE_FCNTL_LAST_ERRNO, &e);
	return e ? e : sqlite3_system_errno(db);
}

/** @rc, or SQLITE_IOERR_READ where SQLite says damaged and the disk could not be read. */
static inline int
sqlite_rc_meant(sqlite3 *db, int rc)
{
	int e = errno;

	if ((rc & 0xff) != SQLITE_CORRUPT && (rc & 0xff) != SQLITE_NOTADB)
		return rc;
	return sqlite_rc_is_disk(sqlite_rc_errno(db)) || sqlite_rc_is_disk(e) ? SQLITE_IOERR_READ
									      : rc;
}

#endif
