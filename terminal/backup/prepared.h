/* SPDX-License-Identifier: Apache-2.0 */
/* prepared: an item that was read and packed: everything that its record and the Box need. */
#ifndef BACKUP_PREPARED_H
#define BACKUP_PREPARED_H

#include "apps/adapter.h"
#include "box/box.h"
#include "chunk/entries.h"
#include "format/record.h"

/* A chunk whose bytes no cutter gives: a list of chunks, or one of the Box's own items. */
struct prepared_chunk {
	struct hash32 cid;
	enum chunk_class class;
	struct buf plain;
};

struct prepared {
	char *app, *shown_id, *name;
	struct buf native_id;
	struct id16 folder, item;
	bool tombstone;
	bool of_box;                  /* one of the Box's own items: in no count */
	struct buf plain;             /* packed and padded, ready to be sealed */
	struct buf refs;              /* cids, joined */
	struct chunk_entries entries; /* in the order of the cutter */
	struct chunk_entries known;   /* of its live version: on the server already; by cid */
	struct prepared_chunk *held;
	size_t n_held, cap_held;
	struct buf entries_bytes; /* the same, encoded: what the Box keeps */
	uint8_t content[BOX_HASH_BYTES];
	uint64_t size;
	uint8_t chunk_class;   /* of a file cut into pieces; 0: none */
	uint64_t object_bytes; /* of all its chunks, sealed */
	uint64_t new_bytes;    /* of those that its live version does not have */
	uint64_t sent_bytes;   /* of those that were uploaded for it */
	uint32_t run_app;      /* place in run->apps */
	struct app_place place;
	char *source; /* what place.source points to */
	bool failed;  /* after it was prepared: it moved before its chunks had gone, ... */
	char *reason; /* ... or the server has no room for it; if failed */
	/* Filled by sealing. */
	uint32_t index;
	struct hash32 leaf;
	uint32_t frame_bytes;
};

/** Empty; ERR_NOMEM. */
int prepared_new(struct prepared **out, struct err *err);
void prepared_free(struct prepared *p);
AUTO_PTR(prepared_free, struct prepared);

/** It is not to be sent, because of @why.  ERR_NOMEM. */
int prepared_fail(struct prepared *p, const struct err *why, struct err *err);

/** Keep a chunk's plaintext. */
int prepared_hold(struct prepared *p, const struct hash32 *cid, enum chunk_class class,
		  struct span plain, struct err *err);

/** Sort `known`, then ask. */
void prepared_sort_known(struct prepared *p);
bool prepared_knows(const struct prepared *p, const struct hash32 *cid);

/** Whether the chunk need not go: its live version has it, or a device that this one replaced. */
bool prepared_has(const struct prepared *p, const struct chunk_entry *e);

/** Length of its frame in a batch. */
size_t prepared_frame_bytes(const struct prepared *p);

#endif
