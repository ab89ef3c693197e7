/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opener: records and chunks of one device's cloud, opened and checked against their place.
 *
 * Trusts nothing that a server gave:
 * - a batch counts if its device signed it, for this account, before it was shut out;
 * - a record counts if it opens under its batch's key at its own place in the batch, and the app
 * and native id inside give the folder and item id outside, under that device's D: so no record can
 *   stand for another item, another app or another device;
 * - a chunk counts if it opens under its owner's key and its plaintext has the cid that was asked
 *   for, the owner being the device or one that it replaced.
 * That a record is the *live* one of its item is proven elsewhere: listing.h.
 * Pure: no requests, no Box.  One thread.
 */
#ifndef RESTORE_OPENER_H
#define RESTORE_OPENER_H

#include "account/account.h"
#include "chunk/entries.h"
#include "format/batch.h"
#include "format/record.h"

/* What opens, as the unlocked account has it; borrowed for the opener's life. */
struct opener_keys {
	const struct id16 *account;
	const struct log_device *device; /* whose cloud it is */
	void *ctx;
	/* Keys of @epoch, or NULL if the account never had it. */
	const struct account_keys *(*of_epoch)(void *ctx, uint64_t epoch);
	/* Any device of the account, or NULL. */
	const struct log_device *(*device_of)(void *ctx, const struct id16 *id);
	/* D of a device and what follows from it; the caller owns *out. */
	int (*ids_of)(struct device_keys **out, void *ctx, const struct id16 *id, struct err *err);
};

/** The keys of @u for @device.  @u outlives what is returned. */
struct opener_keys opener_keys_of(struct unlocked *u, const struct log_device *device);

struct opener; /* opaque, keys in guarded memory */

/** ERR_NOMEM, or what ids_of() says. */
int opener_new(struct opener **out, const struct opener_keys *keys, struct err *err);
void opener_free(struct opener *o);
AUTO_PTR(opener_free, struct opener);

/** Folder id of @app, item id of (@app, @native_id) in this device's cloud. */
struct id16 opener_folder_id(const struct opener *o, struct span app);
struct id16 opener_item_id(const struct opener *o, struct span app, struct span native_id);

/**
 * The batch whose records come next.
 * @prefix  encoded, whole.
 * @return 0, or -1: ERR_FORMAT, ERR_UNSUPPORTED, ERR_AUTH (another account's or device's, not
 * signed by it, or after the device was shut out).
 */
int opener_batch(struct opener *o, struct span prefix, struct err *err);

/** The batch in hand; borrowed until the next opener_batch(). */
const struct batch_prefix *opener_prefix(const struct opener *o);

/**
 * Open record @index of the batch in hand.
 * @out     borrows from @o until its next call.
 * @return 0, or -1: ERR_AUTH (another place, item, app or device; damaged), ERR_FORMAT,
 *         ERR_UNSUPPORTED, ERR_NOMEM.
 */
int opener_record(struct record *out, struct opener *o, uint32_t index,
		  const struct record_frame *frame, struct err *err);

/** The device that has @entry's chunk: this one, or the one named, if this device replaced it
 *  (directly or in turn, at most 8 deep).  ERR_AUTH. */
int opener_chunk_owner(struct id16 *owner, const struct opener *o, const struct chunk_entry *entry,
		       struct err *err);

/** Open a chunk's @object.  *plain is borrowed until the next call on @o.
 *  ERR_AUTH (another chunk, sealed for another place, damaged), ERR_FORMAT, ERR_UNSUPPORTED. */
int opener_chunk(struct span *plain, struct opener *o, const struct chunk_entry *entry,
		 struct span object, struct err *err);

/* Who is told of each chunk whose bytes are at hand: one that opened, or is here already.  Lists of
 * chunks are not told.  Both are borrowed for the call. */
struct opener_watch {
	void *ctx;
	void (*chunk)(void *ctx, const struct id16 *owner, const struct chunk_entry *entry,
		      struct span plain);
};

/** @watch->ctx outlives the opener. */
void opener_watch(struct opener *o, const struct opener_watch *watch);

/** Whether @plain is the piece that @entry names: so a file that is here already is known without
 *  fetching it.  ERR_AUTH (owner), ERR_NOMEM. */
int opener_chunk_is(bool *is, struct opener *o, const struct chunk_entry *entry, struct span plain,
		    struct err *err);

/** Is the failure one item's (forged, damaged, too large, not there, of a kind unknown)?  The others
 *  go on then; anything else (memory, disk, link) ends the run. */
bool opener_blames_item(const struct err *err);

#endif
