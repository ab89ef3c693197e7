/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload: an item's original bytes as a sequence of literals and pieces that lie in chunks.
 *
 * docs/formats/record.md, "Payload".  A property value over 2 KiB is cut out as a chunk of its
 * decoded bytes with a recipe to encode them again, so that a changed number never sends a photo
 * again.  Recipes are opaque here; whoever knows them gives a function.
 */
#ifndef FORMAT_PAYLOAD_H
#define FORMAT_PAYLOAD_H

#include "base/buf.h"

#define PAYLOAD_CUT_BYTES_MIN   2048        /* a value longer than this is always cut out */
#define PAYLOAD_RECIPE_MAX      4096        /* bytes of a recipe */
#define PAYLOAD_VALUE_BYTES_MAX (64u << 20) /* one re-encoded value, decoded */
#define PAYLOAD_PADDED_FROM     (64u << 20) /* files above it are followed by zeros up to Padmé */

enum payload_kind {
	PAYLOAD_LITERAL = 0,
	PAYLOAD_CHUNKS = 1,
	PAYLOAD_ENCODED = 2,
};

struct payload_segment {
	enum payload_kind kind;
	struct span literal;            /* PAYLOAD_LITERAL */
	uint32_t first_chunk, n_chunks; /* the others: numbers of chunk entries */
	struct span recipe;             /* PAYLOAD_ENCODED */
};

/* A stretch of the original bytes that lies in chunks. */
struct payload_cut {
	size_t from, to; /* bytes [from, to) of the original; from < to */
	uint32_t first_chunk, n_chunks;
	struct span recipe; /* empty: the chunks hold the raw bytes (PAYLOAD_CHUNKS) */
};

int payload_segment_append(struct buf *out, const struct payload_segment *s, struct err *err);

/** Append the segments of @original with @cuts (ascending, apart from each other) taken out.
 *  ERR_USAGE: cuts that overlap or lie outside. */
int payload_build(struct buf *out, struct span original, const struct payload_cut *cuts,
		  size_t n_cuts, struct err *err);

/** Step through @payload: 0 and the next segment, PAYLOAD_END, or -1 ERR_FORMAT.  *payload becomes
 *  the rest. */
#define PAYLOAD_END 1
int payload_next(struct payload_segment *out, struct span *payload, struct err *err);

/** Check the form of all segments: chunk numbers below @n_entries. */
int payload_check(struct span payload, uint64_t n_entries, struct err *err);

/* Whence the chunks come and how values are encoded again. */
struct payload_source {
	void *ctx;
	/* The plaintext of chunk entry @i; borrowed until the next call. */
	int (*chunk)(void *ctx, uint32_t i, struct span *plain, struct err *err);
	/* Append @decoded, encoded as @recipe says.  NULL: no recipes are known. */
	int (*encode)(void *ctx, struct span recipe, struct span decoded, struct buf *out,
		      struct err *err);
};

/* Whither the original bytes go, in order. */
struct payload_sink {
	void *ctx;
	int (*write)(void *ctx, struct span bytes, struct err *err);
};

/** A sink that appends to the struct buf @ctx. */
int payload_to_buf(void *ctx, struct span bytes, struct err *err);
/** A sink that writes to the descriptor *(int *)@ctx. */
int payload_to_fd(void *ctx, struct span bytes, struct err *err);

/**
 * Write the original bytes to @sink: exactly @size_bytes of them.
 * What chunks hold beyond is the padding of a large file: it must be zero, and together be
 * pad_size(size_bytes); it is cut off.
 * @return 0, or -1: ERR_FORMAT (sizes that do not fit, padding that is not zero), ERR_UNSUPPORTED
 * (a recipe and no encoder), errors of source and sink.  The sink may have got some bytes then.
 */
int payload_assemble(struct span payload, uint64_t size_bytes, uint64_t n_entries,
		     const struct payload_source *source, const struct payload_sink *sink,
		     struct err *err);

#endif
