/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder_tidy: temporary files of ours go that a killed program, or a disk that failed, left in an
 * app's folder.  One that cannot be removed stays for the next time.
 *
 * A folder is read and closed before those in it are entered, so depth costs no descriptors; links
 * are not followed.  An app that is one file: its own folder only.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "apps/folder.h"
#include "apps/folder_session.h"

#define NAMES_BYTES_MAX (64u << 20) /* of the folders in one folder */

/* Remove ours; append the names of folders, each with its NUL. */
static int
tidy_entry(struct buf *folders, int fd, const struct dirent *d, struct err *err)
{
	struct stat st;
	bool is_folder = d->d_type == DT_DIR;

	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
		return 0;
	if (d->d_type == DT_UNKNOWN && os->fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		is_folder = S_ISDIR(st.st_mode);
	if (is_folder)
		return buf_append(folders, span_of(d->d_name, strlen(d->d_name) + 1), err);
	if (folder_is_temporary(d->d_name))
		os->unlinkat(fd, d->d_name, 0);
	return 0;
}

/* Takes @fd. */
static int
tidy_entries(struct buf *folders, int fd, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		err_sys(err, errno, "cannot list a folder");
		os->close(fd);
		return -1;
	}
	while (rc == 0 && (d = readdir(dir)) != NULL)
		rc = tidy_entry(folders, fd, d, err);
	closedir(dir);
	return rc;
}

/* @path: of a folder beneath the root, with room for APP_PATH_MAX. */
static int
tidy_folder(const struct folder_root *f, char *path, size_t n, struct err *err)
{
	AUTO(buf_clear) struct buf folders = BUF_INIT(NAMES_BYTES_MAX);
	int fd = os->open_beneath(f->fd, n ? path : ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return 0; /* what cannot be opened is told by whoever lists it */
	if (tidy_entries(&folders, fd, err) < 0)
		return -1;
	for (size_t at = 0; !f->only && at < folders.n;) {
		const char *name = (const char *)folders.p + at;
		size_t len = strlen(name);

		at += len + 1;
		if (n + len + 2 > APP_PATH_MAX)
			continue;
		memcpy(path + n, name, len + 1);
		path[n + len] = '/';
		path[n + len + 1] = '\0';
		if (tidy_folder(f, path, n + len + 1, err) < 0)
			return -1;
		path[n] = '\0';
	}
	return 0;
}

int
folder_session_tidy(struct app_session *s, struct err *err)
{
	char path[APP_PATH_MAX + 1] = "";

	return tidy_folder(&folder_session_of(s)->folder, path, 0, err);
}
