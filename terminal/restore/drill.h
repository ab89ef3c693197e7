/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill: proof, now and then, that what was saved can come back.
 *
 *     drill_full    unlocked: some items are fetched, opened, compared with what was saved, parsed,
 *                   restored into an empty copy and merged with the item as the app has it now;
 *                   the results are thrown away (drill_copy.h)
 *     drill_locked  no passphrase: the server's lists as verify_server() checks them, and records
 *                   and objects drawn at random against the digests that box.db keeps
 *
 * Items that nobody looked at for longest come first, so that every one gets its turn; what a drill
 * fetches is bounded.  Each item that came back whole is marked as proven; what was found damaged
 * counts as unsaved, so that the next backup sends it again.  Nothing in any app is changed, and
 * nothing is ever written in the clear.
 *
 * Memory: the list is on disk; 128 bytes for each item that is looked at, one request's records,
 * FETCH_CHUNKS_BYTES of chunks, an item of fields.
 */
#ifndef RESTORE_DRILL_H
#define RESTORE_DRILL_H

#include "box/drills.h"
#include "restore/verify.h"

/* How much a full drill looks at: a minute on a slow link, and a few percent of a phone's Box. */
#define DRILL_ITEMS 1000
#define DRILL_BYTES (UINT64_C(32) << 20) /* sealed */

/* What a locked one draws: docs/protocol lets a device have 64 ciphertexts a day, so that two drills
 * find room, that of the schedule and one that somebody asks for. */
#define DRILL_LOCKED_RECORDS 24
#define DRILL_LOCKED_CHUNKS  8 /* 4 MiB each at most */

/* By itself, while somebody has unlocked the account: little enough to pass unnoticed. */
#define DRILL_AUTO_ITEMS 200
#define DRILL_AUTO_BYTES (UINT64_C(8) << 20)

/* How often.  A week: of damage to one item in ten, 32 drawn items miss three in a hundred, and it is known
 * long before the server's shortest retention, 30 days, has cleared what could replace it.  A quarter: as
 * long as somebody may be asked to type a passphrase for nothing but certainty. */
#define DRILL_LOCKED_EVERY_MS   (7 * 24 * 3600 * INT64_C(1000))
#define DRILL_UNLOCKED_EVERY_MS (7 * 24 * 3600 * INT64_C(1000)) /* full, a session being at hand */
#define DRILL_FULL_EVERY_MS     (91 * 24 * 3600 * INT64_C(1000))

struct drill_limits {
	uint64_t items;
	uint64_t bytes; /* sealed */
	bool strict;    /* an item of more than that is left out; else it may be looked at alone */
};

/* Owned by the caller, who calls drill_result_clear(); all zero is empty. */
struct drill_result {
	enum drill_kind kind;
	uint64_t items;             /* looked at */
	uint64_t proven;            /* full: came back whole */
	uint64_t records;           /* locked: compared */
	uint64_t chunks;            /* locked: compared */
	uint64_t again;             /* of those that are bad: the next backup sends them again */
	struct verify_result found; /* what is bad; bytes and requests */
};

void drill_result_clear(struct drill_result *r);
AUTO_OBJ(drill_result_clear, struct drill_result);

/**
 * @limits  NULL: DRILL_ITEMS and DRILL_BYTES.
 * @watch   may be NULL.
 * @return  0, whatever was found to be bad (out->found.bad), or -1: ERR_NOT_FOUND (nothing is
 *          saved yet), ERR_CONFLICT (a backup is unfinished: it goes first), ERR_BUSY, ERR_CANCELLED,
 *          remote.h's.  Items that were proven until then stay so; there is a receipt after 0 only.
 */
int
drill_full(struct drill_result *out, struct box *box, struct unlocked *u,
	   const struct drill_limits *limits, const struct verify_watch *watch, struct err *err);

/** @remote logs in as the device where there is no token.  The same, and ERR_REFUSED: the day's share
 *  of ciphertexts is used up. */
int drill_locked(struct drill_result *out, struct box *box, struct remote *remote,
		 const struct verify_watch *watch, struct err *err);

#endif
