/* SPDX-License-Identifier: Apache-2.0 */
/* os: see os.h. */
#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"

static int
kernel_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	return openat(dir_fd, path, flags | O_CLOEXEC, mode);
}

/* One step: the folder or, as the last one, whatever is asked for. */
static int
step_beneath(int fd, struct span name, bool is_last, int flags, mode_t mode)
{
	char part[NAME_MAX + 1];

	if (name.n == 0 || span_equal(name, span_str(".."))) {
		errno = EXDEV; /* absolute, empty or upwards */
		return -1;
	}
	if (name.n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, name.p, name.n);
	part[name.n] = '\0';
	return is_last ? openat(fd, part, flags | O_NOFOLLOW | O_CLOEXEC, mode)
		       : openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
os_open_beneath_by_steps(int dir_fd, const char *path, int flags, mode_t mode)
{
	for (int fd = dir_fd;;) {
		const char *end = strchrnul(path, '/');
		bool is_last = !*end || !end[1];
		struct span name = span_of(path, (size_t)(end - path));
		int next =
			step_beneath(fd, name, is_last, *end ? flags | O_DIRECTORY : flags, mode);
		int e = errno;

		if (fd != dir_fd)
			close(fd);
		errno = e;
		if (next < 0 || is_last)
			return next;
		fd = next;
		path = end + 1;
	}
}

static int
kernel_open_beneath(int dir_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
	if (fd < 0 && errno == ENOSYS) /* before Linux 5.6, in some sandboxes, under valgrind */
		return os_open_beneath_by_steps(dir_fd, path, flags, mode);
	return fd;
}

static int
kernel_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE);
}

/* Before Linux 5.8 syncfs(2) says nothing of pages that could not be written. */
static int
kernel_syncfs(int fd)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	    (major > 5 || (major == 5 && minor >= 8)))
		return syncfs(fd);
	errno = ENOSYS;
	return -1;
}

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
kernel_now_unix_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

static int64_t
kernel_uptime_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

const struct os os_kernel = {
	.openat = kernel_openat,
	.open_beneath = kernel_open_beneath,
	.close = close,
	.read = read,
	.pread = pread,
	.write = write,
	.fstat = fstat,
	.fstatat = fstatat,
	.fsync = fsync,
	.syncfs = kernel_syncfs,
	.ftruncate = ftruncate,
	.renameat = renameat,
	.rename_new = kernel_rename_new,
	.linkat = linkat,
	.unlinkat = unlinkat,
	.mkdirat = mkdirat,
	.now_unix_ms = kernel_now_unix_ms,
	.uptime_ms = kernel_uptime_ms,
};

const struct os *os = &os_kernel;

int
os_write_all(int fd, struct span s, const char *what, struct err *err)
{
	while (s.n) {
		ssize_t n = os->write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot write %s", what);
		s = span_skip(s, (size_t)n);
	}
	return 0;
}

int
os_read_full(int fd, void *p, size_t n, size_t *got, const char *what, struct err *err)
{
	*got = 0;
	while (*got < n) {
		ssize_t r = os->read(fd, (char *)p + *got, n - *got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "cannot read %s", what);
		if (r == 0)
			return 0;
		*got += (size_t)r;
	}
	return 0;
}

int
os_read_file(int dir_fd, const char *path, struct buf *out, struct err *err)
{
	uint8_t piece[16384];
	size_t got;
	int rc = 0;
	int fd = os->openat(dir_fd, path, O_RDONLY, 0);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no %s", path);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	do {
		rc = os_read_full(fd, piece, sizeof piece, &got, path, err);
		if (rc == 0 && (rc = buf_append(out, span_of(piece, got), err)) < 0)
			err_wrap(err, "%s", path);
	} while (rc == 0 && got == sizeof piece);
	os->close(fd);
	return rc;
}

/* "a/b/NAME" -> "a/b/.cloudbox-RANDOM~": in the same folder, so that rename and link stay within it. */
static int
temporary_name(char *out, size_t cap, const char *path, struct err *err)
{
	uint8_t random[8];
	char tag[2 * sizeof random + 1];
	const char *slash = strrchr(path, '/');
	int folder_len = slash ? (int)(slash - path) + 1 : 0;

	os_random(random, sizeof random);
	hex_encode(tag, SPAN_ARRAY(random));
	int n = snprintf(out, cap, "%.*s.cloudbox-%s~", folder_len, path, tag);
	if (n < 0 || (size_t)n >= cap)
		return err_set(err, ERR_LIMIT, "the path %s is too long", path);
	return 0;
}

/* A temporary file beside @path with @content, durable. */
static int
write_temporary(int dir_fd, const char *path, char *tmp, size_t tmp_cap, struct span content,
		mode_t mode, struct err *err)
{
	if (temporary_name(tmp, tmp_cap, path, err) < 0)
		return -1;
	int fd = os->openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(err, errno, "cannot create a file beside %s", path);
	int rc = os_write_all(fd, content, path, err);
	if (rc == 0 && os->fsync(fd) < 0)
		rc = err_sys(err, errno, "cannot make %s durable", path);
	if (os->close(fd) < 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close %s", path);
	if (rc < 0)
		os->unlinkat(dir_fd, tmp, 0);
	return rc;
}

int
os_replace_file(int dir_fd, const char *path, struct span content, mode_t mode, struct err *err)
{
	char tmp[4096];

	if (write_temporary(dir_fd, path, tmp, sizeof tmp, content, mode, err) < 0)
		return -1;
	if (os->renameat(dir_fd, tmp, dir_fd, path) < 0) {
		err_sys(err, errno, "cannot put %s into place", path);
		os->unlinkat(dir_fd, tmp, 0);
		return -1;
	}
	return os_sync_folder_of(dir_fd, path, err);
}

int
os_put_new(int dir_fd, const char *tmp, const char *name, struct err *err)
{
	if (os->rename_new(dir_fd, tmp, dir_fd, name) == 0)
		return 0;
	if (errno == EEXIST)
		return OS_EXISTS;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
		return err_sys(err, errno, "cannot put %s into place", name);
	if (os->linkat(dir_fd, tmp, dir_fd, name, 0) == 0)
		return os->unlinkat(dir_fd, tmp, 0) == 0
			       ? 0
			       : err_sys(err, errno, "cannot remove the temporary file of %s",
					 name);
	if (errno == EEXIST)
		return OS_EXISTS;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return err_sys(err, errno, "cannot put %s into place", name);
	return err_set(err, ERR_UNSUPPORTED,
		       "the file system of %s does not take this name, or puts no new file into "
		       "place without the risk of replacing another",
		       name);
}

int
os_sync_files(const int *fds, size_t n, const char *what, struct err *err)
{
	if (n > 1 && os->syncfs(fds[0]) == 0)
		return 0;
	if (n > 1 && errno != ENOSYS)
		return err_sys(err, errno, "cannot make %s durable", what);
	for (size_t i = 0; i < n; i++)
		if (os->fsync(fds[i]) < 0)
			return err_sys(err, errno, "cannot make %s durable", what);
	return 0;
}

int
os_create_file(int dir_fd, const char *path, struct span content, mode_t mode, struct err *err)
{
	char tmp[4096];
	int rc;

	if (write_temporary(dir_fd, path, tmp, sizeof tmp, content, mode, err) < 0)
		return -1;
	rc = os_put_new(dir_fd, tmp, path, err);
	if (rc)
		os->unlinkat(dir_fd, tmp, 0);
	return rc ? rc : os_sync_folder_of(dir_fd, path, err);
}

int
os_sync_folder_of(int dir_fd, const char *path, struct err *err)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path)
		      : snprintf(folder, sizeof folder, ".");

	if (n < 0 || (size_t)n >= sizeof folder)
		return err_set(err, ERR_LIMIT, "the path %s is too long", path);
	int fd = os->openat(dir_fd, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys(err, errno, "cannot open the folder of %s", path);
	int rc = os->fsync(fd) < 0
			 ? err_sys(err, errno, "cannot make the folder of %s durable", path)
			 : 0;
	os->close(fd);
	return rc;
}

int
os_make_folders(int dir_fd, const char *path, mode_t mode, struct err *err)
{
	char part[4096];
	size_t n = strlen(path);

	if (n >= sizeof part)
		return err_set(err, ERR_LIMIT, "the path %s is too long", path);
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (path[i - 1] == '/')
			continue;
		part[i] = '\0';
		if (os->mkdirat(dir_fd, part, mode) == 0) {
			if (os_sync_folder_of(dir_fd, part, err) < 0)
				return -1;
		} else if (errno != EEXIST) {
			return err_sys(err, errno, "cannot make the folder %s", part);
		}
		part[i] = path[i];
	}
	return 0;
}

void
os_random(void *p, size_t n)
{
	while (n) {
		ssize_t r = getrandom(p, n > 256 ? 256 : n, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			abort(); /* no kernel that we run on lacks getrandom(2) */
		p = (char *)p + r;
		n -= (size_t)r;
	}
}
