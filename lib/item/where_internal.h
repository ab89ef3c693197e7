/* SPDX-License-Identifier: Apache-2.0 */
/* where_internal: an expression as a tree, for where.c and where_value.c, which read it,
 * where_print.c and where_test.c. */
#ifndef ITEM_WHERE_INTERNAL_H
#define ITEM_WHERE_INTERNAL_H

#include "item/where.h"

enum where_kind {
	WHERE_OR, /* of two or more */
	WHERE_AND,
	WHERE_NOT, /* of one */
	WHERE_GROUP,
	WHERE_ADDRESS,
	WHERE_THREAD,
	WHERE_FOLDER,
	WHERE_MIME,
	WHERE_NAME,
	WHERE_TEXT,
	WHERE_SIZE,
	WHERE_DATE,
	WHERE_AGE,
};

enum where_op { WHERE_EQ, WHERE_NE, WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE };

#define WHERE_NONE      UINT16_MAX
#define WHERE_NODES_MAX 1024u /* the shortest term has four bytes, and adds two nodes */

struct where_node {
	enum where_kind kind;
	enum where_op op;     /* of terms; of an age: LT newer, GT older */
	uint16_t child, next; /* numbers of nodes; WHERE_NONE */
	uint16_t at, n;       /* of terms with text, dates too: bytes in `texts` */
	uint64_t number;      /* bytes, or milliseconds of an age */
	int64_t from,
		until; /* of a date: seconds on the wall since 1970; until is not part of it */
};

struct where {
	struct where_node *nodes;
	size_t n, cap;
	struct buf texts;
	uint16_t root;
};

static inline struct span
where_text(const struct where *w, const struct where_node *n)
{
	return n->n ? span_of(w->texts.p + n->at, n->n) : span_of("", 0);
}

/** The first name of a kind of terms ("group"), of an operator ("<="). */
const char *where_kind_word(enum where_kind kind);
const char *where_op_word(enum where_op op);

/** Fill in what @text means in a term of size, date or age; true for the others.  False: it is no such thing. */
bool where_understand(struct where_node *n, struct span text);

/** A day of the calendar as seconds since 1970-01-01, no zone.  @month may be 13. */
int64_t where_wall_s(int64_t year, unsigned month, unsigned day);

#define WHERE_WALL_NONE INT64_MIN

/* A moment as other people write it, on the wall. */
struct where_wall {
	int64_t s; /* seconds; WHERE_WALL_NONE: it is none */
	bool utc;  /* it ends in Z: the wall is in Greenwich */
};

/** "20260501", "2026-05-01T10:00:00.5+02:00", "20260501T100000Z": what an offset says is not looked at. */
struct where_wall where_wall_parse(struct span text);

#endif
