/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_stream: a text of many items that is read piece by piece, and what is found in it.
 *
 * Memory: a window of the text, twice its largest item at most.  A splitter (card_stream.h,
 * sms_xml.h) looks at the window, gives out what is whole in it, and says where to go on.
 */
#ifndef ITEM_TEXT_STREAM_H
#define ITEM_TEXT_STREAM_H

#include "base/err.h"
#include "base/span.h"
#include "item/item.h"

#define TEXT_STREAM_WINDOW ((size_t)256 << 10)
#define TEXT_STREAM_BYTES_MAX                                                                      \
	(4 * (size_t)ITEM_BYTES_MAX) /* of text that is no item in one piece */

/* What is read from. */
struct text_stream {
	void *ctx;
	/* The next at most @n bytes; *got 0: the end. */
	int (*read)(void *ctx, void *p, size_t n, size_t *got, struct err *err);
	const char *source; /* for messages */
	size_t window;      /* bytes read at once; 0: TEXT_STREAM_WINDOW */
};

/* What was found; the spans are borrowed for the call. */
struct text_part {
	uint64_t offset; /* in the text */
	struct span bytes;
	unsigned line;         /* of its first line */
	const struct err *bad; /* NULL: an item; else why it is refused: "a.vcf:12:1: expected …" */
};

/** 0 to go on; -1 stops the splitter, which returns it. */
typedef int text_part_fn(void *ctx, const struct text_part *part, struct err *err);

/** How a form's texts are split: call @fn for every item and everything refused, in order.
 *  0, or -1: from @fn, from @stream->read, ERR_LIMIT, ERR_NOMEM. */
typedef int
text_split_fn(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

/* What is needed to add items to a text: where, and what its root says of their number. */
struct text_frame {
	bool whole;        /* a root of the right name, its end behind all items */
	bool broken;       /* something was refused */
	bool has_count;    /* a number that is right */
	uint64_t count;    /* items */
	uint64_t count_at; /* its digits: offset, bytes */
	uint64_t count_n;
	uint64_t end_at; /* of the root's end */
};

/** How a form's texts are looked at before items are added; @root: its name.  0 or -1, as a
 *  text_split_fn. */
typedef int text_survey_fn(struct text_frame *out, const struct text_stream *stream,
			   const char *root, struct err *err);

/* ---- for splitters ---- */

struct text_window {
	struct span text;
	uint64_t offset; /* of the window in the text */
	unsigned line;   /* of its first line */
	bool at_end;     /* it reaches to the text's end */
	size_t done;     /* out: go on with the next window here… */
	unsigned done_line;
};

/** Does a line end with the byte at @at? */
static inline bool
text_is_line_end(struct span t, size_t at)
{
	return t.p[at] == '\n' || (t.p[at] == '\r' && at + 1 < t.n && t.p[at + 1] != '\n');
}

/** Bytes of the window's text that end where a line begins that continues no other; all at the end
 *  of the text. */
size_t text_window_lines(const struct text_window *w);

typedef int text_window_fn(void *ctx, struct text_window *w, struct err *err);

/** Call @fn for window after window, until the text's end. */
int
text_stream_run(const struct text_stream *stream, text_window_fn *fn, void *ctx, struct err *err);

#endif
