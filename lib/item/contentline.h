/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contentline: the lines that vCard (2.1, 3.0, 4.0) and iCalendar files are made of.
 *
 *     item1.TEL;TYPE=CELL;PREF=1:+1 415 555 1212        group . name ; parameters : value
 *
 * The cursor walks borrowed bytes and gives, for each property, where it lies: [start, end) covers
 * all its physical lines, folded ones and the last line end included, so untouched properties can
 * be copied as they are.  Ranges follow each other without gaps: joined they are the source.
 * Nothing is decoded here; `value` is as it stands, folds and all (see contentline_unfold()).
 *
 * One logical line goes on over
 *   - folding: a next line that begins with a blank or tab (RFC 5545 3.1, RFC 6350 3.2);
 *   - quoted-printable's soft break `=` (vCard 2.1, vCalendar 1.0), unless what follows is an empty
 *     line or a property that the format knows (real exporters end a value with a stray `=`);
 *   - base64's lines, indented or not, up to an empty line or one that is no base64;
 *   - lines that cannot begin a property (no NAME before a colon): text that somebody's program
 *     forgot to fold.  unfold() joins them with a line feed.
 * A name is letters, digits and `-`; what programs write besides is taken, too: `_`, and behind X-
 * a `/` (X-messaging/xmpp-All).  A line ends with LF, CRLF, CR CR LF or a lone CR.  Time is linear in the source, memory constant.
 */
#ifndef ITEM_CONTENTLINE_H
#define ITEM_CONTENTLINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct range {
	size_t start, end; /* bytes from the start of the source: [start, end) */
};

static inline struct span
range_span(struct span source, struct range r)
{
	return (struct span){ source.p + r.start, r.end - r.start };
}

enum contentline_kind {
	CONTENTLINE_PROPERTY,
	CONTENTLINE_BLANK, /* nothing but blanks */
	CONTENTLINE_JUNK,  /* no property, and none before it that it could continue */
};

enum contentline_encoding {
	CONTENTLINE_PLAIN,
	CONTENTLINE_QP,     /* ENCODING=QUOTED-PRINTABLE, or the bare word (2.1) */
	CONTENTLINE_BASE64, /* ENCODING=BASE64 or b, or the bare word */
};

struct contentline {
	enum contentline_kind kind;
	enum contentline_encoding encoding;
	struct range range; /* all of it, line end included */
	struct range value; /* raw, folds included, the last line end not */
	struct span group;  /* as written, without the dot; empty if there is none */
	struct span name;   /* as written */
	struct span params; /* ";TYPE=CELL;PREF=1", or empty; unfolded */
	unsigned line;      /* of its first byte, counted from the cursor's first line */
};

/* Is this the name of a property, beyond doubt?  Asked of a line that stands where a text goes on. */
typedef bool contentline_knows_fn(struct span name);

struct contentline_cursor {
	struct span source;
	const char *name; /* of the source, for messages; not owned */
	size_t at;
	unsigned line;
	struct buf head; /* a head that had to be unfolded; group, name, params may point in here */
	contentline_knows_fn *knows;
};

/** @first_line: number of the source's first line in its file, for messages: 1 for a whole file.
 *  A UTF-8 byte order mark at the start is skipped.  Who reads a format of known properties sets
 *  `knows` (card_walk.h does for vCards); without it a soft break goes on whatever follows. */
void contentline_init(struct contentline_cursor *c, struct span source, const char *name,
		      unsigned first_line);
void contentline_clear(struct contentline_cursor *c);
AUTO_OBJ(contentline_clear, struct contentline_cursor);

#define CONTENTLINE_END 1

/** The next line; its spans are valid until the next call.  0, CONTENTLINE_END, or -1 (ERR_NOMEM).
 */
int contentline_next(struct contentline_cursor *c, struct contentline *out, struct err *err);

/** Is @line named @name (upper-case ASCII, group apart), whatever its case? */
bool contentline_is(const struct contentline *line, const char *name);

struct contentline_param {
	struct span name;  /* "TYPE"; empty for 2.1's bare words (";CELL") */
	struct span value; /* raw, quotation marks included */
};

/** Takes the first parameter off @params.  False when none is left. */
bool contentline_param_next(struct span *params, struct contentline_param *out);

/** Takes the next word off a parameter's raw value (TYPE="voice,home" are two: RFC 6350 3.3); quotation
 *  marks and blanks around it are stripped.  False when none is left. */
bool contentline_param_element(struct span *value, struct span *out);

/** A parameter's raw value as one text, commas and all: quotation marks around it are stripped. */
void contentline_param_whole(struct span value, struct span *out);

/** Append the logical value to @out: folds joined.
 *  @keep_blank  2.1 folds before a blank that belongs to the text; later versions add one. */
int contentline_unfold(struct buf *out, struct span raw, enum contentline_encoding encoding,
		       bool keep_blank, struct err *err);

/** ERR_SYNTAX "SOURCE:LINE:COL: expected @expected, found ...", naming the byte at @at.
 *  Columns count bytes from 1. */
int contentline_syntax(struct err *err, struct span source, const char *source_name,
		       unsigned first_line, size_t at, const char *expected);

/** The same where @before bytes of @source's first line stand before it. */
int contentline_syntax_within(struct err *err, struct span source, const char *source_name,
			      unsigned first_line, size_t before, size_t at, const char *expected);

#endif
