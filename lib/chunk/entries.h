/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entries: the chunks of an item in order, within its record or, above 512, in list chunks.
 *
 * docs/formats/record.md.  Entries are numbered from 0; the payload's segments name them by number.
 */
#ifndef CHUNK_ENTRIES_H
#define CHUNK_ENTRIES_H

#include "chunk/chunk.h"

#define ENTRY_BYTES_MIN 34 /* class, owner, cid */
#define ENTRY_BYTES_MAX 50 /* and the owner's device id */

struct chunk_entry {
	enum chunk_class class;
	bool foreign;       /* the chunk belongs to another device (one that this one replaced) */
	struct id16 device; /* whose, if foreign */
	struct hash32 cid;
};

struct chunk_entries {
	struct chunk_entry *e; /* owned */
	size_t n, cap;
};

void chunk_entries_clear(struct chunk_entries *l);
AUTO_OBJ(chunk_entries_clear, struct chunk_entries);

/** ERR_LIMIT over RECORD_REFS_MAX, ERR_NOMEM. */
int chunk_entries_add(struct chunk_entries *l, const struct chunk_entry *e, struct err *err);

/** Append the encoded entries, tag 9 of a record. */
int chunk_entries_encode(struct buf *out, const struct chunk_entries *l, struct err *err);

/** Add the entries encoded in @bytes to @l.  ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED (class). */
int chunk_entries_decode(struct chunk_entries *l, struct span bytes, struct err *err);

/** Append the refs of a record: the cids of @own, then those of @lists (may be NULL) that were not
 *  named yet, each once, in order of first use. */
int chunk_entries_refs(struct buf *refs, const struct chunk_entries *own,
		       const struct chunk_entries *lists, struct err *err);

/* Takes the plaintext of a list chunk (class CHUNK_LIST), gives its cid. */
typedef int chunk_list_put_fn(void *ctx, struct span plain, struct hash32 *cid, struct err *err);

/** Put the entries of @l into list chunks through @put, CHUNK_LIST_ENTRIES in each, and add those
 *  lists to @top, which stands in the record (tag 10) and in the refs.  A change of one piece sends
 *  one list of 35 kB anew. */
int chunk_lists_make(struct chunk_entries *top, const struct chunk_entries *l,
		     chunk_list_put_fn *put, void *ctx, struct err *err);

/* Gives the plaintext of a list chunk, borrowed until the next call. */
typedef int
chunk_list_get_fn(void *ctx, const struct chunk_entry *list, struct span *plain, struct err *err);

/** Append to @l the entries that the lists @top hold, at most two levels down. */
int chunk_lists_read(struct chunk_entries *l, const struct chunk_entries *top,
		     chunk_list_get_fn *get, void *ctx, struct err *err);

#endif
