/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: an app's items, as they are on this terminal, into a file that other programs read.
 *
 * Formats: whole files as they are; what has fields as file_kind.h says.  Asks no server.
 *
 * Memory: one item; where a format has an order, besides the sorted index of all items, some 60 bytes
 * for each, and its two readings of the app are to find the same.
 */
#ifndef CONVERT_EXPORT_H
#define CONVERT_EXPORT_H

#include "apps/apps.h"
#include "box/box.h"
#include "convert/file_kind.h"

/* Borrowed for the length of the call. */
struct export_request {
	const char *const *items; /* ITEM: native id, short id or exact name */
	size_t n_items;           /* 0: all of them */
	const char *to;           /* see export_out.h */
	const char *format;       /* "vcard4"; NULL: the usual one (file_kind_find()) */
};

/* Something that the format cannot hold as it was. */
struct export_note {
	char *kind;    /* card_note_name() */
	char *field;   /* "GENDER", or "" */
	char *text;    /* a sentence */
	unsigned line; /* of the card */
};

struct export_item {
	char *id; /* as shown */
	char *name;
	char *failed; /* NULL, or why it was not exported */
	struct export_note *notes;
	size_t n_notes, cap_notes;
};

/* Owned by the caller, who calls export_result_clear(); all zero is empty. */
struct export_result {
	struct export_item *items; /* by name bytewise, then id; or as they were asked for */
	size_t n_items, cap_items;
	uint64_t exported, failed, noted; /* items; noted: with notes */
	uint64_t bytes;                   /* of the file, or of all files */
	const char *format;               /* what was written; static */
};

void export_result_clear(struct export_result *r);
AUTO_OBJ(export_result_clear, struct export_result);

/* Every member may be NULL. */
struct export_watch {
	void *ctx;
	void (*progress)(void *ctx, uint64_t items, uint64_t bytes);
	bool (*cancelled)(void *ctx); /* true: ERR_CANCELLED after the item at hand */
};

/**
 * @s  the app's session; its inventory was refreshed.
 * @return 0, failed items included; or -1, and nothing is left at request->to (of a folder: what
 *         was written until then): ERR_NOT_FOUND, ERR_AMBIGUOUS (an ITEM), ERR_EXISTS, ERR_USAGE
 *         (no format of this app), ERR_CONFLICT (with an order: the app changed between), ERR_IO, ERR_FULL, ERR_CANCELLED, ERR_NOMEM.
 */
int
export_run(struct export_result *out, struct box *box, struct app_session *s,
	   const struct export_request *request, const struct export_watch *watch, struct err *err);

#endif
