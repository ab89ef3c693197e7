/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_walk: where a line stands, seen from BEGIN and END.
 *
 *            BEGIN              AGENT: + BEGIN          BEGIN
 *   outside --------> in a card --------------> nested --------> deeper
 *           <--------           <--------------        <--------
 *             END                     END                 END
 *
 * An AGENT: announces an inner card, on the next line or on its own (`AGENT:BEGIN:VCARD`).  Any other
 * BEGIN in a card cuts it off: a new card begins.
 */
#ifndef ITEM_CARD_WALK_H
#define ITEM_CARD_WALK_H

#include "item/contentline.h"

enum card_step {
	CARD_BLANK,
	CARD_OUTSIDE, /* text that is in no card, a stray END included */
	CARD_BEGIN,
	CARD_INSIDE,
	CARD_NESTED,     /* belongs to the AGENT before */
	CARD_NESTED_END, /* its last line */
	CARD_DEEP,       /* a BEGIN past CARD_DEPTH_MAX */
	CARD_END,
	CARD_CUT, /* BEGIN where END was expected */
};

struct card_walk {
	struct span source;
	unsigned depth;   /* 0: outside */
	bool after_agent; /* the property before was an AGENT: without a value */
};

/** contentline_init(), for the lines of a vCard. */
void card_lines_init(struct contentline_cursor *c, struct span source, const char *name,
		     unsigned first_line);

/** Start with depth 0 and `source` set. */
enum card_step card_walk_next(struct card_walk *w, const struct contentline *line);

#endif
