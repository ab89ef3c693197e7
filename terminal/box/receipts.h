/* SPDX-License-Identifier: Apache-2.0 */
/* receipts: the record of what a backup or a restore did, in plain words and in bytes. */
#ifndef BOX_RECEIPTS_H
#define BOX_RECEIPTS_H

#include "box/box.h"

enum receipt_kind {
	RECEIPT_BACKUP = 1,
	RECEIPT_RESTORE,
	RECEIPT_UNDO,
	RECEIPT_TAKE,
	RECEIPT_DRILL,
};

/** "backup", …: part of the JSON contract. */
const char *receipt_kind_name(enum receipt_kind kind);

struct receipt {
	int64_t number; /* given by receipt_put() */
	enum receipt_kind kind;
	int64_t at_unix_ms;
	uint64_t items; /* uploaded, written, checked */
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t full_backup_bytes; /* backups; else 0 */
	bool estimated;             /* full_backup_bytes is */
	uint64_t failed;
	struct span restore; /* the restore's id (text), or empty */
};

/* One item of a receipt. */
struct receipt_item {
	const char *app;
	struct span id; /* as shown to people */
	struct span name;
	const char *result; /* "uploaded", "identical", "merged", "failed", … */
	uint64_t bytes;     /* sent for it */
	struct span reason; /* a sentence, or empty */
};

/** Keep @r; r->number is filled in. */
int receipt_put(struct box *b, struct receipt *r, struct err *err);
/** Add a line to it. */
int
receipt_put_item(struct box *b, int64_t receipt, const struct receipt_item *item, struct err *err);
/** Replace the figures of receipt r->number (kind and lines stay). */
int receipt_update(struct box *b, const struct receipt *r, struct err *err);

/** Receipt @number, with its figures (out->restore is empty).  0, BOX_ABSENT or -1. */
int receipt_get(struct receipt *out, struct box *b, int64_t number, struct err *err);
/** The newest receipt of @kind about @restore, with its figures (out->restore is empty).  0,
 *  BOX_ABSENT or -1. */
int receipt_find(struct receipt *out, struct box *b, enum receipt_kind kind, struct span restore,
		 struct err *err);
/** Has the receipt a line for the item?  0, BOX_ABSENT or -1. */
int
receipt_has_item(struct box *b, int64_t receipt, const char *app, struct span id, struct err *err);

/** Forget the lines of receipts that are older than @before_unix_ms; their figures stay.  *n: of how
 *  many receipts. */
int receipts_purge(uint64_t *n, struct box *b, int64_t before_unix_ms, struct err *err);

/** When the first receipt of the Box was written; 0: there is none. */
int receipts_begin(int64_t *at_unix_ms, struct box *b, struct err *err);

typedef int receipt_fn(void *ctx, const struct receipt *r, struct err *err);
typedef int receipt_item_fn(void *ctx, const struct receipt_item *item, struct err *err);

/** Newest first. */
int receipts_each(struct box *b, receipt_fn *fn, void *ctx, struct err *err);
int
receipt_items_each(struct box *b, int64_t receipt, receipt_item_fn *fn, void *ctx, struct err *err);

#endif
