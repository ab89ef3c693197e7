/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chatty_files: the parts of MMS, files below $XDG_DATA_HOME/chatty/mms/.
 *
 * Chatty's own lie in folders named after date and sender; ours in mms/cloudbox-UUID/ as part-N.EXT, or
 * text-N.txt where the element says text.  They are durable before the database names them; what it does not
 * name is ours to remove.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/chatty_internal.h"
#include "apps/folder.h"
#include "os/os.h"

#define OURS      "cloudbox-"
#define NAME_MORE 10000 /* numbers tried for a part's name */

static int
data_open(int *fd, const struct chatty *c, struct err *err)
{
	*fd = os->openat(AT_FDCWD, c->data, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (*fd >= 0)
		return 0;
	return errno == ENOENT || errno == ENOTDIR ? APP_MOVED : err_sys(err, errno, "%s", c->data);
}

/* Nothing of the kind is there: a link, a path that leads outside, no file. */
static bool
is_absent(int e)
{
	return e == ENOENT || e == ENOTDIR || e == ELOOP || e == EXDEV || e == EINVAL;
}

static int
read_open(struct buf *out, int fd, const char *path, struct err *err)
{
	struct stat st;
	uint8_t *at;
	size_t got;

	if (os->fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return APP_MOVED;
	if (buf_extend(out, (size_t)st.st_size, &at, err) < 0)
		return err_wrap(err, "%s", path);
	if (os_read_full(fd, at, (size_t)st.st_size, &got, path, err) < 0)
		return -1;
	return got == (size_t)st.st_size ? 0 : APP_MOVED;
}

int
chatty_file_read(struct buf *out, const struct chatty *c, const char *path, struct err *err)
{
	struct err ignored = { 0 };
	int data, fd, rc = data_open(&data, c, err);

	if (rc != 0)
		return rc;
	if (folder_path_check(path, &ignored) < 0) {
		os->close(data);
		return APP_MOVED;
	}
	fd = os->open_beneath(data, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		rc = is_absent(errno) ? APP_MOVED : err_sys(err, errno, "cannot open %s", path);
	os->close(data);
	if (fd < 0)
		return rc;
	rc = read_open(out, fd, path, err);
	os->close(fd);
	return rc;
}

int
chatty_file_kind(const char *path)
{
	const char *ours = strstr(path, "/" OURS);
	const char *name = ours ? strchr(ours + 1, '/') : NULL;

	if (!name)
		return 2;
	return strncmp(name, "/text-", 6) == 0 ? 0 : strncmp(name, "/part-", 6) == 0 ? 1 : 2;
}

/* ".jpg": what the name for people ends in, if that is plain. */
static void
extension_of(char out[static 10], const struct chatty_part *p)
{
	size_t n = 0;

	out[0] = '\0';
	while (n < 8 && n < p->name.n) {
		uint8_t ch = p->name.p[p->name.n - 1 - n];

		if (ch == '.' && n > 0) {
			snprintf(out, 10, ".%.*s", (int)n, p->name.p + p->name.n - n);
			return;
		}
		if (!((ch | 32) >= 'a' && (ch | 32) <= 'z') && !(ch >= '0' && ch <= '9'))
			return;
		n++;
	}
}

/* file:///home/… , with what RFC 3986 does not let stand for itself as %XX. */
static int
append_url(struct buf *url, const struct chatty *c, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf all = BUF_INIT(2 * APP_PATH_MAX);

	if (buf_append_fmt(&all, err, "%s/%s", c->data, path) < 0 ||
	    buf_append_str(url, "file://", err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		uint8_t ch = all.p[i];
		bool plain = ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') ||
			     (ch && strchr("-._~/!$&'()*+,:=@", ch));

		if ((plain ? buf_append_byte(url, ch, err)
			   : buf_append_fmt(url, err, "%%%02X", ch)) < 0)
			return -1;
	}
	return 0;
}

static int
write_new(int fd, const struct chatty_part *part, const char *path, struct err *err)
{
	if (os_write_all(fd, buf_span(&part->data), path, err) < 0)
		return -1;
	return os->fsync(fd) == 0 ? 0 : err_sys(err, errno, "cannot write %s", path);
}

/* The first name that is free. */
static int
create(struct buf *path, const struct chatty *c, const char *folder, const struct chatty_part *part,
       struct err *err)
{
	char full[2 * APP_PATH_MAX], extension[10];
	int fd;

	extension_of(extension, part);
	for (unsigned i = 1; i < NAME_MORE; i++) {
		buf_reset(path);
		if (buf_append_fmt(path, err, "mms/" OURS "%s/%s-%u%s", folder,
				   part->is_text ? "text" : "part", i,
				   part->is_text ? ".txt" : extension) < 0)
			return -1;
		snprintf(full, sizeof full, "%s/%s", c->data, buf_str(path));
		fd = os->openat(AT_FDCWD, full,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? fd : err_sys(err, errno, "cannot create %s", full);
	}
	return err_set(err, ERR_LIMIT, "too many parts of one message");
}

int
chatty_file_write(struct buf *path, struct buf *url, struct chatty *c, const char *folder,
		  const struct chatty_part *part, struct err *err)
{
	char full[2 * APP_PATH_MAX];
	int fd, rc;

	snprintf(full, sizeof full, "%s/mms/" OURS "%s", c->data, folder);
	c->has_files = true;
	if (os_make_folders(AT_FDCWD, full, 0700, err) < 0)
		return -1;
	fd = create(path, c, folder, part, err);
	if (fd < 0)
		return -1;
	rc = write_new(fd, part, buf_str(path), err);
	os->close(fd);
	snprintf(full, sizeof full, "%s/%s", c->data, buf_str(path));
	if (rc == 0)
		rc = os_sync_folder_of(AT_FDCWD, full, err);
	return rc < 0 ? -1 : append_url(url, c, buf_str(path), err);
}

/* What the database does not know. */

static int
is_known(bool *known, struct app_db *d, struct span url, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &d->sql, "SELECT 1 FROM files WHERE url = ?1", err) < 0)
		return -1;
	query_text_span(&q, 1, url);
	rc = query_step(&q, err);
	*known = rc == QUERY_ROW;
	return rc < 0 ? -1 : 0;
}

static int
tidy_file(struct chatty *c, struct app_db *d, int folder_fd, const char *folder, const char *name,
	  struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(APP_PATH_MAX);
	AUTO(buf_clear) struct buf url = BUF_INIT(8 * APP_PATH_MAX);
	bool known;

	if (name[0] == '.')
		return 0;
	if (buf_append_fmt(&path, err, "mms/%s/%s", folder, name) < 0 ||
	    append_url(&url, c, buf_str(&path), err) < 0 ||
	    is_known(&known, d, buf_span(&url), err) < 0)
		return -1;
	if (!known && os->unlinkat(folder_fd, name, 0) < 0)
		return err_sys(err, errno, "cannot remove %s", buf_str(&path));
	return 0;
}

static int
tidy_folder(struct chatty *c, struct app_db *d, int mms_fd, const char *folder, struct err *err)
{
	int fd = os->openat(mms_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!dir) {
		if (fd >= 0)
			os->close(fd);
		return 0;
	}
	for (struct dirent *e; rc == 0 && (e = readdir(dir));)
		rc = tidy_file(c, d, dirfd(dir), folder, e->d_name, err);
	closedir(dir);
	if (rc == 0)
		os->unlinkat(mms_fd, folder, AT_REMOVEDIR); /* fails if anything is in it */
	return rc;
}

int
chatty_files_tidy(struct chatty *c, struct err *err)
{
	char mms[2 * APP_PATH_MAX];
	struct app_db *d = NULL;
	DIR *dir;
	int fd, rc = 0;

	snprintf(mms, sizeof mms, "%s/mms", c->data);
	fd = os->openat(AT_FDCWD, mms, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			os->close(fd);
		return 0; /* no MMS ever */
	}
	for (struct dirent *e; rc == 0 && (e = readdir(dir));) {
		if (strncmp(e->d_name, OURS, strlen(OURS)) != 0)
			continue;
		if (!d)
			rc = db_rows_reading(&d, &c->rows, err);
		if (rc == 0)
			rc = tidy_folder(c, d, dirfd(dir), e->d_name, err);
	}
	closedir(dir);
	return rc < 0 ? -1 : 0;
}
