/* SPDX-License-Identifier: Apache-2.0 */
/* sealed_vfs: see sealed_vfs.h. */
#include "sql/sealed_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "os/scratch.h"

#define BLOCK_BYTES ((size_t)4096)
#define BLOCKS_MAX  (SIZE_MAX / 64)
#define NO_BLOCK    UINT64_MAX /* never written: zeros */
#define NAME_BYTES  64

struct sealed_file {
	uint64_t *blocks; /* owned; where each lies in the scratch */
	size_t n_blocks, cap;
	uint64_t size; /* bytes */
	bool is_there;
};

static const char *const suffixes[] = { "", "-wal", "-journal" };

#define N_FILES (sizeof suffixes / sizeof *suffixes)

struct sealed_vfs {
	sqlite3_vfs vfs;   /* first: SQLite's view */
	sqlite3_vfs *base; /* the system's, for what is no file of ours */
	struct scratch *scratch;
	struct sealed_file files[N_FILES];
	struct buf block; /* the one in hand */
	int sys_errno;    /* of the last failure */
	char name[NAME_BYTES];
};

/* An open file, in SQLite's memory. */
struct handle {
	sqlite3_file base; /* first */
	struct sealed_vfs *vfs;
	struct sealed_file *file; /* one of vfs->files, or, with `own`, owned */
	bool own;
};

static void
file_clear(struct sealed_file *f)
{
	free(f->blocks);
	*f = (struct sealed_file){ 0 };
}

/* 1. Blocks. */

/* Block @nth into v->block. */
static int
get_block(struct sealed_vfs *v, const struct sealed_file *f, size_t nth, struct err *err)
{
	struct scratch_place place = { NO_BLOCK, BLOCK_BYTES };
	uint8_t *zeros;

	buf_reset(&v->block);
	if (nth < f->n_blocks)
		place.at = f->blocks[nth];
	if (place.at != NO_BLOCK)
		return scratch_get(&v->block, v->scratch, place, err);
	if (buf_extend(&v->block, BLOCK_BYTES, &zeros, err) < 0)
		return -1;
	memset(zeros, 0, BLOCK_BYTES);
	return 0;
}

static int
put_block(struct sealed_vfs *v, struct sealed_file *f, size_t nth, struct span bytes,
	  struct err *err)
{
	struct scratch_place place;

	if (array_reserve((void **)&f->blocks, &f->cap, nth + 1, sizeof *f->blocks, BLOCKS_MAX,
			  err) < 0 ||
	    scratch_put(&place, v->scratch, bytes, err) < 0)
		return -1;
	while (f->n_blocks <= nth)
		f->blocks[f->n_blocks++] = NO_BLOCK;
	f->blocks[nth] = place.at;
	return 0;
}

static int
file_write(struct sealed_vfs *v, struct sealed_file *f, struct span bytes, uint64_t at,
	   struct err *err)
{
	while (bytes.n) {
		size_t nth = (size_t)(at / BLOCK_BYTES), within = (size_t)(at % BLOCK_BYTES);
		size_t n = BLOCK_BYTES - within < bytes.n ? BLOCK_BYTES - within : bytes.n;
		struct span block = span_of(bytes.p, n);

		if (n < BLOCK_BYTES) {
			if (get_block(v, f, nth, err) < 0)
				return -1;
			memcpy(v->block.p + within, bytes.p, n);
			block = buf_span(&v->block);
		}
		if (put_block(v, f, nth, block, err) < 0)
			return -1;
		bytes = span_skip(bytes, n);
		at += n;
		f->size = at > f->size ? at : f->size;
	}
	return 0;
}

/* All of @p is within the file. */
static int
file_read(struct sealed_vfs *v, const struct sealed_file *f, uint8_t *p, size_t left, uint64_t at,
	  struct err *err)
{
	while (left) {
		size_t within = (size_t)(at % BLOCK_BYTES);
		size_t n = BLOCK_BYTES - within < left ? BLOCK_BYTES - within : left;

		if (get_block(v, f, (size_t)(at / BLOCK_BYTES), err) < 0)
			return -1;
		memcpy(p, v->block.p + within, n);
		p += n;
		at += n;
		left -= n;
	}
	return 0;
}

/* What is cut off is zeros, should the file grow again. */
static int
file_cut(struct sealed_vfs *v, struct sealed_file *f, uint64_t size, struct err *err)
{
	size_t whole = (size_t)(size / BLOCK_BYTES), within = (size_t)(size % BLOCK_BYTES);

	if (size >= f->size)
		return 0;
	if (within) {
		if (get_block(v, f, whole, err) < 0)
			return -1;
		memset(v->block.p + within, 0, BLOCK_BYTES - within);
		if (put_block(v, f, whole, buf_span(&v->block), err) < 0)
			return -1;
	}
	if (f->n_blocks > whole + (within > 0))
		f->n_blocks = whole + (within > 0);
	f->size = size;
	return 0;
}

/* 2. An open file, as SQLite asks. */

static struct handle *
handle_of(sqlite3_file *file)
{
	return (struct handle *)file;
}

static int
result(struct sealed_vfs *v, int rc, int failure, const struct err *err)
{
	if (rc == 0)
		return SQLITE_OK;
	v->sys_errno = err->sys_errno;
	return err->code == ERR_NOMEM  ? SQLITE_IOERR_NOMEM
	       : err->code == ERR_FULL ? SQLITE_FULL
				       : failure;
}

static int
on_close(sqlite3_file *file)
{
	struct handle *h = handle_of(file);

	if (h->own) {
		file_clear(h->file);
		free(h->file);
	}
	return SQLITE_OK;
}

static int
on_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	struct handle *h = handle_of(file);
	uint64_t left = (uint64_t)at < h->file->size ? h->file->size - (uint64_t)at : 0;
	size_t there = left < (uint64_t)n ? (size_t)left : (size_t)n;
	struct err err = { 0 };
	int rc = file_read(h->vfs, h->file, p, there, (uint64_t)at, &err);

	if (rc < 0)
		return result(h->vfs, rc, SQLITE_IOERR_READ, &err);
	memset((uint8_t *)p + there, 0, (size_t)n - there);
	return there < (size_t)n ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int
on_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct handle *h = handle_of(file);
	struct err err = { 0 };

	return result(h->vfs,
		      file_write(h->vfs, h->file, span_of(p, (size_t)n), (uint64_t)at, &err),
		      SQLITE_IOERR_WRITE, &err);
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct handle *h = handle_of(file);
	struct err err = { 0 };

	return result(h->vfs, file_cut(h->vfs, h->file, (uint64_t)size, &err),
		      SQLITE_IOERR_TRUNCATE, &err);
}

static int
on_size(sqlite3_file *file, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)handle_of(file)->file->size;
	return SQLITE_OK;
}

/* Nothing outlives the process: there is nothing to sync.  Nobody else has it open: nothing to lock. */
static int
on_nothing(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static int
on_check_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int
on_control(sqlite3_file *file, int what, void *arg)
{
	if (what != SQLITE_FCNTL_LAST_ERRNO)
		return SQLITE_NOTFOUND;
	*(int *)arg = handle_of(file)->vfs->sys_errno;
	return SQLITE_OK;
}

static int
on_sector_size(sqlite3_file *file)
{
	(void)file;
	return (int)BLOCK_BYTES;
}

static int
on_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_nothing,
	.xFileSize = on_size,
	.xLock = on_nothing,
	.xUnlock = on_nothing,
	.xCheckReservedLock = on_check_reserved,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
};

/* 3. Names. */

static struct sealed_vfs *
vfs_of(sqlite3_vfs *vfs)
{
	return (struct sealed_vfs *)vfs;
}

/* The file "db" and @suffix; NULL: none of ours. */
static struct sealed_file *
file_named(struct sealed_vfs *v, const char *name)
{
	size_t n = strlen(SEALED_VFS_DB);

	for (size_t i = 0; i < N_FILES; i++)
		if (strncmp(name, SEALED_VFS_DB, n) == 0 && strcmp(name + n, suffixes[i]) == 0)
			return &v->files[i];
	return NULL;
}

/* A name, or NULL for a temporary file. */
static int
on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct sealed_vfs *v = vfs_of(vfs);
	struct handle *h = handle_of(file);
	struct sealed_file *f = name ? file_named(v, name) : calloc(1, sizeof *f);

	*h = (struct handle){ .vfs = v, .file = f, .own = !name };
	if (!name && !f)
		return SQLITE_NOMEM;
	if (!f || (name && !f->is_there && !(flags & SQLITE_OPEN_CREATE)))
		return SQLITE_CANTOPEN;
	f->is_there = true;
	h->base.pMethods = &methods;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct sealed_file *f = file_named(vfs_of(vfs), name);

	(void)sync;
	if (!f || !f->is_there)
		return SQLITE_IOERR_DELETE_NOENT;
	file_clear(f);
	return SQLITE_OK;
}

/* A journal can name another one, of a transaction over several databases: it counts if that is there. */
static int
on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	struct sealed_vfs *v = vfs_of(vfs);
	const struct sealed_file *f = file_named(v, name);

	if (!f)
		return v->base->xAccess(v->base, name, flags, out);
	*out = f->is_there;
	return SQLITE_OK;
}

static int
on_full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	return snprintf(out, (size_t)n, "%s", name) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
on_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)n;
	(void)out;
	return vfs_of(vfs)->sys_errno;
}

/* 4. The whole. */

int
sealed_vfs_new(struct sealed_vfs **out, struct err *err)
{
	AUTO(sealed_vfs_free) struct sealed_vfs *v = calloc(1, sizeof *v);

	if (!v)
		return err_nomem(err);
	v->base = sqlite3_vfs_find(NULL);
	if (!v->base)
		return err_set(err, ERR_INTERNAL, "SQLite has no files");
	v->block.max = BLOCK_BYTES;
	if (scratch_new_temporary(&v->scratch, err) < 0)
		return -1;
	snprintf(v->name, sizeof v->name, "cloudbox-sealed-%p", (void *)v);
	v->vfs = *v->base; /* time, chance and sleep are the system's */
	v->vfs.iVersion = 2;
	v->vfs.szOsFile = (int)sizeof(struct handle);
	v->vfs.pNext = NULL;
	v->vfs.zName = v->name;
	v->vfs.xOpen = on_open;
	v->vfs.xDelete = on_delete;
	v->vfs.xAccess = on_access;
	v->vfs.xFullPathname = on_full_path;
	v->vfs.xGetLastError = on_last_error;
	if (sqlite3_vfs_register(&v->vfs, 0) != SQLITE_OK)
		return err_nomem(err);
	*out = TAKE(v);
	return 0;
}

void
sealed_vfs_free(struct sealed_vfs *v)
{
	if (!v)
		return;
	sqlite3_vfs_unregister(&v->vfs);
	for (size_t i = 0; i < N_FILES; i++)
		file_clear(&v->files[i]);
	scratch_free(v->scratch);
	buf_clear(&v->block);
	free(v);
}

const char *
sealed_vfs_name(const struct sealed_vfs *v)
{
	return v->name;
}

int
sealed_vfs_append(struct sealed_vfs *v, const char *suffix, struct span bytes, struct err *err)
{
	char name[NAME_BYTES];
	struct sealed_file *f;

	snprintf(name, sizeof name, SEALED_VFS_DB "%s", suffix);
	f = file_named(v, name);
	if (!f)
		return err_set(err, ERR_INTERNAL, "no such file in a sealed copy");
	f->is_there = true;
	return file_write(v, f, bytes, f->size, err);
}
