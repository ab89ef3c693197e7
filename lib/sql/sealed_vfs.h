/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed_vfs: a copy of a database, and what SQLite keeps beside it, in a file that nobody can read.
 *
 *     files "db", "db-wal", "db-journal", and SQLite's temporary ones
 *         ---> blocks of 4 KiB ---> pieces of a scratch (os/scratch.h): unnamed, each sealed under a key
 *                                   that only this process's memory holds
 *
 * To SQLite it is a VFS (https://sqlite.org/vfs.html).  Wherever the disk is that the scratch lies on,
 * nothing of the database is on it in the clear, and nothing stays when the process is killed.  There is one
 * connection, so locks do nothing; without shared memory a database with a log wants
 * `PRAGMA locking_mode = EXCLUSIVE`.  A block that is written again is a new piece: meant for reading and
 * for rolling a journal back.  Memory: 8 bytes for each block.  One thread.
 */
#ifndef SQL_SEALED_VFS_H
#define SQL_SEALED_VFS_H

#include "base/auto.h"
#include "base/buf.h"

#define SEALED_VFS_DB "db" /* the database's name in it */

struct sealed_vfs; /* opaque */

/** No files.  Its scratch is scratch_new_temporary()'s; its errors. */
int sealed_vfs_new(struct sealed_vfs **out, struct err *err);
/** Its connections are closed. */
void sealed_vfs_free(struct sealed_vfs *v);
AUTO_PTR(sealed_vfs_free, struct sealed_vfs);

/** Its name for sqlite3_open_v2(). */
const char *sealed_vfs_name(const struct sealed_vfs *v);

/** Put @bytes at the end of the file SEALED_VFS_DB and @suffix: "", "-wal" or "-journal".
 *  ERR_FULL, ERR_IO, ERR_NOMEM. */
int sealed_vfs_append(struct sealed_vfs *v, const char *suffix, struct span bytes, struct err *err);

#endif
