/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder_tidy: temporary files and folders of ours go that a killed program, or a disk that failed, left in an
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

/* The temporary folder @name in the folder @path ("" or ending in '/'), as far as it can be. */
static void
remove_left(const struct folder_root *f, const char *path, const char *name)
{
	int fd = os->open_beneath(f->fd, path[0] ? path : ".", O_RDONLY | O_DIRECTORY, 0);
	struct err ignored = { 0 };

	if (fd < 0)
		return;
	folder_remove_tree(fd, name, &ignored);
	os->close(fd);
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
		if (folder_is_temporary(name)) {
			remove_left(f, path, name);
			continue;
		}
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

/* All that is in @fd, which it takes: files go, the names of folders are appended. */
static int
remove_files(struct buf *folders, int fd, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		err_sys(err, errno, "cannot list a folder");
		os->close(fd);
		return -1;
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    os->unlinkat(dirfd(dir), d->d_name, 0) == 0)
			continue;
		rc = errno == EISDIR || errno == EPERM /* POSIX's word for a folder */
			     ? buf_append(folders, span_of(d->d_name, strlen(d->d_name) + 1), err)
			     : err_sys(err, errno, "cannot remove a temporary file");
	}
	closedir(dir);
	return rc;
}

static int
remove_tree(int parent_fd, const char *name, struct err *err)
{
	AUTO(buf_clear) struct buf folders = BUF_INIT(NAMES_BYTES_MAX);
	int fd = os->open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0), list_fd, rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot open a folder");
	list_fd = os->open_beneath(fd, ".", O_RDONLY | O_DIRECTORY, 0);
	rc = list_fd < 0 ? err_sys(err, errno, "cannot open a folder")
			 : remove_files(&folders, list_fd, err);
	for (size_t at = 0; rc == 0 && at < folders.n; at += strlen((char *)folders.p + at) + 1)
		rc = remove_tree(fd, (const char *)folders.p + at, err);
	os->close(fd);
	if (rc == 0 && os->unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		return err_sys(err, errno, "cannot remove a temporary folder");
	return rc;
}

int
folder_remove_tree(int fd, const char *name, struct err *err)
{
	if (!folder_is_temporary(name))
		return err_set(err, ERR_INTERNAL, "%s is no temporary folder of ours", name);
	return remove_tree(fd, name, err);
}

int
folder_session_tidy(struct app_session *s, struct err *err)
{
	char path[APP_PATH_MAX + 1] = "";

	return tidy_folder(&folder_session_of(s)->folder, path, 0, err);
}
