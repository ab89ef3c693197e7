/* SPDX-License-Identifier: Apache-2.0 */
/* preload_calls: the functions of the C library that libfault.so stands before, memory apart. */
#undef _FILE_OFFSET_BITS /* open() and open64() are two functions here */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

/* clang-format off */
#define CALLS(X) \
	X(open) X(openat) X(read) X(pread) X(fstat) X(stat) X(lstat) X(fstatat) \
	X(fdopendir) X(readdir64) X(mmap) X(flock) X(fcntl) X(fchmod) X(futimens) X(write) \
	X(writev) X(pwrite) X(fsync) X(fdatasync) X(syncfs) X(ftruncate) X(fallocate) \
	X(rename) X(renameat) X(renameat2) X(link) X(linkat) X(unlink) X(unlinkat) X(rmdir) \
	X(mkdir) X(mkdirat) X(socket) X(connect) X(accept4) X(send) X(sendto) X(sendmsg) \
	X(sendfile) X(recv) X(recvfrom) X(recvmsg) X(pthread_create) X(syscall)
/* clang-format on */

#define DECLARE(name) static __typeof__(name) *real_##name;
CALLS(DECLARE)

/* Other libraries' constructors may call before ours has run. */
#define REAL(name) (real_##name ? real_##name : (preload_calls_resolve(), real_##name))

/* @call as it has @met: not at all, or as the last one ever. */
#define RUN(met, type, call)                                                                       \
	do {                                                                                       \
		enum verdict v_ = (met);                                                           \
		if (v_ == FAIL)                                                                    \
			return (type)-1;                                                           \
		type result_ = (call);                                                             \
		if (v_ == DIE)                                                                     \
			preload_die();                                                             \
		return result_;                                                                    \
	} while (0)

/* The same for a call that moves bytes, of which half may go; `n` stands for how many in @call. */
#define RUN_PART(met, bytes, call)                                                                 \
	do {                                                                                       \
		enum verdict v_ = (met);                                                           \
		size_t n = (bytes);                                                                \
		if (v_ == FAIL)                                                                    \
			return -1;                                                                 \
		if (v_ == CUT && n > 1)                                                            \
			n /= 2;                                                                    \
		ssize_t result_ = (call);                                                          \
		if (v_ == DIE)                                                                     \
			preload_die();                                                             \
		return result_;                                                                    \
	} while (0)

#define MODE_OF(flags, mode)                                                                       \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, flags);                                                              \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = va_arg(ap_, mode_t);                                                \
		va_end(ap_);                                                                       \
	} while (0)

EXPORT int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	RUN(preload_file(OPEN, "open", AT_FDCWD, path), int, REAL(open)(path, flags, mode));
}

EXPORT int
openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	RUN(preload_file(OPEN, "openat", dir_fd, path), int,
	    REAL(openat)(dir_fd, path, flags, mode));
}

EXPORT long
syscall(long number, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2)
		RUN(preload_file(OPEN, "openat2", (int)a[0], (const char *)a[1]), long,
		    REAL(syscall)(number, a[0], a[1], a[2], a[3]));
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

EXPORT ssize_t
read(int fd, void *p, size_t size)
{
	RUN_PART(preload_file(READ, "read", fd, NULL), size, REAL(read)(fd, p, n));
}

EXPORT ssize_t
pread(int fd, void *p, size_t size, off_t at)
{
	RUN_PART(preload_file(READ, "pread", fd, NULL), size, REAL(pread)(fd, p, n, at));
}

EXPORT ssize_t
write(int fd, const void *p, size_t size)
{
	RUN_PART(preload_file(WRITE, "write", fd, NULL), size, REAL(write)(fd, p, n));
}

EXPORT ssize_t
pwrite(int fd, const void *p, size_t size, off_t at)
{
	RUN_PART(preload_file(WRITE, "pwrite", fd, NULL), size, REAL(pwrite)(fd, p, n, at));
}

EXPORT ssize_t
writev(int fd, const struct iovec *v, int count)
{
	RUN(preload_file(WRITE, "writev", fd, NULL), ssize_t, REAL(writev)(fd, v, count));
}

EXPORT int
fstat(int fd, struct stat *st)
{
	RUN(preload_file(STAT, "fstat", fd, NULL), int, REAL(fstat)(fd, st));
}

EXPORT int
stat(const char *path, struct stat *st)
{
	RUN(preload_file(STAT, "stat", AT_FDCWD, path), int, REAL(stat)(path, st));
}

EXPORT int
lstat(const char *path, struct stat *st)
{
	RUN(preload_file(STAT, "lstat", AT_FDCWD, path), int, REAL(lstat)(path, st));
}

EXPORT int
fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	RUN(preload_file(STAT, "fstatat", dir_fd, path), int,
	    REAL(fstatat)(dir_fd, path, st, flags));
}

EXPORT DIR *
fdopendir(int fd)
{
	if (preload_file(LIST, "fdopendir", fd, NULL) == FAIL)
		return NULL;
	return REAL(fdopendir)(fd);
}

EXPORT struct dirent64 *
readdir64(DIR *dir)
{
	if (preload_file(LIST, "readdir", dirfd(dir), NULL) == FAIL)
		return NULL;
	return REAL(readdir64)(dir);
}

EXPORT void *
mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	bool fails = flags & MAP_ANONYMOUS ? preload_memory("mmap", __builtin_return_address(0))
					   : preload_file(MAP, "mmap", fd, NULL) == FAIL;

	if (fails)
		return MAP_FAILED;
	return REAL(mmap)(at, n, protection, flags, fd, offset);
}

EXPORT int
flock(int fd, int operation)
{
	RUN(preload_file(LOCK, "flock", fd, NULL), int, REAL(flock)(fd, operation));
}

static int
fcntl_of(int fd, int command, void *arg)
{
	bool locks = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK;

	RUN(locks ? preload_file(LOCK, "fcntl", fd, NULL) : GO_ON, int,
	    REAL(fcntl)(fd, command, arg));
}

EXPORT int
fcntl(int fd, int command, ...)
{
	va_list ap;

	va_start(ap, command);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl_of(fd, command, arg);
}

EXPORT int
fcntl64(int fd, int command, ...)
{
	va_list ap;

	va_start(ap, command);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl_of(fd, command, arg);
}

EXPORT int
fchmod(int fd, mode_t mode)
{
	RUN(preload_file(META, "fchmod", fd, NULL), int, REAL(fchmod)(fd, mode));
}

EXPORT int
futimens(int fd, const struct timespec times[2])
{
	RUN(preload_file(META, "futimens", fd, NULL), int, REAL(futimens)(fd, times));
}

EXPORT int
fsync(int fd)
{
	RUN(preload_file(SYNC, "fsync", fd, NULL), int, REAL(fsync)(fd));
}

EXPORT int
fdatasync(int fd)
{
	RUN(preload_file(SYNC, "fdatasync", fd, NULL), int, REAL(fdatasync)(fd));
}

EXPORT int
syncfs(int fd)
{
	RUN(preload_file(SYNC, "syncfs", fd, NULL), int, REAL(syncfs)(fd));
}

EXPORT int
ftruncate(int fd, off_t n)
{
	RUN(preload_file(TRUNCATE, "ftruncate", fd, NULL), int, REAL(ftruncate)(fd, n));
}

EXPORT int
fallocate(int fd, int mode, off_t at, off_t n)
{
	RUN(preload_file(TRUNCATE, "fallocate", fd, NULL), int, REAL(fallocate)(fd, mode, at, n));
}

EXPORT int
rename(const char *from, const char *to)
{
	RUN(preload_file(RENAME, "rename", AT_FDCWD, to), int, REAL(rename)(from, to));
}

EXPORT int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	RUN(preload_file(RENAME, "renameat", to_fd, to), int,
	    REAL(renameat)(from_fd, from, to_fd, to));
}

EXPORT int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	RUN(preload_file(RENAME, "renameat2", to_fd, to), int,
	    REAL(renameat2)(from_fd, from, to_fd, to, flags));
}

EXPORT int
link(const char *from, const char *to)
{
	RUN(preload_file(LINK, "link", AT_FDCWD, to), int, REAL(link)(from, to));
}

EXPORT int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	RUN(preload_file(LINK, "linkat", to_fd, to), int,
	    REAL(linkat)(from_fd, from, to_fd, to, flags));
}

EXPORT int
unlink(const char *path)
{
	RUN(preload_file(UNLINK, "unlink", AT_FDCWD, path), int, REAL(unlink)(path));
}

EXPORT int
unlinkat(int dir_fd, const char *path, int flags)
{
	RUN(preload_file(UNLINK, "unlinkat", dir_fd, path), int,
	    REAL(unlinkat)(dir_fd, path, flags));
}

EXPORT int
rmdir(const char *path)
{
	RUN(preload_file(UNLINK, "rmdir", AT_FDCWD, path), int, REAL(rmdir)(path));
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	RUN(preload_file(MKDIR, "mkdir", AT_FDCWD, path), int, REAL(mkdir)(path, mode));
}

EXPORT int
mkdirat(int dir_fd, const char *path, mode_t mode)
{
	RUN(preload_file(MKDIR, "mkdirat", dir_fd, path), int, REAL(mkdirat)(dir_fd, path, mode));
}

EXPORT int
socket(int domain, int type, int protocol)
{
	RUN(preload_socket(SOCKET, "socket"), int, REAL(socket)(domain, type, protocol));
}

EXPORT int
connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t n)
{
	RUN(preload_socket(SOCKET, "connect"), int, REAL(connect)(fd, address, n));
}

EXPORT int
accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict n, int flags)
{
	RUN(preload_socket(SOCKET, "accept4"), int, REAL(accept4)(fd, address, n, flags));
}

EXPORT ssize_t
send(int fd, const void *p, size_t size, int flags)
{
	RUN_PART(preload_socket(SEND, "send"), size, REAL(send)(fd, p, n, flags));
}

EXPORT ssize_t
sendto(int fd, const void *p, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_n)
{
	RUN_PART(preload_socket(SEND, "sendto"), size, REAL(sendto)(fd, p, n, flags, to, to_n));
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	RUN(preload_socket(SEND, "sendmsg"), ssize_t, REAL(sendmsg)(fd, message, flags));
}

EXPORT ssize_t
sendfile(int to, int from, off_t *at, size_t size)
{
	RUN_PART(preload_socket(SEND, "sendfile"), size, REAL(sendfile)(to, from, at, n));
}

EXPORT ssize_t
recv(int fd, void *p, size_t size, int flags)
{
	RUN_PART(preload_socket(RECV, "recv"), size, REAL(recv)(fd, p, n, flags));
}

EXPORT ssize_t
recvfrom(int fd, void *p, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *restrict from_n)
{
	RUN_PART(preload_socket(RECV, "recvfrom"), size,
		 REAL(recvfrom)(fd, p, n, flags, from, from_n));
}

EXPORT ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	RUN(preload_socket(RECV, "recvmsg"), ssize_t, REAL(recvmsg)(fd, message, flags));
}

/* On 64-bit systems the two names mean one function; programs and libraries use either. */
_Static_assert(sizeof(off_t) == sizeof(off64_t), "a 64-bit system");

#define SAME_AS(name) EXPORT __attribute__((alias(#name)))

SAME_AS(open) int open64(const char *path, int flags, ...);
SAME_AS(openat) int openat64(int dir_fd, const char *path, int flags, ...);
SAME_AS(pread) ssize_t pread64(int fd, void *p, size_t n, off64_t at);
SAME_AS(pwrite) ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
SAME_AS(ftruncate) int ftruncate64(int fd, off64_t n);
SAME_AS(fallocate) int fallocate64(int fd, int mode, off64_t at, off64_t n);
SAME_AS(mmap) void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset);
SAME_AS(sendfile) ssize_t sendfile64(int to, int from, off64_t *at, size_t n);

/* struct stat and struct stat64 have one layout there, but are two types. */
EXPORT int
fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)(void *)st);
}

EXPORT int
stat64(const char *path, struct stat64 *st)
{
	return stat(path, (struct stat *)(void *)st);
}

EXPORT int
lstat64(const char *path, struct stat64 *st)
{
	return lstat(path, (struct stat *)(void *)st);
}

EXPORT int
fstatat64(int dir_fd, const char *path, struct stat64 *st, int flags)
{
	return fstatat(dir_fd, path, (struct stat *)(void *)st, flags);
}

EXPORT int
pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
	if (preload_memory("pthread_create", __builtin_return_address(0)))
		return EAGAIN;
	return REAL(pthread_create)(out, attributes, run, arg);
}

#define RESOLVE(name) real_##name = (__typeof__(real_##name))(uintptr_t)dlsym(RTLD_NEXT, #name);

void
preload_calls_resolve(void)
{
	CALLS(RESOLVE)
}
