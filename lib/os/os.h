/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os: the one door to the kernel for everything that can lose data.
 *
 * The calls are a table, `os`, that points at the kernel and that tests replace to fail the n-th
 * call (tests/fault).  Only this folder calls open, read, write, fsync, rename, link, unlink and
 * their kin; the rest of the program calls os->NAME(...) or, better, the helpers below.
 * SQLite and libmicrohttpd have doors of their own.
 *
 * A failed fsync is final: pages may already be lost, so nobody retries it (Rebello et al., "Can
 * Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
#ifndef OS_OS_H
#define OS_OS_H

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct os {
	int (*openat)(int dir_fd, const char *path, int flags, mode_t mode);
	/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: never leaves @dir_fd. */
	int (*open_beneath)(int dir_fd, const char *path, int flags, mode_t mode);
	int (*close)(int fd);
	ssize_t (*read)(int fd, void *p, size_t n);
	ssize_t (*pread)(int fd, void *p, size_t n, off_t at);
	ssize_t (*write)(int fd, const void *p, size_t n);
	int (*fstat)(int fd, struct stat *st);
	int (*fstatat)(int dir_fd, const char *path, struct stat *st, int flags);
	int (*fsync)(int fd);
	/* syncfs(2) where it tells of failed writes (Linux 5.8 and later), else ENOSYS. */
	int (*syncfs)(int fd);
	int (*ftruncate)(int fd, off_t n);
	int (*renameat)(int from_fd, const char *from, int to_fd, const char *to);
	/* renameat2(2) with RENAME_NOREPLACE: EEXIST where there is a file of that name. */
	int (*rename_new)(int from_fd, const char *from, int to_fd, const char *to);
	int (*linkat)(int from_fd, const char *from, int to_fd, const char *to, int flags);
	int (*unlinkat)(int dir_fd, const char *path, int flags);
	int (*mkdirat)(int dir_fd, const char *path, mode_t mode);
	int64_t (*now_unix_ms)(void); /* wall clock, milliseconds */
	int64_t (*uptime_ms)(void);   /* CLOCK_BOOTTIME, milliseconds */
};

/** The kernel itself. */
extern const struct os os_kernel;

/** The table in use; &os_kernel unless a test put another there. */
extern const struct os *os;

/** os->open_beneath() where the kernel has no openat2(2): folder by folder, no link followed, no step
 *  upwards.  Same results; one call for each part of the path. */
int os_open_beneath_by_steps(int dir_fd, const char *path, int flags, mode_t mode);

#define OS_READ_MAX_FILE (64u << 20) /* callers give their own, smaller ceilings */

/** Write all of @s, going on after EINTR and short writes.  @what names the place in messages. */
int os_write_all(int fd, struct span s, const char *what, struct err *err);

/** Read until @n bytes or the end; *got tells.  Goes on after EINTR. */
int os_read_full(int fd, void *p, size_t n, size_t *got, const char *what, struct err *err);

/** Append the whole of the file @path (relative to @dir_fd) to @out, whose ceiling bounds it.
 *  ERR_NOT_FOUND if it is not there, ERR_LIMIT, ERR_IO. */
int os_read_file(int dir_fd, const char *path, struct buf *out, struct err *err);

/** Replace @path as a whole and durably: a temporary file beside it, fsync, rename, fsync of the
 *  folder.  After a failure the old content stands. */
int
os_replace_file(int dir_fd, const char *path, struct span content, mode_t mode, struct err *err);

#define OS_EXISTS 1 /* there is a file of that name; it is untouched */

/**
 * Move the file @tmp to @name in the same folder, never over another file.
 *
 *     renameat2(RENAME_NOREPLACE)  ->  link, unlink  ->  ERR_UNSUPPORTED
 *
 * FAT and exFAT know no links, NFS and many user-space file systems no RENAME_NOREPLACE; both ways
 * are one step that either finds the name free or fails.  A file system with neither gets nothing:
 * looking first and renaming then could replace what came in between.
 * @return 0, OS_EXISTS (@tmp is where it was) or -1.
 */
int os_put_new(int dir_fd, const char *tmp, const char *name, struct err *err);

/** Make the @n files @fds of one file system durable: one alone with fsync, several with one syncfs
 *  where that is to be trusted, else each by itself.  @what names the place in messages. */
int os_sync_files(const int *fds, size_t n, const char *what, struct err *err);

/** Create @path as a whole and durably, never over another file: temporary file, fsync,
 *  os_put_new(), fsync of the folder.  0, OS_EXISTS or -1. */
int os_create_file(int dir_fd, const char *path, struct span content, mode_t mode, struct err *err);

/** fsync the folder that holds @path (relative to @dir_fd). */
int os_sync_folder_of(int dir_fd, const char *path, struct err *err);

/** Make @path and the missing folders above it, each mode @mode and durable. */
int os_make_folders(int dir_fd, const char *path, mode_t mode, struct err *err);

/** Random bytes from the kernel; never fails (aborts if the kernel has none). */
void os_random(void *p, size_t n);

#endif
