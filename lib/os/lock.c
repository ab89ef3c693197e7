/* SPDX-License-Identifier: Apache-2.0 */
/* lock: see lock.h. */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/os.h"

int
lock_open(int dir_fd, const char *name, struct err *err)
{
	int fd = os->openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	return fd < 0 ? err_sys(err, errno, "cannot open the lock file") : fd;
}

static long
holder_of(int fd)
{
	char text[24] = "";
	ssize_t n = os->pread(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtol(text, NULL, 10);
}

static int
sign(int fd, struct err *err)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (os->ftruncate(fd, 0) < 0)
		return err_sys(err, errno, "cannot write the lock file");
	return os_write_all(fd, span_of(text, (size_t)n), "the lock file", err);
}

int
lock_try(int fd, long *holder, struct err *err)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return sign(fd, err);
	if (errno != EAGAIN && errno != EACCES)
		return err_sys(err, errno, "cannot take a lock");
	*holder = holder_of(fd);
	return LOCK_HELD;
}
