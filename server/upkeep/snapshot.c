/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: see snapshot.h. */
#include "upkeep/snapshot.h"

#include <errno.h>
#include <unistd.h>

#include "os/os.h"

#define PAGE 128

struct snapshot {
	struct blobs *from, *to;
	const _Atomic bool *stop;
	struct snapshot_result *result;
	int64_t row; /* the cursor */
	struct hash32 cid;
	struct catalog_located at[PAGE];
	size_t n;
};

static int
take_located(void *ctx, const struct catalog_located *l, struct err *err)
{
	struct snapshot *s = ctx;

	(void)err;
	s->at[s->n++] = *l;
	return 0;
}

static int
read_page(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct snapshot *s = ctx;

	s->n = 0;
	return tx->ops->chunks_all(tx, s->row, &s->cid, PAGE, take_located, s, err);
}

static int
give_page(struct snapshot *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct blob_info *object = &s->at[i].chunk.object;
		if (*s->stop)
			return err_set(err, ERR_CANCELLED, "the server stops");
		int rc = s->from->ops->give(s->from, s->to, &object->name, err);
		if (rc < 0)
			return -1;
		s->result->objects += rc == 0; /* one that is gone is gone: check names it */
		s->result->bytes += rc == 0 ? object->size : 0;
		s->row = s->at[i].device_row;
		s->cid = s->at[i].chunk.cid;
	}
	return 0;
}

/* What the copied catalog names; it is nobody else's yet. */
static int
give_objects(struct snapshot *s, const char *db_url, struct err *err)
{
	AUTO(catalog_free) struct catalog *copy = NULL;

	if (catalog_open(&copy, db_url, NULL, err) < 0)
		return -1;
	do {
		if (catalog_read(copy, read_page, s, err) < 0 || give_page(s, err) < 0)
			return -1;
	} while (s->n == PAGE);
	return 0;
}

static int
copy_small(int from_fd, int to_fd, const char *name, mode_t mode, struct err *err)
{
	AUTO(buf_clear) struct buf content = BUF_INIT(65536);

	if (os_read_file(from_fd, name, &content, err) < 0)
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	return os_create_file(to_fd, name, buf_span(&content), mode, err) < 0 ? -1 : 0;
}

/* Everything in the folder @fd, whoever wrote it. */
static int
make_durable(int fd, struct err *err)
{
	if (os->syncfs(fd) == 0)
		return 0;
	if (errno != ENOSYS)
		return err_sys(err, errno, "cannot make the snapshot durable");
	sync();
	return 0;
}

static int
fill(const char *partial, struct catalog *c, struct snapshot *s, int data_fd, int fd,
     struct err *err)
{
	AUTO(buf_clear) struct buf db = BUF_INIT(8192);
	AUTO(buf_clear) struct buf store = BUF_INIT(8192);
	AUTO(blobs_free) struct blobs *to = NULL;

	if (buf_append_fmt(&db, err, "sqlite:%s/cloudbox.db", partial) < 0 ||
	    buf_append_fmt(&store, err, "dir:%s/blobs", partial) < 0 ||
	    c->ops->copy(c, buf_str(&db) + sizeof "sqlite:" - 1, err) < 0 ||
	    blobs_open_store(&to, buf_str(&store), err) < 0)
		return -1;
	s->to = to;
	if (give_objects(s, buf_str(&db), err) < 0 ||
	    copy_small(data_fd, fd, "tls-key.pem", 0600, err) < 0 ||
	    copy_small(data_fd, fd, "tls-cert.pem", 0644, err) < 0)
		return -1;
	return make_durable(fd, err);
}

static int
exists(const char *path, struct err *err)
{
	err_set(err, ERR_CONFLICT, "there is a %s already", path);
	return err_hint(err, "name a folder that does not exist, or remove that one first");
}

int
snapshot_make(const char *path, struct catalog *c, struct blobs *b, int data_fd,
	      const _Atomic bool *stop, struct snapshot_result *result, struct err *err)
{
	struct snapshot s = { .from = b, .stop = stop, .result = result };
	AUTO(buf_clear) struct buf partial = BUF_INIT(8192);
	struct stat st;

	*result = (struct snapshot_result){ 0 };
	if (buf_append_fmt(&partial, err, "%s.partial", path) < 0)
		return -1;
	if (os->fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return exists(path, err);
	if (os->mkdirat(AT_FDCWD, buf_str(&partial), 0700) < 0)
		return errno == EEXIST ? exists(buf_str(&partial), err)
				       : err_sys(err, errno, "cannot make %s", buf_str(&partial));
	int fd = os->openat(AT_FDCWD, buf_str(&partial), O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", buf_str(&partial));
	int rc = fill(buf_str(&partial), c, &s, data_fd, fd, err);
	os->close(fd);
	if (rc < 0)
		return -1;
	int moved = os->rename_new(AT_FDCWD, buf_str(&partial), AT_FDCWD, path);
	if (moved < 0 &&
	    (errno == EINVAL || errno == ENOSYS)) /* of folders only an empty one gives way */
		moved = os->renameat(AT_FDCWD, buf_str(&partial), AT_FDCWD, path);
	if (moved < 0)
		return errno == EEXIST ? exists(path, err)
				       : err_sys(err, errno, "cannot name the snapshot %s", path);
	return os_sync_folder_of(AT_FDCWD, path, err);
}
