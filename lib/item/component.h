/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component: items that are one component in content lines, and no vCard:
 *
 *     BEGIN:VEVENT                  form_event, form_task, form_memo    ical.h
 *     BEGIN:VBKM                    form_bookmark    bookmark.h
 *     VERSION:1.0                   form_record      record.h
 *     TITLE:Example
 *     END:VBKM
 *
 * Lines, values, fields and keys are those of cards (contentline.h, value.h, parse.h); what a
 * property is stands in the table of the item's version (property.h).  A component within the
 * component is one field, named like it, with all its lines.  Everything is kept, understood or
 * not.  All forms here are FORM_BY_UID: who an item is, its properties say.
 */
#ifndef ITEM_COMPONENT_H
#define ITEM_COMPONENT_H

#include "item/form.h"

#define COMPONENT_DEPTH_MAX 16u /* components within one another */

struct parse; /* parse.h */

struct component_kind {
	const char *name; /* behind BEGIN and END: "VBKM" */
	enum item_version version;
	const struct form *form;
	/* Its id and its name for people, of its fields.  0 or -1 (ERR_NOMEM, ERR_LIMIT). */
	int (*name_item)(struct parse *p, struct err *err);
};

/** form->parse() of a component of @kind.  ERR_SYNTAX too: components that do not end, or end
 *  otherwise than they began. */
int component_parse(struct item **out, struct span bytes, const char *source, unsigned line,
		    const struct item_profile *profile, const struct component_kind *kind,
		    struct err *err);

/** form->print(): the line as it is, folded anew; of a list, those elements; all lines of an inner
 *  component. */
int component_print(struct buf *out, const struct item *from, const struct field *const *elements,
		    size_t n_elements, const char *group, struct item_style to, struct err *err);

/** Append `NAME:text`, escaped as the property in that version is, and folded. */
int component_print_text(struct buf *out, const char *name, struct span text, struct item_style to,
			 struct err *err);

/** Append a line as it stands, with the line end of @to: "BEGIN:VBKM". */
int component_print_line(struct buf *out, const char *line, struct item_style to, struct err *err);

#define COMPONENT_ID_BYTES 48 /* a prefix of at most 15 bytes, 32 digits, NUL */

/** An id made of content: @prefix and BLAKE2b-128, in hexadecimal, of the stored keys of the first
 *  fields that are named so (an absent one counts as empty); of all that are compared where it has
 *  none of them. */
int component_content_id(struct parse *p, const char *prefix, const char *const *names,
			 size_t n_names, const char **id, struct err *err);

/** The value of the first field of these names that says something; "" if none does. */
const char *component_first_value(const struct item *it, const char *const *names, size_t n_names);

struct value; /* value.h */

/** 0 to go on; -1 stops component_each(), which returns it.  @name as it stands; @value is borrowed. */
typedef int
component_value_fn(void *ctx, struct span name, const struct value *value, struct err *err);

/** Call @fn for each property of the component @bytes, those of inner ones apart.
 *  0, -1 from @fn, ERR_NOMEM, ERR_LIMIT. */
int component_each(struct span bytes, enum item_version version, component_value_fn *fn, void *ctx,
		   struct err *err);

#endif
