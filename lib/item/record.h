/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: an item of an app that Cloudbox knows nothing of, as a plug-in tells it
 * (docs/formats/items.md):
 *
 *     BEGIN:VITEM
 *     VERSION:1.0
 *     UID:note-17
 *     NAME:Shopping
 *     TEXT:milk\nbread
 *     END:VITEM
 *
 * A property is one field, several of one name are several fields; which of them the app has only
 * once, the adapter's profile says (item_profile.single).  UID says which item it is; without one its
 * name does (NAME, FN, TITLE, SUMMARY), without that all its fields.
 */
#ifndef ITEM_RECORD_H
#define ITEM_RECORD_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "item/text_stream.h"

#define RECORD_NAME_MAX 64u /* bytes of a field's name */

struct item_arena;

struct record_field {
	struct span name;  /* [A-Z0-9-]: BEGIN, END, VERSION and UID are none */
	struct span value; /* UTF-8; line ends as LF */
};

/* What is parsed is owned by the record; what is printed is borrowed from the caller. */
struct record {
	struct span uid; /* empty: none */
	struct record_field *fields;
	size_t n_fields, cap_fields;
	struct item_arena *arena;
};

/** Of a parsed one. */
void record_clear(struct record *r);
AUTO_OBJ(record_clear, struct record);

/** Append it as form_record has it.  Names are written in capitals.  ERR_USAGE (a name that is none),
 *  ERR_NOMEM, ERR_LIMIT. */
int record_print(struct buf *out, const struct record *r, struct err *err);

/** What the bytes of form_record say, in order; components within are passed over.
 *  @out zeros.  0, or -1: ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM. */
int record_parse(struct record *out, struct span bytes, struct err *err);

/** A text_split_fn: a text of records, BEGIN:VITEM to END:VITEM, into these. */
int record_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

#endif
