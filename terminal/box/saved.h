/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saved: what lies in the cloud of this device: for each live item its newest version, and the
 * state tree over all of them (docs/formats/batch.md, State root).
 *
 * Rows change only by journal_ack(), by saved_rebuild(), by saved_put_proven() and by saved_doubt()
 * (drills.h): what stands here was acknowledged.  The Box's own items (app "box") stand here like all others.
 */
#ifndef BOX_SAVED_H
#define BOX_SAVED_H

#include "base/buf.h"
#include "box/box.h"
#include "format/state.h"

/* An item's live version.  From a callback or saved_get() borrowed; see there. */
struct saved {
	uint8_t item[BOX_ID_BYTES];
	uint8_t folder[BOX_ID_BYTES];
	const char *app;
	struct span native_id;
	uint64_t seq;   /* the batch that holds it */
	uint32_t index; /* which of its records */
	uint8_t leaf[BOX_HASH_BYTES];
	uint32_t versions;
	uint8_t content[BOX_HASH_BYTES]; /* content.h */
	uint64_t size;                   /* original bytes */
	uint64_t sealed_bytes;           /* record frame, and the objects of its chunks */
	struct span chunks; /* chunk entries as in docs/formats/record.md, joined; in their order */
	uint8_t chunk_class; /* of a file: chosen when it was first seen, kept; 0: none */
	int64_t saved_unix_ms;
	int64_t proven_unix_ms; /* 0: never */
};

struct saved_found {
	struct saved saved;
	struct buf store;
};

#define SAVED_FOUND_INIT                                                                           \
	{                                                                                          \
		.store = BUF_INIT(8 << 20)                                                         \
	}
void saved_found_clear(struct saved_found *f);
AUTO_OBJ(saved_found_clear, struct saved_found);

/** 0, BOX_ABSENT or -1. */
int saved_get(struct saved_found *f, struct box *b, const uint8_t item[static BOX_ID_BYTES],
	      struct err *err);

typedef int saved_fn(void *ctx, const struct saved *s, struct err *err);

/** All live items of @app (NULL: of all), by item id. */
int saved_each(struct box *b, const char *app, saved_fn *fn, void *ctx, struct err *err);

/**
 * Live items, those first that were known to be good longest ago: when they were proven, or else
 * saved; so one that changes every day never stands before one that nobody has looked at for a year.
 * A proof from the future (a clock was wrong) is none.
 */
struct saved_oldest {
	int64_t now_unix_ms;
	uint64_t max;              /* at most so many */
	uint64_t sealed_bytes_max; /* none that is larger */
};

int saved_each_by_proof(struct box *b, const struct saved_oldest *which, saved_fn *fn, void *ctx,
			struct err *err);

/** How many live items, those of app "box" included. */
int saved_count(uint64_t *n, struct box *b, struct err *err);

/** By what a person typed, as inventory_find(), among the saved items of @app (names are those of
 *  its shortcuts).  0 or -1 with ERR_NOT_FOUND, ERR_AMBIGUOUS. */
int saved_find(struct saved_found *f, struct box *b, const char *app, struct span typed,
	       struct err *err);

/** The item was fetched, opened and verified at that time. */
int saved_put_proven(struct box *b, const uint8_t item[static BOX_ID_BYTES], int64_t at_unix_ms,
		     struct err *err);

/* forget: the cloud's copy is to go.  The next backup sends a tombstone; journal_ack() clears it.
 */
int saved_forget(struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err);
/** Items whose tombstone is still to be sent (app, native id, item, folder). */
int saved_each_forgotten(struct box *b, saved_fn *fn, void *ctx, struct err *err);

/** The state tree of what is saved, over box.db.  Borrows @b. */
void saved_store(struct state_store *out, struct box *b);

/* Build the map anew, from the server's list, unlocked: everything in one transaction.
 *     saved_rebuild_begin  saved_rebuild_put*  saved_rebuild_end     or box_rollback()
 * The end computes the state tree again; *root is to be compared with what the device signed,
 * before the transaction ends: box_begin() around it where a wrong one is to be thrown away. */
int saved_rebuild_begin(struct box *b, struct err *err);
int saved_rebuild_put(struct box *b, const struct saved *s, struct err *err);
int saved_rebuild_end(struct hash32 *root, struct box *b, struct err *err);

/* Inheritance: which chunks of the devices that this one replaced hold what.  A chunk's id is made
 * with its own device's key, so an old one is found by the id that the same bytes have here; both
 * are learned where the bytes are at hand, at a restore. */

/** The bytes with id @cid, by this device's key, lie in the chunk that @entry names: one encoded
 *  chunk entry (docs/formats/record.md) with its owner. */
int saved_inherit(struct box *b, const uint8_t cid[static BOX_HASH_BYTES], struct span entry,
		  struct err *err);

/** That entry, added to @out.  0, BOX_ABSENT or -1. */
int saved_inherited(struct buf *out, struct box *b, const uint8_t cid[static BOX_HASH_BYTES],
		    struct err *err);

/** The server does not have what @entry names any more. */
int saved_disinherit(struct box *b, struct span entry, struct err *err);

/** How much was saved of this app, and what it became: for estimates.  All 0: nothing yet. */
struct saved_ratio {
	uint64_t items;
	uint64_t bytes; /* original */
	uint64_t sealed_bytes;
};

int saved_ratio(struct saved_ratio *out, struct box *b, const char *app, struct err *err);

/** What a full backup of all of @app's items would send: sealed bytes of those saved as they are;
 *  the others by size and the app's ratio, then *estimated is set. */
int saved_full_backup_bytes(uint64_t *bytes, bool *estimated, struct box *b, const char *app,
			    struct err *err);

#endif
