/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: how one kind of item is written as bytes and read as fields.
 *
 * Everything above (lib/merge, restore, undo, take, history, held, import) goes through an item's
 * form and knows no codec.  Each instance is constant, its functions are pure; forms[] lists them.
 */
#ifndef ITEM_FORM_H
#define ITEM_FORM_H

#include "base/buf.h"
#include "base/err.h"
#include "item/item.h"

enum form_kind {
	FORM_CONTACT,
	FORM_MESSAGE,
	FORM_CALL,
	FORM_EVENT,
	FORM_TASK,
	FORM_MEMO,
	FORM_BOOKMARK,
	FORM_RECORD, /* of a plug-in */
};

/* How its items are found again in an app (merge/match.h). */
enum form_match {
	FORM_BY_FIELDS, /* by id, and by name with a shared number or address */
	FORM_BY_ID,     /* by id alone: it is made of all that counts; equal ids are counted */
	FORM_BY_UID,    /* by the uid that the item itself carries; of several of one uid first by
			what they say */
};

#define FORM_UNWRITABLE 1
#define FORM_TYPES_MAX  3

struct form {
	const char *name; /* "vcard"; for people and tests */
	/* MIME types, as records carry them: the one that is written, then others that are read. */
	const char *types[FORM_TYPES_MAX];
	enum form_kind kind;
	enum form_match match;
	bool counted;       /* FORM_BY_UID: several may be equal in all, and each of them counts */
	bool content_lines; /* RFC 5545's and 6350's: a backup finds long values in its lines */
	const char *unwritable; /* N_(): a sentence for FORM_UNWRITABLE */

	/* Parse one item of at most ITEM_BYTES_MAX.  @bytes, @profile (or NULL) are borrowed as long as
	 * the item lives; @source and @line (of the first line in it, from 1) are for messages.
	 * 0, or -1: ERR_SYNTAX (not one whole item), ERR_LIMIT, ERR_NOMEM. */
	int (*parse)(struct item **out, struct span bytes, const char *source, unsigned line,
		     const struct item_profile *profile, struct err *err);

	/* Append what stands around the fields of an item that has no others: to read added lines
	 * back, and to keep one field by itself. */
	int (*open)(struct buf *out, struct item_style style, struct err *err);
	int (*close)(struct buf *out, struct item_style style, struct err *err);

	/* Append the line of @elements (fields of one and the same line of @from, in order: one; of a
	 * list, those wanted).  @group: new name of its group, or "".
	 * 0; FORM_UNWRITABLE: that style has no way to say it (@out is then to be cut back); -1:
	 * ERR_NOMEM, ERR_LIMIT. */
	int (*print)(struct buf *out, const struct item *from, const struct field *const *elements,
		     size_t n_elements, const char *group, struct item_style to, struct err *err);

	/* Append one member line of a group (a label).  Returns as print().  NULL: no groups. */
	int (*print_member)(struct buf *out, const struct item *from, struct range member,
			    const char *group, struct item_style to, struct err *err);

	/* The group of the line at @at, in @bytes; empty if it has none.  NULL: no groups. */
	struct span (*group)(struct span bytes, struct range at);

	/* Append the lines that give a new item an id of ours, @uid, and keep the one of @theirs
	 * (may be NULL).  NULL: its content is its id, nothing to write. */
	int (*print_uid)(struct buf *out, const char *uid, const char *theirs,
			 struct item_style style, struct err *err);

	/* Append to @thread the thread that the item is part of (thread.h), and to @party the other
	 * party's name as the item has it.  NULL: its items are in no threads. */
	int (*thread)(struct buf *thread, struct buf *party, const struct item *it,
		      struct err *err);
};

extern const struct form form_bookmark, form_call, form_card, form_event, form_memo, form_message,
	form_record, form_task;

extern const struct form *const forms[]; /* NULL-terminated */

/** The form of a record's MIME type; NULL: whole files. */
const struct form *form_of_type(struct span type);

static inline struct item_style
item_style(const struct item *it)
{
	return (struct item_style){ it->version, it->line_end };
}

#endif
