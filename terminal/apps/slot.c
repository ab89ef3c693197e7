/* SPDX-License-Identifier: Apache-2.0 */
/* slot: a folder listed, read as a tar, and removed; see slot.h.  slot_write.c makes one. */
#include "apps/slot.h"

#include <errno.h>
#include <stdlib.h>

#include "apps/item_reader.h"
#include "base/array.h"
#include "base/bytes.h"

/* What it is like now. */

void
slot_sum_add(struct slot_sum *s, const char *path, const struct app_stamp *stamp)
{
	uint8_t line[FIELD_KEY_BYTES + APP_PATH_MAX + 1 + 40];
	size_t n = strlen(path) + 1;
	uint8_t *p = line;

	if (n > APP_PATH_MAX + 1)
		n = APP_PATH_MAX + 1;
	memcpy(p, s->hash.b, FIELD_KEY_BYTES);
	memcpy(p += FIELD_KEY_BYTES, path, n);
	p += n;
	put_u64(p, stamp->device);
	put_u64(p + 8, stamp->inode);
	put_u64(p + 16, stamp->size);
	put_u64(p + 24, (uint64_t)stamp->mtime_ns);
	put_u64(p + 32, (uint64_t)stamp->ctime_ns);
	s->hash = key_hash(span_of(line, (size_t)(p + 40 - line)));
	s->size += slot_entry_bytes(path, stamp->size);
	if (stamp->mtime_ns > s->mtime_ns)
		s->mtime_ns = stamp->mtime_ns;
}

struct app_stamp
slot_sum_stamp(const struct slot_sum *s)
{
	return (struct app_stamp){ .device = get_u64(s->hash.b),
				   .inode = get_u64(s->hash.b + 8),
				   .size = s->size + SLOT_END_BYTES,
				   .mtime_ns = s->mtime_ns };
}

void
slot_clear(struct slot *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((char *)(uintptr_t)s->files[i].path);
	free(s->files);
	folder_close(&s->root);
	*s = (struct slot)SLOT_INIT;
}

static int
add_file(void *ctx, const struct app_source *source, struct err *err)
{
	struct slot *s = ctx;
	char *path;

	if (array_reserve((void **)&s->files, &s->cap, s->n + 1, sizeof *s->files, SLOT_FILES_MAX,
			  err) < 0)
		return -1;
	path = strdup(source->path);
	if (!path)
		return err_nomem(err);
	s->files[s->n++] = (struct app_source){ path, source->stamp };
	slot_sum_add(&s->sum, path, &source->stamp);
	return 0;
}

/* A link is left out; a folder that cannot be listed is no part to be left out. */
static int
leave_out(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct slot *s = ctx;

	s->n_odd++;
	if (refused->why->code != ERR_IO)
		return 0;
	if (err)
		*err = *refused->why;
	return -1;
}

int
slot_load(struct slot *out, int parent_fd, const char *name, struct err *err)
{
	slot_clear(out);
	out->root.fd = os->open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (out->root.fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return APP_MOVED;
	if (out->root.fd < 0)
		return err_sys(err, errno, "cannot open the folder %s", name);
	return folder_walk(&out->root, NULL, add_file, leave_out, out, err);
}

/* Is the folder as @stamp says?  @out is then what it holds.  0, APP_MOVED or -1. */
static int
load_as(struct slot *out, int parent_fd, const char *name, const struct app_stamp *stamp,
	struct err *err)
{
	struct app_stamp now;
	int rc = slot_load(out, parent_fd, name, err);

	if (rc)
		return rc;
	now = slot_sum_stamp(&out->sum);
	return app_stamp_equal(&now, stamp) ? 0 : APP_MOVED;
}

/* Reading. */

struct reading {
	int parent_fd; /* borrowed */
	char *name;
	struct app_stamp stamp;
	struct slot slot;
	size_t next; /* file */
	int fd;      /* of the file at hand, or -1 */
	uint64_t left;
	struct buf out; /* headers and padding, given out from out_at on */
	size_t out_at;
	bool ended;
};

static void
reading_free(void *ctx)
{
	struct reading *r = ctx;

	if (r->fd >= 0)
		os->close(r->fd);
	slot_clear(&r->slot);
	buf_clear(&r->out);
	free(r->name);
	free(r);
}

static int
fill_zeros(struct reading *r, size_t n, struct err *err)
{
	uint8_t *p;

	if (buf_extend(&r->out, n, &p, err) < 0)
		return -1;
	memset(p, 0, n);
	return 0;
}

/* The next blocks that stand between the files' contents.  0, APP_MOVED or -1. */
static int
go_on(struct reading *r, struct err *err)
{
	const struct app_source *file = r->next ? &r->slot.files[r->next - 1] : NULL;
	int rc = 0;

	buf_reset(&r->out);
	r->out_at = 0;
	if (r->fd >= 0) {
		rc = folder_check_file(r->fd, &r->slot.root, file->path, &file->stamp, err);
		os->close(r->fd);
		r->fd = -1;
		return rc ? rc : fill_zeros(r, slot_padding(file->stamp.size), err);
	}
	if (r->next == r->slot.n) {
		if (r->ended)
			return err_set(err, ERR_INTERNAL, "a folder's tar is longer than it says");
		r->ended = true;
		return fill_zeros(r, SLOT_END_BYTES, err);
	}
	file = &r->slot.files[r->next++];
	r->left = file->stamp.size;
	rc = folder_open_file(&r->fd, &r->slot.root, file->path, &file->stamp, err);
	return rc ? rc : slot_entry_print(&r->out, file->path, file->stamp.size, err);
}

/* As much as there is of @n bytes; *got 0 never.  0, APP_MOVED or -1. */
static int
read_some(struct reading *r, uint8_t *out, size_t n, size_t *got, struct err *err)
{
	const struct app_source *file;
	size_t have = r->out.n - r->out_at;
	ssize_t came;

	if (have) {
		*got = have < n ? have : n;
		memcpy(out, r->out.p + r->out_at, *got);
		r->out_at += *got;
		return 0;
	}
	*got = 0;
	if (r->fd < 0 || r->left == 0)
		return go_on(r, err);
	file = &r->slot.files[r->next - 1];
	if (n > r->left)
		n = (size_t)r->left;
	came = os->read(r->fd, out, n);
	if (came < 0 && errno == EINTR)
		return 0;
	if (came < 0)
		return err_sys(err, errno, "cannot read %s", file->path);
	if (came == 0)
		return APP_MOVED;
	*got = (size_t)came;
	r->left -= *got;
	return 0;
}

static int
reading_fill(void *ctx, uint8_t *out, size_t n, struct err *err)
{
	int rc = 0;

	for (size_t got; rc == 0 && n; out += got, n -= got)
		rc = read_some(ctx, out, n, &got, err);
	return rc;
}

static int
reading_check(void *ctx, struct err *err)
{
	struct reading *r = ctx;
	AUTO(slot_clear) struct slot now = SLOT_INIT;

	return load_as(&now, r->parent_fd, r->name, &r->stamp, err);
}

int
slot_reader_new(struct item_reader **out, int parent_fd, const char *name,
		const struct app_stamp *stamp, struct err *err)
{
	struct reading *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return err_nomem(err);
	*r = (struct reading){ .parent_fd = parent_fd,
			       .name = strdup(name),
			       .stamp = *stamp,
			       .slot = SLOT_INIT,
			       .fd = -1,
			       .out = BUF_INIT(SLOT_HEAD_BYTES_MAX) };
	rc = r->name ? load_as(&r->slot, parent_fd, name, stamp, err) : err_nomem(err);
	if (rc) {
		reading_free(r);
		return rc;
	}
	struct made_bytes made = { r, reading_fill, reading_check, reading_free };
	return made_reader_new(out, &made, stamp->size, err);
}

/* Removing. */

/* It stands beside under a temporary name: is it still what was to go? */
static int
remove_beside(int parent_fd, const char *tmp, const char *name, const struct app_stamp *stamp,
	      struct err *err)
{
	AUTO(slot_clear) struct slot now = SLOT_INIT;
	int rc = load_as(&now, parent_fd, tmp, stamp, err);

	if (rc == 0 && now.n_odd == 0)
		return folder_remove_tree(parent_fd, tmp, err);
	if (os->rename_new(parent_fd, tmp, parent_fd, name) < 0)
		return err_sys(err, errno, "%s was written to and lies in %s now", name, tmp);
	return rc < 0 ? -1 : APP_MOVED;
}

int
slot_remove(int parent_fd, const char *name, const struct app_stamp *stamp, struct err *err)
{
	AUTO(slot_clear) struct slot now = SLOT_INIT;
	char tmp[FOLDER_TEMPORARY_BYTES];
	int rc = load_as(&now, parent_fd, name, stamp, err);

	if (rc || now.n_odd)
		return rc ? rc : APP_MOVED;
	folder_temporary_name(tmp);
	if (os->rename_new(parent_fd, name, parent_fd, tmp) < 0)
		return errno == ENOENT ? APP_MOVED : err_sys(err, errno, "cannot remove %s", name);
	rc = remove_beside(parent_fd, tmp, name, stamp, err);
	if (rc == 0 && os->fsync(parent_fd) < 0)
		return err_sys(err, errno, "cannot make the app's folder durable");
	return rc;
}
