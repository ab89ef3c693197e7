/* SPDX-License-Identifier: Apache-2.0 */
/* fetch_internal: the innards that fetch.c and fetch_chunks.c share. */
#ifndef RESTORE_FETCH_INTERNAL_H
#define RESTORE_FETCH_INTERNAL_H

#include "restore/fetch.h"

struct fetch_chunk {
	struct chunk_entry entry;
	enum {
		FETCH_CHUNK_ASKED, /* not come, or not held */
		FETCH_CHUNK_HELD,
		FETCH_CHUNK_BAD, /* `why` */
	} state;
	uint8_t *plain; /* owned */
	size_t n_plain;
	struct err why;
};

/* Chunks of the last request. */
struct fetch_window {
	struct fetch_chunk *chunks; /* owned */
	size_t n, cap;
	size_t bytes; /* held */
};

void fetch_window_clear(struct fetch_window *w);

/* One request for chunks: at[i] is asked for because of of[i]. */
struct fetch_asking {
	struct wire_object_at at[WIRE_OBJECTS_MAX];
	size_t of[WIRE_OBJECTS_MAX]; /* places in the window */
	uint32_t n;
};

struct fetch {
	struct opener_keys keys;
	struct fetch_source source;
	struct opener *opener;
	struct scratch *scratch; /* owned, or NULL */
	struct listing live;
	bool proven;               /* `live` is exactly what the device signed */
	uint64_t newest_seq;       /* of the batch that the list came with */
	struct hash32 newest_head; /* its head */
	struct err alarm;
	struct fetch_window window;
	struct fetch_asking *asking; /* owned; made at the first chunk */
};

#endif
