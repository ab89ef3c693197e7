/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blobs: where chunk objects lie.  An object is written once, never changed, and known by a name of
 * 128 random bits that is never used again.
 *
 *     blobs_begin --blob_append*--> blob_finish --blobs_keep--> durable under its name
 *                         \______________\________ blob_drop: nothing stays
 *
 * An object is kept before the catalog gets its row, so a row never names an object that a crash
 * could still take.  What a crash leaves behind the other way round (an object without a row) harms
 * nobody.
 *
 * Threads: a store may be used by many at once; one writer or reader belongs to one at a time.
 */
#ifndef BLOBS_BLOBS_H
#define BLOBS_BLOBS_H

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

#define BLOB_NAME_BYTES   16
#define BLOB_SHA256_BYTES 32

struct blob_name {
	uint8_t bytes[BLOB_NAME_BYTES];
};

/* What is known of an object once all of it has arrived. */
struct blob_info {
	struct blob_name name;
	uint64_t size;                     /* bytes */
	uint8_t sha256[BLOB_SHA256_BYTES]; /* of its bytes, computed while they arrived */
};

struct blobs;
struct blob_writer;
struct blob_reader;

#define BLOBS_PARTS 4096 /* of a store, by the first three digits of the names */

typedef int blob_name_fn(void *ctx, const struct blob_name *name, struct err *err);

#define BLOB_ABSENT 1 /* blobs_open(), blobs_remove(): there is no object of that name */

/* One kind of store.  Instances: blobs_dir. */
struct blobs_ops {
	const char *scheme; /* "dir": what stands before the colon in --blobs */

	/* A new object under a fresh random name; nothing is visible yet. */
	int (*begin)(struct blob_writer **out, struct blobs *b, struct err *err);
	int (*append)(struct blob_writer *w, struct span s, struct err *err);
	/* All has arrived.  Not yet durable. */
	int (*finish)(struct blob_writer *w, struct blob_info *out, struct err *err);
	/* Make @n finished objects durable under their names, all or, with -1, perhaps some.  One
	 * call for many small ones costs little more than one call for one. */
	int (*keep)(struct blobs *b, struct blob_writer *const *w, size_t n, struct err *err);
	/* End a writer; what it wrote goes away unless it was kept.  NULL does nothing. */
	void (*drop)(struct blob_writer *w);

	/* *size: its bytes as it lies there.  0, BLOB_ABSENT or -1. */
	int (*open)(struct blob_reader **out, uint64_t *size, struct blobs *b,
		    const struct blob_name *name, struct err *err);
	/* Up to @n bytes, fewer only at the end. */
	int (*read)(struct blob_reader *r, void *p, size_t n, size_t *got, struct err *err);
	void (*close)(struct blob_reader *r);

	/* Put the object into @to, a store of the same kind, under its name: 0 (also if it is there),
	 * BLOB_ABSENT or -1.  Not durable yet. */
	int (*give)(struct blobs *b, struct blobs *to, const struct blob_name *name,
		    struct err *err);

	/* 0, BLOB_ABSENT or -1. */
	int (*remove)(struct blobs *b, const struct blob_name *name, struct err *err);
	/* All objects of one part of the store, 0 <= @part < BLOBS_PARTS, in no order. */
	int (*names)(struct blobs *b, unsigned part, blob_name_fn *fn, void *ctx, struct err *err);
	/* Bytes free for this process, and the whole size of what it lies on. */
	int (*room)(struct blobs *b, uint64_t *free_bytes, uint64_t *total_bytes, struct err *err);
	void (*free)(struct blobs *b);
};

/* The beginning of every instance. */
struct blobs {
	const struct blobs_ops *ops;
};

/**
 * Open a store.
 * @url  "dir:PATH"; the folder is made if it is not there.
 * Cleans away what cut uploads left: the caller holds the lock on the data folder.
 * @return 0, or -1: ERR_USAGE (unknown scheme), ERR_IO, ERR_FULL, ERR_NOMEM.
 */
int blobs_open_store(struct blobs **out, const char *url, struct err *err);
void blobs_free(struct blobs *b);
AUTO_PTR(blobs_free, struct blobs);

static inline int
blobs_begin(struct blob_writer **out, struct blobs *b, struct err *err)
{
	return b->ops->begin(out, b, err);
}

static inline int
blobs_keep(struct blobs *b, struct blob_writer *const *w, size_t n, struct err *err)
{
	return b->ops->keep(b, w, n, err);
}

static inline int
blobs_open(struct blob_reader **out, uint64_t *size, struct blobs *b, const struct blob_name *name,
	   struct err *err)
{
	return b->ops->open(out, size, b, name, err);
}

static inline int
blobs_remove(struct blobs *b, const struct blob_name *name, struct err *err)
{
	return b->ops->remove(b, name, err);
}

/**
 * Read an object through and compare it with what is known of it.
 * @return 0; BLOB_ABSENT; BLOB_DAMAGED: another size or SHA-256, or the disk cannot read it;
 *         or -1: ERR_NOMEM, ERR_IO.
 */
#define BLOB_DAMAGED 2
int blobs_verify(struct blobs *b, const struct blob_info *expected, struct err *err);

/* Two hexadecimal digits a byte and a NUL. */
#define BLOB_NAME_TEXT_BYTES (2 * BLOB_NAME_BYTES + 1)
void blob_name_text(char out[static BLOB_NAME_TEXT_BYTES], const struct blob_name *name);

/** The folder "dir:PATH".  Objects lie at PATH/a/bc/abc…, writers' temporary files in
 * PATH/incoming; the latter are removed here. */
int blobs_dir_new(struct blobs **out, const char *path, struct err *err);

#endif
