/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_stream: card_split() over a file that is read piece by piece, with the same result.
 *
 * Memory: a window of the file, twice its largest card at most.  A window ends where a line begins
 * that continues no other, and what is last in it is kept back until more is read: only then is it
 * known where that ends.
 */
#ifndef ITEM_CARD_STREAM_H
#define ITEM_CARD_STREAM_H

#include "item/card.h"

#define CARD_STREAM_WINDOW ((size_t)256 << 10)
#define CARD_STREAM_BYTES_MAX                                                                      \
	(4 * (size_t)CARD_BYTES_MAX) /* of text that is no card in one piece */

/* What is read from. */
struct card_stream {
	void *ctx;
	/* The next at most @n bytes; *got 0: the end. */
	int (*read)(void *ctx, void *p, size_t n, size_t *got, struct err *err);
	const char *source; /* for messages */
	size_t window;      /* bytes read at once; 0: CARD_STREAM_WINDOW */
};

struct card_stream_part {
	uint64_t offset; /* in the file */
	struct span bytes;
	unsigned line;         /* of its first line */
	const struct err *bad; /* as in struct card_part */
};

typedef int card_stream_fn(void *ctx, const struct card_stream_part *part, struct err *err);

/** Call @fn for every card and for everything refused, in order; the spans are borrowed for the call.
 *  0, or -1: from @fn, from @stream->read, ERR_LIMIT, ERR_NOMEM. */
int
card_stream_split(const struct card_stream *stream, card_stream_fn *fn, void *ctx, struct err *err);

#endif
