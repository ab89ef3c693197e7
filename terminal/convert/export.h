/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: an app's items, as they are on this terminal, into a file that other programs read.
 *
 * Formats: whole files as they are; what has fields as file_kind.h says.  Asks no server.
 *
 * Memory: one item.  Where a format has an order, the app is read twice: for the order, which lies on
 * disk (os/sorter.h), and to write.
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
	const char *kind;  /* card_note_name() */
	const char *field; /* "GENDER", or "" */
	const char *text;  /* a sentence */
	unsigned line;     /* of the card */
};

/* What came of an item.  Borrowed for the length of the call. */
struct export_item {
	const char *id; /* as shown */
	const char *name;
	const char *failed; /* NULL, or why it was not exported */
	const struct export_note *notes;
	size_t n_notes;
};

struct export_result {
	uint64_t exported, failed, noted; /* items; noted: with notes */
	uint64_t bytes;                   /* of the file, or of all files */
	const char *format;               /* what was written; static */
};

/* Every member may be NULL. */
struct export_watch {
	void *ctx;
	void (*progress)(void *ctx, uint64_t items, uint64_t bytes);
	bool (*cancelled)(void *ctx); /* true: ERR_CANCELLED after the item at hand */
	/* Each item once it is done, in the order of writing.  0, or -1 ends the export. */
	int (*item)(void *ctx, const struct export_item *item, struct err *err);
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
