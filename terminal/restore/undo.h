/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo: takes away exactly what one restore put into the apps, field by field, where it is still as
 * it was put; or puts back what a take (take.h) replaced.
 *
 *     a field that the restore added    goes, if it is still there; changed since: stays, told
 *     an item that the restore made     goes, if its bytes are still those that were written
 *     a value that was taken            gives way to the one from before, if it is still there
 *     everything else                   is not looked at
 *
 * No passphrase is needed but to put a taken value's predecessor back; no server is asked.
 *
 * One item's way, each arrow durable before the next (KEPT_UNDONE is its original of this undo):
 *
 *     restored --keep--> kept --write--> written --close--> undone
 *                  |             |              |
 *        killed:   |             |              +-- known by its content: counted, not done again
 *                  |             +-- one rename or unlink: as it was, or as it should be
 *                  +-- its content is that of the row: the row is used again
 *
 * close is one transaction for the whole restore: it is marked as undone, the receipt has its lines,
 * a taken value is held again.  An item that fails leaves the restore open: undo it again, and what
 * was done is found done.
 */
#ifndef RESTORE_UNDO_H
#define RESTORE_UNDO_H

#include "restore/kept_keys.h"
#include "restore/restore.h"

enum undo_outcome {
	UNDO_FAILED,
	UNDO_TAKEN_AWAY, /* fields that were added are gone again */
	UNDO_GONE,       /* an item that was made is gone again */
	UNDO_PUT_BACK,   /* a value that was replaced is back */
	UNDO_BEFORE,     /* all of that by an undo that was cut off */
	UNDO_STAYS,      /* changed or removed since: nothing was done */
};

struct undo_item {
	char *app;
	char *id; /* as shown */
	char *name;
	enum undo_outcome outcome;
	struct restore_field *removed; /* `value`: what went */
	size_t n_removed;
	struct restore_field *put_back; /* UNDO_PUT_BACK: `value`: what is here again */
	size_t n_put_back;
	struct restore_field *stays; /* fields that share their line with newer ones */
	size_t n_stays;
	char *reason; /* a sentence, never NULL */
};

/* Owned by the caller; all zero is empty. */
struct undo_result {
	char restore[RESTORE_ID_BYTES]; /* what was undone; "": there is nothing to undo */
	bool was_undone;                /* it was before: nothing was done */
	struct undo_item *items;        /* by app, then name bytewise, then id */
	size_t n_items;
	size_t cap_items;
	uint64_t written; /* items whose bytes changed, in this run */
	uint64_t failed;
};

void undo_result_clear(struct undo_result *r);
AUTO_OBJ(undo_result_clear, struct undo_result);

struct undo_request {
	const char *restore; /* its id or the beginning of one (4 digits at least); NULL: the newest
				that changed something and is not undone */
	kept_keys_fn *keys;
	void *keys_ctx;
};

/**
 * Undo one restore or take.
 * @watch  may be NULL; of it progress() (items) and cancelled().
 * @return 0, items of UNDO_FAILED included, or -1; what was done until then stands in @out and in
 *         the receipt: ERR_NOT_FOUND (no such restore, or nothing of it is kept any more),
 *         ERR_AMBIGUOUS, ERR_LOCKED (a key is needed), ERR_BUSY, ERR_FULL, ERR_IO, ERR_CANCELLED.
 */
int undo_run(struct undo_result *out, struct box *box, const struct undo_request *request,
	     const struct restore_watch *watch, struct err *err);

#endif
