/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where: which items are meant, as a person writes it (docs/guide/rules.md has it for people):
 *
 *     EXPR   = AND { "or" AND }             AND = NOT { "and" NOT }
 *     NOT    = [ "not" | "!" ] NOT | "(" EXPR ")" | TERM
 *     TERM   = WORDS "=" VALUE | WORDS "!=" VALUE          group address thread folder type name text
 *            | ("size" | "date") ("=" | "!=" | "<" | "<=" | ">" | ">=") VALUE
 *            | "since" DATE | "before" DATE | "until" DATE | "after" DATE
 *            | ("newer" | "older") "than" AGE | ("larger" | "smaller") "than" SIZE
 *            | "contains" VALUE | "in" VALUE | "with" VALUE
 *     VALUE  = what stands up to the next blank or parenthesis | '"' … '"' | "'" … "'", in which \ takes
 *              what follows as it is
 *
 * Words are of any case; some have a second name, and each a Chinese one (where.c).  `&`, `|` and commas do
 * not join.  What is printed is the first name of everything; it parses to the same.
 *
 * Pure: it sees what struct where_item holds, and no clock but the one that it is given.  A part that
 * asks for what an item does not have (the sender of a picture) is not met, its opposite is.
 */
#ifndef ITEM_WHERE_H
#define ITEM_WHERE_H

#include <stdint.h>

#include "item/item.h"

#define WHERE_BYTES_MAX 1024u /* of an expression; so it fits a setting of the Box, and a screen */
#define WHERE_DEPTH_MAX 32u   /* parentheses and "not" within one another */

struct where; /* opaque: the layout lives in where_internal.h */

/** @text: UTF-8.  ERR_USAGE, as a person typed it: "column 7: expected = or !=, found <", with what would
 *  be right as the hint; ERR_LIMIT (too long, too deep), ERR_NOMEM. */
int where_parse(struct where **out, struct span text, struct err *err);
void where_free(struct where *w);
AUTO_PTR(where_free, struct where);

/** Append it as it is written down: where_parse() makes the same of it.  Up to twice as long as what was
 *  parsed.  ERR_LIMIT (the buffer's), ERR_NOMEM. */
int where_print(struct buf *out, const struct where *w, struct err *err);

/* What is to be known of an item before it can be judged; more does no harm. */
enum where_need {
	WHERE_FIELDS = 1 << 0, /* its fields, where it has a form */
	WHERE_TYPE = 1 << 1,
	WHERE_WHEN = 1 << 2, /* when it was taken, or is: fields say it, but of messages and calls
				   `modified_unix_ms` */
	WHERE_PARTIES = 1 << 3, /* `thread` and `party`, of a message */
};

unsigned where_needs(const struct where *w);

/* What an item is; all is borrowed. */
struct where_item {
	struct span name;         /* for people */
	struct span path;         /* of its source within the app */
	const char *type;         /* MIME; NULL: not known */
	uint64_t size;            /* bytes */
	int64_t modified_unix_ms; /* a message's or call's own date; 0: not known */
	const char *taken;  /* of a picture (apps/taken.h), as its clock said; NULL: not known */
	struct span thread; /* of a message (thread.h), and the other party's name; else empty */
	struct span party;
	const struct item *fields; /* NULL: it has no form, or could not be read */
};

/* Dates are compared as the calendar on the wall says them. */
struct where_clock {
	int64_t now_unix_ms;
	int64_t (*east_s)(int64_t at_unix_ms); /* this terminal's seconds east of Greenwich then */
};

struct where_test; /* opaque: an expression made ready */

/** @rules: the home region, in which national numbers are compared as merging does.  All are borrowed. */
int where_test_new(struct where_test **out, const struct where *w, const struct key_rules *rules,
		   const struct where_clock *clock, struct err *err);
void where_test_free(struct where_test *t);
AUTO_PTR(where_test_free, struct where_test);

/** 1: @item is meant; 0: it is not; -1: ERR_NOMEM, ERR_LIMIT. */
int where_meets(const struct where_test *t, const struct where_item *item, struct err *err);

#endif
