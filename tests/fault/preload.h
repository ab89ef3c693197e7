/* SPDX-License-Identifier: Apache-2.0 */
/* preload: libfault.so's parts among each other; what it is for stands in preload.c. */
#ifndef FAULT_PRELOAD_H
#define FAULT_PRELOAD_H

#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))

enum kind {
	OPEN,
	READ,
	STAT,
	LIST, /* fdopendir, readdir */
	MAP,  /* mmap of a file */
	LOCK, /* flock, fcntl(F_SETLK) */
	META, /* fchmod, futimens */
	WRITE,
	SYNC,
	TRUNCATE,
	RENAME,
	LINK,
	UNLINK,
	MKDIR,
	SOCKET, /* socket, connect, accept */
	SEND,
	RECV,
	ALLOC, /* malloc and its kin, mmap of memory, pthread_create */
	KINDS
};

enum verdict {
	GO_ON,
	FAIL, /* not at all; errno is set */
	CUT,  /* half of the bytes */
	DIE,  /* do it, then preload_die() */
};

/** A call of @kind on @fd, or on @path below the folder @fd, is about to be made. */
enum verdict preload_file(enum kind kind, const char *name, int fd, const char *path);

/** A call of @kind on a socket. */
enum verdict preload_socket(enum kind kind, const char *name);

/** Memory is wanted by the function that @caller returns to.  Is there none? */
bool preload_memory(const char *name, const void *caller);

/** End as by kill -9. */
void preload_die(void);

/** Find the C library's own functions, before main(). */
void preload_calls_resolve(void);

#endif
