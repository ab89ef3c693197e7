/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: what a property says, whatever its version, encoding and charset; and how to write it.
 *
 * A value is a few parts of plain UTF-8 text (one; or those of N, ADR, ORG; or the elements of a
 * list), or data (a photo's bytes), or a link.  Escapes, quoted-printable, base64 and charsets are
 * resolved.  Of an unknown property the structure is unknown too: `\;` and `\,` stay as they are,
 * so that nothing is mistaken for a separator.
 */
#ifndef ITEM_VALUE_H
#define ITEM_VALUE_H

#include "base/buf.h"
#include "item/contentline.h"
#include "item/item.h"
#include "item/property.h"

enum value_form {
	VALUE_PARTS,
	VALUE_DATA, /* bytes in `text`, media type known or "" */
	VALUE_LINK, /* the URI is the one part */
};

struct value {
	const struct property *property;
	enum value_form form;
	struct buf text;  /* the parts, one behind the other; or the data */
	size_t *part_end; /* where each ends in `text` */
	size_t n_parts, cap_parts;
	char media[64];    /* "image/jpeg", "jpeg", or "" */
	char protocol[32]; /* instant messaging: lower-case, or "" */
	bool year_omitted; /* a date: its year is made up (X-APPLE-OMIT-YEAR) */
	bool agent;        /* RELATED;TYPE=agent: 4.0's AGENT */
	bool guessed;      /* see FIELD_GUESSED */
	bool at_end;       /* an alarm's trigger: RELATED=END */
	struct span zone;  /* a time's TZID, or empty; points into the line that was read */
};

#define VALUE_INIT                                                                                 \
	{                                                                                          \
		.text = BUF_INIT(CARD_TEXT_MAX)                                                    \
	}
#define CARD_TEXT_MAX ((size_t)256 << 20) /* Windows-1252 may grow threefold */

void value_clear(struct value *v);
AUTO_OBJ(value_clear, struct value);

/** Read @line of @source; what @v held is forgotten.  0, or -1: ERR_NOMEM, ERR_LIMIT. */
int value_read(struct value *v, struct span source, const struct contentline *line,
	       enum item_version version, struct err *err);

/** The whole of @nested (an AGENT's lines behind its own, an inner component) as the value of
 *  @property; empty: value_read(). */
int value_read_nested(struct value *v, struct span source, const struct contentline *line,
		      const struct property *property, struct span nested,
		      enum item_version version, struct err *err);

struct span value_part(const struct value *v, size_t i);

/** Nothing but blanks and line ends. */
bool value_is_blank(struct span s);

/** Is there nothing in it (of a list: in its element)? */
bool value_is_empty(const struct value *v, size_t element);

/** Append the text of a line: folds, quoted-printable and charset resolved, escapes not. */
int value_text(struct buf *out, struct span source, const struct contentline *line,
	       enum item_version version, bool *guessed, struct err *err);

/**
 * Append the normalised text of the value, or of a list's element (key.h).
 * @means  the name that it is compared by (struct field).
 * @label  its group's, where that counts (FIELD_LABELLED); else NULL.
 */
int value_key(struct buf *out, const struct value *v, size_t element, const char *means,
	      const char *label, const struct key_rules *rules, struct err *err);

/** Append what it says to people; of a list, its element. */
int value_for_people(struct buf *out, const struct value *v, size_t element, struct err *err);

/** Append base64 of @data, on one line. */
int value_base64(struct buf *out, struct span data, struct err *err);

/** Decode base64 without blanks, padded or not.  0; 1 if it is none (@out as before); -1 ERR_NOMEM.
 */
int value_base64_decode(struct buf *out, struct span text, struct err *err);

#endif
