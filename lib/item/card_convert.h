/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_convert: a whole card in another vCard version, for other programs to read.
 *
 *     2.1, 3.0, 4.0  ->  3.0 (RFC 2426, with 4770 and 2739) or 4.0 (RFC 6350 and its extensions)
 *
 * Laws (tests/unit/item/test_card_convert.c):
 * - every field key of the card is in the result, and no other: what was exported and comes back
 *   finds itself;
 * - 3.0 -> 4.0 -> 3.0 and 4.0 -> 3.0 -> 4.0 lose no field key;
 * - what the version has no place for is not dropped: a property goes under PROPERTY_KEPT and its name
 *   (`X-CLOUDBOX-GENDER`, which we read as GENDER), a line that cannot be said at all becomes the
 *   text of an `X-CLOUDBOX-LINE`; each such case is a note.
 *
 * What a version wants or shows besides (FN, ADR's LABEL as a LABEL) is added with the parameter
 * CARD_DERIVED and never compared.
 */
#ifndef ITEM_CARD_CONVERT_H
#define ITEM_CARD_CONVERT_H

#include "base/buf.h"
#include "item/card.h"

enum card_note_kind {
	CARD_NOTE_KEPT,      /* the version has no such property: under another name, `detail` */
	CARD_NOTE_LINE,      /* it cannot be said: its line is the text of an X-CLOUDBOX-LINE */
	CARD_NOTE_JUNK,      /* a line that is no property, likewise */
	CARD_NOTE_PARAMETER, /* the version does not know the parameter `detail`: it is kept */
	CARD_NOTE_DROPPED,   /* the parameter `detail` could not be kept */
	CARD_NOTE_DATE,      /* a date without a full day: kept as text */
	CARD_NOTE_YEAR,      /* a day without a year: as Apple writes it */
	CARD_NOTE_CHARSET,   /* the charset was missing or wrong: guessed */
	CARD_NOTE_DERIVED,   /* the version wants it and the card has none: made from the rest */
};

struct card_note {
	enum card_note_kind kind;
	const char *field; /* "GENDER"; static, or the item's */
	unsigned line;     /* of the card it stood in */
	char detail[48];
};

struct card_notes {
	struct card_note *list; /* owned; by line */
	size_t n, cap;
};

void card_notes_clear(struct card_notes *n);
AUTO_OBJ(card_notes_clear, struct card_notes);

/** "kept", "line", …: part of the JSON contract. */
const char *card_note_name(enum card_note_kind kind);

#define CARD_NOTE_BYTES 200

/** In words, translated: "vCard 3.0 has no GENDER: kept as X-CLOUDBOX-GENDER". */
void card_note_text(char out[static CARD_NOTE_BYTES], const struct card_note *note,
		    enum item_version to);

/**
 * Append @from in version @to (3.0 or 4.0), UTF-8, lines ended by CRLF and folded.
 * A card that is all of this already is copied as it is.
 * @notes  what the version cannot hold, added; borrows from @from.
 * @return 0, or -1: ERR_NOMEM, ERR_LIMIT.
 */
int card_convert(struct buf *out, struct card_notes *notes, const struct item *from,
		 enum item_version to, struct err *err);

#endif
