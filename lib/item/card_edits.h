/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_edits: what changes in a property on its way into vCard 3.0 or 4.0, besides how it is written:
 * names, values and parameters (RFC 2426, RFC 4770, RFC 6350 and its appendix A).
 */
#ifndef ITEM_CARD_EDITS_H
#define ITEM_CARD_EDITS_H

#include "item/card_print.h"
#include "item/value.h"

/* One card's conversion. */
struct card_edits {
	const struct item *from;
	enum item_version to;
	struct value value;    /* of the line at hand */
	struct buf name, more; /* what edits point into */
	struct buf text;
	struct buf label;         /* what card_edits_after() shows */
	unsigned fn, anniversary; /* written so far */
};

/* What is to be done with one line. */
struct card_edited {
	struct card_edit edit; /* borrows from the edits until the next call */
	bool leave_out;        /* a conversion's own addition, of no use there */
	bool kept;             /* edit.name is another than its own, since the version has none */
	bool note_date, year;  /* see CARD_NOTE_DATE, CARD_NOTE_YEAR */
};

void card_edits_init(struct card_edits *e, const struct item *from, enum item_version to);
void card_edits_clear(struct card_edits *e);

/** The edit of the line of @f, its first field.  0, FORM_UNWRITABLE, or -1. */
int
card_edit_of(struct card_edited *out, struct card_edits *e, const struct field *f, struct err *err);

/** What the version shows beside the line of @f: a LABEL line for an ADR's label. */
int card_edits_after(struct buf *out, struct card_edits *e, const struct field *f,
		     const char *group, struct item_style to, struct err *err);

#endif
