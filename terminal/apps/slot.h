/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot: a folder as one item: its files in one tar, always the same bytes for the same files.
 *
 * docs/formats/slot.md says which bytes.  A folder's stamp is made of the paths and stamps of all its
 * files, so it tells without reading that nothing in it changed; its size is the tar's.
 */
#ifndef APPS_SLOT_H
#define APPS_SLOT_H

#include "apps/folder_session.h"
#include "item/key.h"

#define SLOT_BLOCK_BYTES    512
#define SLOT_END_BYTES      (2 * SLOT_BLOCK_BYTES)
#define SLOT_FILE_BYTES_MAX ((UINT64_C(1) << 33) - 1) /* what eleven octal digits say: 8 GiB */
#define SLOT_FILES_MAX      1000000u

/* What is known of a folder's files, added in the order of whole paths. */
struct slot_sum {
	struct field_key hash;
	uint64_t size;    /* of their entries */
	int64_t mtime_ns; /* of the newest */
};

/** @path: within the slot. */
void slot_sum_add(struct slot_sum *s, const char *path, const struct app_stamp *stamp);
struct app_stamp slot_sum_stamp(const struct slot_sum *s);

/* A folder's files as they are now. */
struct slot {
	struct folder_root root;
	struct app_source *files; /* owned, with their paths */
	size_t n, cap;
	size_t n_odd; /* links and the like, which are left out */
	struct slot_sum sum;
};

#define SLOT_INIT                                                                                  \
	{                                                                                          \
		.root = FOLDER_ROOT_INIT                                                           \
	}

/** List the folder @name in @parent.  0, APP_MOVED (there is no such folder), or -1: ERR_IO (a part of
 *  it cannot be read), ERR_LIMIT. */
int slot_load(struct slot *out, int parent_fd, const char *name, struct err *err);
void slot_clear(struct slot *s);
AUTO_OBJ(slot_clear, struct slot);

/** A reader of the tar of the folder @name in @parent, if it still has @stamp; @parent is borrowed as
 *  long as the reader lives.  0, APP_MOVED or -1. */
int slot_reader_new(struct item_reader **out, int parent_fd, const char *name,
		    const struct app_stamp *stamp, struct err *err);

/** A writer of such a tar into the new folder @name in @parent (borrowed as above); @path is what the
 *  item is called.  Anything that is no tar of ours is ERR_FORMAT, and nothing of it remains. */
int slot_writer_new(struct item_writer **out, int parent_fd, const char *name, const char *path,
		    struct err *err);

/** Remove the folder if it still has @stamp and holds nothing that is left out.  0, APP_MOVED, -1. */
int slot_remove(int parent_fd, const char *name, const struct app_stamp *stamp, struct err *err);

/* The tar's entries: slot_tar.c. */

/** The blocks before a file's content, appended to @out.  ERR_LIMIT: larger than SLOT_FILE_BYTES_MAX. */
int slot_entry_print(struct buf *out, const char *path, uint64_t size, struct err *err);

/** Bytes of them, of the content and of what fills its last block. */
uint64_t slot_entry_bytes(const char *path, uint64_t size);

/** Zeros that fill the last block of @size bytes. */
static inline size_t
slot_padding(uint64_t size)
{
	return (size_t)(-size % SLOT_BLOCK_BYTES);
}

/* An entry as it is read: from its first block on, until it is whole. */
struct slot_head {
	struct buf bytes;
	char *path; /* owned */
	uint64_t size;
	bool at_end; /* it is the first of the two last blocks */
};

#define SLOT_HEAD_BYTES_MAX (4 * SLOT_BLOCK_BYTES + APP_PATH_MAX)

#define SLOT_HEAD_INIT                                                                             \
	{                                                                                          \
		.bytes = BUF_INIT(SLOT_HEAD_BYTES_MAX)                                             \
	}

void slot_head_clear(struct slot_head *h);

/** Another block.  0: the entry is whole; SLOT_MORE: another one; -1: ERR_FORMAT, ERR_NOMEM. */
#define SLOT_MORE 1
int slot_head_add(struct slot_head *h, struct span block, struct err *err);

#endif
