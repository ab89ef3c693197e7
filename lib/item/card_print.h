/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_print: write a property of one card into another: in its version, line end and charset (UTF-8).
 *
 * Within one version the text stays as it was (parameters, escapes, quoted-printable), only folded
 * anew; between versions it is converted. 3.0 and 4.0 are folded at 75 bytes, never within a
 * character; 2.1, which has no safe folding, takes quoted-printable where a line would be long.
 */
#ifndef ITEM_CARD_PRINT_H
#define ITEM_CARD_PRINT_H

#include "base/buf.h"
#include "item/form.h"

/**
 * Append the line of @elements (fields of one and the same line of @from, in order: one; of a list,
 * those wanted).
 * @group  new name of its group, or "".
 * @return 0; FORM_UNWRITABLE: that version has no way to say it (@out is then to be cut back); -1:
 *         ERR_NOMEM, ERR_LIMIT.
 */
int card_print(struct buf *out, const struct item *from, const struct field *const *elements,
	       size_t n_elements, const char *group, struct item_style to, struct err *err);

/* What else changes in a line on its way. */
struct card_edit {
	const char *name;      /* its new name; NULL: as it is */
	const char *more;      /* parameters to add, as written: ";VALUE=text"; or NULL */
	struct span value;     /* another value, as written; p NULL: as it is */
	const char *drop[3];   /* parameters to leave out; NULLs */
	const char *drop_type; /* a TYPE to leave out, or NULL */
};

/** card_print() of all elements, in the new version's own way even within one version, with @edit. */
int card_print_edited(struct buf *out, const struct item *from, const struct field *field,
		      const char *group, struct item_style to, const struct card_edit *edit,
		      struct err *err);

/** Append one member line of a group (a label). */
int card_print_member(struct buf *out, const struct item *from, struct range member,
		      const char *group, struct item_style to, struct err *err);

/** Append `NAME:text` as a line of its own: @text is escaped and folded. */
int card_print_text(struct buf *out, const char *name, struct span text, struct item_style to,
		    struct err *err);

/** The group of the line at @at, in @bytes; empty if it has none. */
struct span card_group(struct span bytes, struct range at);

#endif
