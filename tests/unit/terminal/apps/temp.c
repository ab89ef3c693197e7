/* SPDX-License-Identifier: Apache-2.0 */
/* temp: see temp.h. */
#include "temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
temp_make(struct temp *t)
{
	strcpy(t->path, "/tmp/cloudbox-test-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
temp_remove(struct temp *t)
{
	close(t->fd);
	nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
make_folders(const struct temp *t, const char *path)
{
	char part[4096];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(p - path), path);
		if (mkdirat(t->fd, part, 0777) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

void
temp_put(const struct temp *t, const char *path, struct span content, int age_s)
{
	struct timespec now;

	make_folders(t, path);
	int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		fail_msg("cannot create %s: %s", path, strerror(errno));
	while (content.n) {
		ssize_t n = write(fd, content.p, content.n);
		assert_true(n > 0);
		content = span_skip(content, (size_t)n);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec -= age_s;
	assert_int_equal(futimens(fd, (struct timespec[]){ now, now }), 0);
	close(fd);
}

void
temp_put_str(const struct temp *t, const char *path, const char *content)
{
	temp_put(t, path, span_str(content), 3600);
}

void
temp_assert(const struct temp *t, const char *path, const char *content)
{
	char got[65536];
	int fd = openat(t->fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("cannot open %s: %s", path, strerror(errno));
	ssize_t n = read(fd, got, sizeof got - 1);
	close(fd);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, content);
}

bool
temp_exists(const struct temp *t, const char *path)
{
	struct stat st;

	return fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

unsigned
temp_count(const struct temp *t, const char *path)
{
	int fd = openat(t->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

const char *
corpus(const char *name)
{
	static char path[4096];
	const char *root = getenv("CLOUDBOX_CORPUS");
	struct stat st;

	if (!root || !root[0]) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	snprintf(path, sizeof path, "%s/%s", root, name);
	if (stat(path, &st) < 0) {
		print_message("skipped: there is no %s\n", path);
		skip();
	}
	return path;
}
