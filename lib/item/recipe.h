/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipe: large values of an item, and how to write them again byte for byte.
 *
 * A contact's photo is sealed as a chunk of its own, decoded, so that a changed number never sends
 * the photo again and the same picture in another folding is the same chunk.  The recipe says how
 * the decoded bytes become the original ones.  It is checked when made: what base64 with regular
 * folds does not reproduce is kept raw (RECIPE_RAW: decoded = original bytes).
 *
 *     PHOTO;ENCODING=b:/9j/4AAQSk...<eol>     first: base64 characters on the first line
 *      AAMCAgMCAgMDAw...<eol>                 indent, later: characters on each further line
 *      ...==                                  the range ends before the last line end
 *
 * Serialised (RECIPE_BYTES_MAX bytes at most):
 *     0  u8   kind: 0 raw (nothing follows), 1 base64
 *     1  u8   bit 0-1 line end (0 CRLF, 1 LF, 2 CR, 3 CR CR LF), bit 2 no `=` padding, bit 3 ends
 *             with a line end and an indent although no character follows
 *     2  u16  first: 0..65534; 65535 = all on one line (no folds)
 *     4  u16  later: 1..65535
 *     6  u8   length of the indent, 0..8
 *     7  …    the indent: blanks and tabs
 */
#ifndef ITEM_RECIPE_H
#define ITEM_RECIPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "item/contentline.h"

#define RECIPE_INDENT_MAX 8
#define RECIPE_BYTES_MAX  (7 + RECIPE_INDENT_MAX)
#define RECIPE_ONE_LINE   65535u
#define RECIPE_MIN_BYTES  2048u /* values over this are cut out */

struct recipe {
	enum {
		RECIPE_RAW,
		RECIPE_BASE64,
	} kind;
	enum {
		RECIPE_CRLF,
		RECIPE_LF,
		RECIPE_CR,
		RECIPE_CRCRLF, /* a file that went through DOS twice */
	} line_end;
	bool unpadded;
	bool open_end; /* ends with a line end and an indent */
	uint16_t first, later;
	uint8_t n_indent;
	char indent[RECIPE_INDENT_MAX];
};

/**
 * One large value.
 * @range    of the encoded value in the item's bytes.
 * @decoded  borrowed for this call.
 */
typedef int recipe_fn(void *ctx, struct range range, const struct recipe *recipe,
		      struct span decoded, struct err *err);

/**
 * Call @fn for each property value of @item (content lines) whose encoded form exceeds @min_bytes,
 * in order; ranges do not overlap.
 * @return 0, -1 from @fn, ERR_NOMEM.
 */
int recipe_find(struct span item, size_t min_bytes, recipe_fn *fn, void *ctx, struct err *err);

/** Append the original bytes of a value. */
int
recipe_apply(struct buf *out, const struct recipe *recipe, struct span decoded, struct err *err);

/** Our own bytes of a recipe.  @return how many. */
size_t recipe_encode(uint8_t out[static RECIPE_BYTES_MAX], const struct recipe *recipe);

/** Reads exactly the bytes of @bytes.  ERR_FORMAT, ERR_UNSUPPORTED (a newer kind). */
int recipe_decode(struct recipe *out, struct span bytes, struct err *err);

#endif
