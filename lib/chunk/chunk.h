/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk: classes of large data, and how a file is cut into pieces.
 *
 * docs/formats/chunk.md.  A file's class is chosen when it is first seen and kept for its life.
 * One buffer of a piece's size is all the memory that a file of any size takes.
 */
#ifndef CHUNK_CHUNK_H
#define CHUNK_CHUNK_H

#include "base/buf.h"
#include "format/batch.h"
#include "format/payload.h"

#define CHUNK_PLAIN_BYTES_MAX (4u << 20)
#define CHUNK_DATABASE_BYTES  (256u << 10)
#define CHUNK_LISTS_MAX       64 /* list chunks of one item, each of CHUNK_LIST_ENTRIES */
#define CHUNK_LIST_ENTRIES    1024
#define CHUNK_PIECES_MAX      (RECORD_REFS_MAX - CHUNK_LISTS_MAX) /* they need refs too */

enum chunk_class {
	CHUNK_MEDIA = 1,    /* 4 MiB pieces, stored */
	CHUNK_DATABASE = 2, /* 256 KiB pieces, zstd */
	CHUNK_TEXT = 3,     /* reserved */
	CHUNK_LIST = 4,     /* chunk entries of a very large item, zstd */
	CHUNK_VALUE = 5,    /* one decoded property value, stored */
};

/** The class of a file by its MIME type, "application/vnd.sqlite3". */
enum chunk_class chunk_class_of(struct span mime);

/** ERR_FORMAT: no class, named by number; ERR_UNSUPPORTED: a reserved one. */
int chunk_class_check(uint8_t class, struct err *err);

/** Bytes of a full piece. */
size_t chunk_piece_bytes(enum chunk_class class);

/* How a file will be cut: pieces of equal size, the last one shorter. */
struct chunk_plan {
	enum chunk_class class;
	uint64_t size_bytes;   /* of the file */
	uint64_t padded_bytes; /* zeros follow up to here, in ordinary pieces; Padmé above 64 MiB */
	size_t piece_bytes;
	uint32_t n_pieces; /* 0 for an empty file */
};

/** ERR_LIMIT: more than CHUNK_PIECES_MAX pieces: 255 GiB of media, 15 of a database. */
int chunk_plan_make(struct chunk_plan *out, enum chunk_class class, uint64_t size_bytes,
		    struct err *err);

/* Where a file's bytes come from: fill @p with up to @n bytes; *got = 0 at the end. */
struct chunk_source {
	void *ctx;
	int (*read)(void *ctx, void *p, size_t n, size_t *got, struct err *err);
};

/** A source that reads the descriptor *(int *)ctx from where it stands. */
int chunk_from_fd(void *ctx, void *p, size_t n, size_t *got, struct err *err);

#define CHUNK_END 1

/* The pieces of a file in order. */
struct splitter;

/** ERR_NOMEM. */
int splitter_new(struct splitter **out, const struct chunk_plan *plan,
		 const struct chunk_source *source, struct err *err);
void splitter_free(struct splitter *s);
AUTO_PTR(splitter_free, struct splitter);

/** The next piece, borrowed until the next call.  0, CHUNK_END, or -1: ERR_CONFLICT (the file
 *  became shorter or longer while it was read), the source's errors. */
int splitter_next(struct splitter *s, struct span *piece, struct err *err);

#endif
