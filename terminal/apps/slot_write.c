/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_write: a slot's tar becomes a folder again, whole or not at all; see slot.h.
 *
 *     HEAD --its blocks--> CONTENT --its bytes--> FILL --its zeros--> HEAD
 *       \--a block of zeros--> LAST --another one--> DONE --finish--> in its place
 *
 * The files are made in a folder beside the place, each durable, and the folder gets its name last.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "apps/item_writer.h"
#include "apps/slot.h"

enum step {
	STEP_HEAD,
	STEP_CONTENT,
	STEP_FILL,
	STEP_LAST,
	STEP_DONE,
};

struct writing {
	int parent_fd; /* borrowed */
	char *name;
	char tmp[FOLDER_TEMPORARY_BYTES]; /* "": none, or it is in its place */
	struct folder_root root;          /* the folder beside */
	enum step step;
	struct slot_head head;
	uint8_t block[SLOT_BLOCK_BYTES]; /* of head, fill or end, as far as it came */
	size_t block_n;
	int fd, folder_fd; /* of the file at hand, or -1 */
	uint64_t left;     /* of its content */
	size_t fill;       /* zeros behind it */
};

static void
file_close(struct writing *w)
{
	if (w->fd >= 0)
		os->close(w->fd);
	if (w->folder_fd >= 0)
		os->close(w->folder_fd);
	w->fd = w->folder_fd = -1;
}

static void
writing_free(void *ctx)
{
	struct writing *w = ctx;
	struct err ignored = { 0 };

	file_close(w);
	folder_close(&w->root);
	if (w->tmp[0])
		folder_remove_tree(w->parent_fd, w->tmp, &ignored); /* else tidy() does */
	slot_head_clear(&w->head);
	free(w->name);
	free(w);
}

static int
is_broken(struct err *err)
{
	return err_set(err, ERR_FORMAT, "a saved folder is cut off or damaged");
}

/* The file that the head names, in the folder beside. */
static int
file_open(struct writing *w, struct err *err)
{
	const char *name;
	int rc = folder_of(&w->folder_fd, &name, &w->root, w->head.path, FOLDER_MISSING_MAKE, err);

	if (rc)
		return rc < 0 ? -1 : is_broken(err);
	w->fd = os->openat(w->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	if (w->fd < 0)
		return err_sys(err, errno, "cannot create a file in the app's folder");
	w->left = w->head.size;
	return 0;
}

static int
file_end(struct writing *w, struct err *err)
{
	if (os->fsync(w->fd) < 0 || os->fsync(w->folder_fd) < 0)
		return err_sys(err, errno, "cannot make a new file durable");
	file_close(w);
	return 0;
}

/* What comes after a file's content. */
static int
content_done(struct writing *w, struct err *err)
{
	w->fill = slot_padding(w->head.size);
	w->step = w->fill ? STEP_FILL : STEP_HEAD;
	slot_head_clear(&w->head);
	return file_end(w, err);
}

static int
head_done(struct writing *w, struct err *err)
{
	int rc = slot_head_add(&w->head, SPAN_ARRAY(w->block), err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (w->head.at_end) {
		w->step = STEP_LAST;
		return 0;
	}
	w->step = STEP_CONTENT;
	if (file_open(w, err) < 0)
		return -1;
	return w->left ? 0 : content_done(w, err);
}

/* A block, or what fills one, is whole. */
static int
block_done(struct writing *w, size_t n, struct err *err)
{
	w->block_n = 0;
	if (w->step == STEP_HEAD)
		return head_done(w, err);
	for (size_t i = 0; i < n; i++)
		if (w->block[i])
			return is_broken(err);
	w->step = w->step == STEP_FILL ? STEP_HEAD : STEP_DONE;
	return 0;
}

/* Take from @piece what the step at hand wants; *used tells. */
static int
take(struct writing *w, struct span piece, size_t want, size_t *used, struct err *err)
{
	*used = piece.n < want - w->block_n ? piece.n : want - w->block_n;
	memcpy(w->block + w->block_n, piece.p, *used);
	w->block_n += *used;
	return w->block_n < want ? 0 : block_done(w, want, err);
}

static int
take_content(struct writing *w, struct span piece, size_t *used, struct err *err)
{
	*used = piece.n < w->left ? piece.n : (size_t)w->left;
	if (os_write_all(w->fd, span_of(piece.p, *used), w->head.path, err) < 0)
		return -1;
	w->left -= *used;
	return w->left ? 0 : content_done(w, err);
}

static int
write_some(struct writing *w, struct span piece, size_t *used, struct err *err)
{
	switch (w->step) {
	case STEP_CONTENT:
		return take_content(w, piece, used, err);
	case STEP_FILL:
		return take(w, piece, w->fill, used, err);
	case STEP_HEAD:
	case STEP_LAST:
		return take(w, piece, SLOT_BLOCK_BYTES, used, err);
	case STEP_DONE:
		break;
	}
	return is_broken(err);
}

static int
writing_write(void *ctx, struct span piece, struct err *err)
{
	for (size_t used = 0; piece.n; piece = span_skip(piece, used))
		if (write_some(ctx, piece, &used, err) < 0)
			return -1;
	return 0;
}

struct timing {
	int fd;
	struct timespec t;
};

/* A time is no content: nothing fails for it, or waits for it. */
static int
set_time(void *ctx, const struct app_source *source, struct err *err)
{
	const struct timing *to = ctx;

	(void)err;
	utimensat(to->fd, source->path, (struct timespec[]){ to->t, to->t }, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* All files get the time of the newest; without one (negative) they keep theirs, of now. */
static int
set_times(struct writing *w, int64_t modified_unix_ms, struct err *err)
{
	struct timing to = { .fd = w->root.fd };

	if (modified_unix_ms < 0)
		return 0;
	to.t.tv_sec = (time_t)(modified_unix_ms / 1000);
	to.t.tv_nsec = (long)(modified_unix_ms % 1000) * 1000000;
	return folder_walk(&w->root, NULL, set_time, NULL, &to, err);
}

static int
writing_finish(void *ctx, int64_t modified_unix_ms, struct app_stamp *stamp, struct err *err)
{
	AUTO(slot_clear) struct slot now = SLOT_INIT;
	struct writing *w = ctx;
	int rc;

	if (w->step != STEP_DONE)
		return is_broken(err);
	if (set_times(w, modified_unix_ms, err) < 0)
		return -1;
	rc = os_put_new(w->parent_fd, w->tmp, w->name, err);
	if (rc)
		return rc == OS_EXISTS ? APP_EXISTS : -1;
	w->tmp[0] = '\0';
	if (os->fsync(w->parent_fd) < 0)
		return err_sys(err, errno, "cannot make the app's folder durable");
	rc = slot_load(&now, w->parent_fd, w->name, err);
	if (rc == APP_MOVED)
		return err_set(err, ERR_CONFLICT, "%s was taken away at once", w->name);
	*stamp = slot_sum_stamp(&now.sum);
	return rc;
}

/* The folder beside. */
static int
make_beside(struct writing *w, struct err *err)
{
	folder_temporary_name(w->tmp);
	if (os->mkdirat(w->parent_fd, w->tmp, 0777) < 0) {
		w->tmp[0] = '\0';
		return err_sys(err, errno, "cannot make a folder in the app's folder");
	}
	w->root.fd = os->open_beneath(w->parent_fd, w->tmp, O_RDONLY | O_DIRECTORY, 0);
	return w->root.fd < 0 ? err_sys(err, errno, "cannot open a new folder") : 0;
}

int
slot_writer_new(struct item_writer **out, int parent_fd, const char *name, const char *path,
		struct err *err)
{
	struct writing *w = calloc(1, sizeof *w);

	if (!w)
		return err_nomem(err);
	*w = (struct writing){ .parent_fd = parent_fd,
			       .name = strdup(name),
			       .root = FOLDER_ROOT_INIT,
			       .head = SLOT_HEAD_INIT,
			       .fd = -1,
			       .folder_fd = -1 };
	if (!w->name || make_beside(w, err) < 0) {
		if (!w->name)
			err_nomem(err);
		writing_free(w);
		return -1;
	}
	struct taken_bytes taken = { w, writing_write, writing_finish, writing_free };
	return taken_writer_new(out, &taken, path, err);
}
