/* SPDX-License-Identifier: Apache-2.0 */
/*
 * markup: the tags of XML as phones' exporters write it.
 *
 * Why not an XML library: exporters write emoji as two surrogate references (`&#55357;&#56832;`) and
 * control characters as `&#0;`, which is no XML, and a library refuses the file or drops the text;
 * and an attribute may hold 16 MB of base64, for which libxml2's reader takes minutes.
 *
 * The cursor walks borrowed bytes and gives one tag after another; text between tags, comments,
 * processing instructions and declarations are passed over.  Nothing is decoded: attributes are cut
 * out by markup_attribute(), decoded by markup_decode().  Time is linear, memory constant.
 *
 * A tag that is none (a `<` within it but outside quotation marks, no name) is MARKUP_BAD with a
 * reason and ends where the next begins, so what follows it is found.
 */
#ifndef ITEM_MARKUP_H
#define ITEM_MARKUP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "item/contentline.h" /* struct range */

enum markup_kind {
	MARKUP_OPEN,  /* <name …> */
	MARKUP_EMPTY, /* <name …/> */
	MARKUP_CLOSE, /* </name> */
	MARKUP_BAD,   /* see `expected` */
};

struct markup {
	enum markup_kind kind;
	struct range range;     /* '<' to '>' */
	struct span name;       /* "sms" */
	struct span attributes; /* what stands between the name and the end of the tag */
	unsigned line;          /* of '<' */
	size_t fault;           /* MARKUP_BAD: where in the source */
	const char *expected;   /* MARKUP_BAD: what should be there */
};

struct markup_cursor {
	struct span source;
	size_t at;
	unsigned line;
	bool more; /* the source goes on behind its end: what is not whole there is MARKUP_CUT */
};

#define MARKUP_END 1 /* no further tag */
#define MARKUP_CUT 2 /* the source ends within a tag, a comment…, which begins at cursor->at */

/** The next tag.  0, MARKUP_END or MARKUP_CUT. */
int markup_next(struct markup_cursor *c, struct markup *out);

bool markup_is(const struct markup *tag, const char *name);

struct markup_attribute {
	struct span name;
	struct span value; /* raw, without its quotation marks */
};

/** Takes the first attribute off @attributes.  False when none is left; what is no attribute is
 *  passed over. */
bool markup_attribute(struct span *attributes, struct markup_attribute *out);

/** The raw value of the attribute @name of a tag.  False: it has none. */
bool markup_get(struct span *value, const struct markup *tag, const char *name);

/**
 * Append a raw value as UTF-8 text: the five named references and numeric ones resolved, a high and
 * a low surrogate reference joined; a lone surrogate, U+0000 and what is no character become U+FFFD;
 * an `&` that begins no reference stays.
 * @bytes that are not UTF-8 are taken as Windows-1252 (charset_decode()).
 */
int markup_decode(struct buf *out, struct span raw, struct err *err);

/** Append UTF-8 text as an attribute's raw value, to stand between quotation marks: & < > " and
 *  control characters as references, so that markup_decode() gives it back. */
int markup_encode(struct buf *out, struct span text, struct err *err);

#endif
