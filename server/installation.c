/* SPDX-License-Identifier: Apache-2.0 */
/* installation: see installation.h. */
#include "installation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "api/journal.h"
#include "base/text.h"
#include "os/os.h"

#define FOLDER_FOR_ROOT "/var/lib/cloudbox"

#define SETTING_URL "url"
#define SETTING_PIN "pin"

void
installation_clear(struct installation *in)
{
	catalog_free(in->catalog);
	blobs_free(in->blobs);
	if (in->lock_fd >= 0)
		os->close(in->lock_fd); /* gives the lock back */
	if (in->dir_fd >= 0)
		os->close(in->dir_fd);
	*in = (struct installation)INSTALLATION_INIT;
}

/* Root's data lie where the system's do, a user's among his own. */
static int
data_path(struct buf *out, const struct installation_options *o, struct err *err)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (o->data)
		return buf_append_str(out, o->data, err);
	if (geteuid() == 0)
		return buf_append_str(out, FOLDER_FOR_ROOT, err);
	if (xdg && *xdg == '/')
		return buf_append_fmt(out, err, "%s/cloudboxd", xdg);
	if (home && *home == '/')
		return buf_append_fmt(out, err, "%s/.local/share/cloudboxd", home);
	err_set(err, ERR_USAGE, "there is no home folder to keep data in");
	return err_hint(err, "say where with --data DIR");
}

int
installation_lock(struct installation *in, const struct installation_options *o, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(4096);

	if (data_path(&path, o, err) < 0 ||
	    (o->make && os_make_folders(AT_FDCWD, buf_str(&path), 0700, err) < 0))
		return -1;
	in->dir_fd = os->openat(AT_FDCWD, buf_str(&path), O_RDONLY | O_DIRECTORY, 0);
	if (in->dir_fd < 0 && errno == ENOENT) {
		err_set(err, ERR_NOT_FOUND, "there is no data folder %s", buf_str(&path));
		return err_hint(err, "cloudboxd serve makes one; --data DIR names another");
	}
	if (in->dir_fd < 0)
		return err_sys(err, errno, "cannot open the data folder %s", buf_str(&path));
	in->lock_fd = os->openat(in->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (in->lock_fd < 0)
		return err_sys(err, errno, "cannot open the lock of the data folder");
	if (flock(in->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? INSTALLATION_BUSY
				    : err_sys(err, errno, "cannot lock the data folder");
}

/* What SQLite was told to write may not be on the disk: nothing that this process believes about it
 * can be trusted any more. */
static void
end_process(void *ctx, const struct err *err)
{
	(void)ctx;
	journal("fatal: %s", err->msg);
	_exit(1);
}

/* @scheme and the place of @name within the data folder. */
static int
default_url(struct buf *out, const char *scheme, const char *name,
	    const struct installation_options *o, struct err *err)
{
	if (buf_append_str(out, scheme, err) < 0 || data_path(out, o, err) < 0)
		return -1;
	return buf_append_fmt(out, err, "/%s", name);
}

int
installation_open(struct installation *in, const struct installation_options *o, struct err *err)
{
	AUTO(buf_clear) struct buf db = BUF_INIT(4200);
	AUTO(buf_clear) struct buf blobs = BUF_INIT(4200);
	const struct catalog_options options = { .fatal = end_process };

	if (default_url(&db, "sqlite:", "cloudbox.db", o, err) < 0 ||
	    default_url(&blobs, "dir:", "blobs", o, err) < 0)
		return -1;
	if (blobs_open_store(&in->blobs, o->blobs ? o->blobs : buf_str(&blobs), err) < 0)
		return -1;
	return catalog_open(&in->catalog, o->db ? o->db : buf_str(&db), &options, err);
}

static int
address_get(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct installation_address *a = ctx;
	AUTO(buf_clear) struct buf url = BUF_INIT(sizeof a->url - 1);
	AUTO(buf_clear) struct buf pin = BUF_INIT(sizeof a->pin);

	if (tx->ops->setting_get(tx, SETTING_URL, &url, err) < 0 ||
	    tx->ops->setting_get(tx, SETTING_PIN, &pin, err) < 0)
		return -1;
	memcpy(a->url, buf_str(&url), url.n + 1);
	a->pinned = pin.n == sizeof a->pin;
	if (a->pinned)
		memcpy(a->pin, pin.p, pin.n);
	return 0;
}

int
installation_address_get(const struct installation *in, struct installation_address *out,
			 struct err *err)
{
	*out = (struct installation_address){ 0 };
	return catalog_read(in->catalog, address_get, out, err);
}

static int
address_put(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct installation_address *a = ctx;

	if (tx->ops->setting_put(tx, SETTING_URL, span_str(a->url), err) < 0)
		return -1;
	return tx->ops->setting_put(tx, SETTING_PIN, span_of(a->pin, a->pinned ? sizeof a->pin : 0),
				    err);
}

int
installation_address_put(struct installation *in, const struct installation_address *a,
			 struct err *err)
{
	struct installation_address copy = *a;

	return catalog_write(in->catalog, address_put, &copy, err);
}
