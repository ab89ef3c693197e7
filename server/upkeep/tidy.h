/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tidy: clear away what retention does not keep (catalog/retention.h).
 *
 * In this order, each step a short transaction of its own, so that it may be cut off between any two
 * and goes on the next time:
 *
 *     account: what waited and is due: keeping less, lifting holds, deleting it
 *       device:  retired long enough: all it has ends
 *                holds: which folders would lose too much
 *                due versions: frames and references; batches that have become empty
 *                chunks that nobody refers to or wants: their objects to the dead list
 *     deleted accounts: rows, objects to the dead list
 *     dead list: objects first, then their rows
 *     strays: objects that no row names (asked for by hand, and by scrub)
 *
 * The hold.  What a thief with all of a device's keys can do is to add: newer versions and tombstones.
 * Newer versions leave their traces, anchors keep older ones; but tombstones for everything look like
 * a person who wants no backup any more.  So where of the items that a folder had at the start of a
 * month more than HOLD_PERCENT would lose the last version that is older than R with that month's
 * anchors, clearing in that folder stops and says so, until an entry signed by the account's key lifts
 * it.  Counting what was there at the month's start, not what is there now, leaves nothing to gain by
 * adding items first; and all of a month's anchors fall due at once, so nothing by doing it slowly
 * within one.
 */
#ifndef UPKEEP_TIDY_H
#define UPKEEP_TIDY_H

#include "blobs/blobs.h"
#include "catalog/catalog.h"

#define HOLD_PERCENT 20

struct tidy_result {
	uint64_t versions; /* cleared */
	uint64_t batches;
	uint64_t chunks;  /* rows of them */
	uint64_t objects; /* removed from the disk */
	uint64_t accounts;
	uint64_t bytes; /* what accounts were freed of */
	uint64_t held;  /* folders in which clearing stands still */
};

struct tidy_options {
	bool strays; /* look through all objects for those that no row names */
	/* Between any two steps: other than 0 ends it with this result (a shutdown, a test). */
	int (*between)(void *ctx, struct err *err);
	/* A folder in which clearing stands still; NULL: nobody wants to know. */
	int (*held)(void *ctx, const struct id16 *account, const struct id16 *device,
		    const struct id16 *folder, struct err *err);
	void *ctx;
};

/** Tidy everything.  Works beside a running server.  @options may be NULL.  0, what between() said, or
 *  -1: ERR_IO, ERR_FULL, ERR_NOMEM, ERR_FORMAT (the database is damaged; the rest was tidied). */
int tidy_run(struct catalog *c, struct blobs *b, const struct tidy_options *options,
	     struct tidy_result *result, struct err *err);

/** Remove the objects of the dead list that are due. */
int tidy_dead(struct catalog *c, struct blobs *b, const struct tidy_options *options,
	      struct tidy_result *result, struct err *err);

/** Put onto the dead list what lies in the parts @from up to, not with, @to of the store
 *  (blobs.h: BLOBS_PARTS) and is no row's. */
int tidy_strays(struct catalog *c, struct blobs *b, unsigned from, unsigned to, struct err *err);

#endif
