/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card: contacts as vCards, 2.1, 3.0 and 4.0.
 *
 * A file is split into cards by byte ranges; a card is parsed into an item (item.h).  A bad card is
 * refused by name, its neighbours come in.  Refused are: a card cut off by the end of the file or
 * by the next BEGIN:VCARD, an END:VCARD without BEGIN, text between cards, a card over the limits.
 * Everything else a card may contain is kept as it is, understood or not.
 */
#ifndef ITEM_CARD_H
#define ITEM_CARD_H

#include "base/err.h"
#include "base/span.h"
#include "item/charset.h"
#include "item/item.h"

#define CARD_BYTES_MAX  ITEM_BYTES_MAX /* one card, photo and all */
#define CARD_FIELDS_MAX ITEM_FIELDS_MAX
#define CARD_DEPTH_MAX  16u /* AGENT cards within a card */

/* A parameter: the line repeats in its version's way what other lines say, so it is never compared. */
#define CARD_DERIVED "X-CLOUDBOX-DERIVED"

struct card_part {
	struct range range;    /* in the text: BEGIN line to END line, line end included */
	unsigned line;         /* of its first line */
	const struct err *bad; /* NULL: a card; else why it is refused: "a.vcf:12:1: expected …" */
};

/** 0 to go on; -1 stops card_split(), which returns it. */
typedef int card_fn(void *ctx, const struct card_part *part, struct err *err);

/**
 * Call @fn for every card of a file and for everything refused, in order.
 * @text    UTF-8 or an 8-bit charset; UTF-16 goes through charset_open() first.
 * @source  the file's name, for messages.
 * @return  0, or -1 from @fn, or ERR_NOMEM.
 */
int card_split(struct span text, const char *source, card_fn *fn, void *ctx, struct err *err);

/** The same for a part of a file that begins at @line.  See card_stream.h. */
int card_split_from(struct span text, const char *source, unsigned line, card_fn *fn, void *ctx,
		    struct err *err);

/**
 * Parse one card.
 * @out      receives the item; item_free().
 * @bytes    one card, as card_split() gives it; borrowed as long as the item lives.
 * @source   for messages; @line: number of the card's first line in it (1 if on its own).
 * @profile  what the app shows once, home region; NULL for the default.
 *           Borrowed as long as the item lives.
 * @return   0, or -1: ERR_SYNTAX (not one whole card), ERR_LIMIT, ERR_NOMEM.
 */
int card_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	       const struct item_profile *profile, struct err *err);

#endif
