/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one device's cloud, seen from here and verified: its list, its records, their data.
 *
 *     fetch_list      the live items, checked against the state root that the device signed
 *     fetch_records   records by place, in bounded requests, each proven and opened
 *     fetch_item      one item with its proof, instead of the list
 *     fetch_payload   an item's original bytes, its chunks fetched as they are needed
 *
 * What is damaged, forged or gone is told item by item (`why`), and the others go on; a call fails
 * as a whole only where the server cannot be reached or memory ends.
 * Memory: one record, FETCH_CHUNKS_BYTES of opened chunks, 16 bytes for each record that is wanted, and
 * the list where it is not on disk.  One thread.
 */
#ifndef RESTORE_FETCH_H
#define RESTORE_FETCH_H

#include "format/payload.h"
#include "restore/listing.h"
#include "restore/opener.h"

#define FETCH_GROUP_BYTES  (2u << 20)  /* ciphertexts of one request for records */
#define FETCH_GROUP_ITEMS  2000        /* records of one request: opened, some 700 bytes each */
#define FETCH_WINDOW_BYTES (8u << 20)  /* chunks of one request, by the size of their class */
#define FETCH_CHUNKS_BYTES (12u << 20) /* opened chunks that are held */

/* The server, as far as reading goes: remote.h's calls, or a test's. */
struct fetch_source {
	void *ctx;
	int (*items)(void *ctx, const struct id16 *device, const struct wire_items_sink *sink,
		     struct err *err);
	int (*versions)(void *ctx, const struct id16 *device, const struct id16 *folder,
			const struct id16 *item, const struct wire_items_sink *sink,
			struct err *err);
	int (*records)(void *ctx, struct wire_records *ask, wire_frame_fn *fn, void *fn_ctx,
		       struct err *err);
	/* @out borrows from @held. */
	int (*item)(void *ctx, const struct wire_item_ask *ask, struct wire_item_answer *out,
		    struct buf *held, struct err *err);
	int (*objects)(void *ctx, const struct wire_object_at *at, uint32_t n, wire_object_fn *fn,
		       void *fn_ctx, struct err *err);
};

/** The server that @u is logged in at. */
struct fetch_source fetch_source_of(struct unlocked *u);

struct fetch; /* opaque */

/** ERR_NOMEM.  No request. */
int fetch_new(struct fetch **out, const struct opener_keys *keys, const struct fetch_source *source,
	      struct err *err);
void fetch_free(struct fetch *f);
AUTO_PTR(fetch_free, struct fetch);

/** Keep the list of live items in an unnamed file of the folder @dir_fd, not in memory; before
 *  fetch_list().  scratch_new()'s errors. */
int fetch_use_disk(struct fetch *f, int dir_fd, struct err *err);

/** For folder and item ids of this device. */
struct opener *fetch_opener(const struct fetch *f);
const struct log_device *fetch_device(const struct fetch *f);
/** The account's keys of @epoch, or NULL. */
const struct account_keys *fetch_keys(const struct fetch *f, uint64_t epoch);

/** Fetch the live items.  Where the list is not proven, fetch_alarm() says so and the items are
 *  proven one by one.  ERR_UNREACHABLE and its kin, ERR_NOMEM, ERR_LIMIT. */
int fetch_list(struct fetch *f, struct err *err);

/** What fetch_list() got; borrowed, and so is what it lies in. */
const struct listing *fetch_live(const struct fetch *f);

/** Number of the device's newest batch as far as it is proven; 0: none. */
uint64_t fetch_newest_seq(const struct fetch *f);
/** Its head; means nothing while fetch_newest_seq() is 0. */
const struct hash32 *fetch_newest_head(const struct fetch *f);

/** "" or a sentence: the list is not what the device signed. */
const char *fetch_alarm(const struct fetch *f);

/** The kept versions of @folder, or of one @item of it (NULL: all), added to @out: ascending by
 *  item, then version.  The list proves nothing; its records do. */
int fetch_versions(struct listing *out, struct fetch *f, const struct id16 *folder,
		   const struct id16 *item, struct err *err);

/* A record that came, or did not. */
struct fetched {
	const struct wire_item *at;
	int64_t saved_unix_ms;       /* signed client time of its batch; 0 if it did not come */
	const struct record *record; /* borrowed for the call; NULL: see `why` */
	const struct err *why;       /* NULL, or why it cannot be had */
};

struct fetch_sink {
	void *ctx;
	/* For each wanted record; no requests in here.  -1 ends the fetching. */
	int (*each)(void *ctx, const struct fetched *it, struct err *err);
	/* After each request: what `each` put aside can be worked on, with requests.  May be NULL.
	 */
	int (*group)(void *ctx, struct err *err);
};

enum fetch_kind {
	FETCH_LIVE,     /* of fetch_live(): proven by the list, if the list is */
	FETCH_VERSIONS, /* of fetch_versions(): each proven by its path */
};

/** Fetch the records that @want names; sink->each comes by batch and index, once for each. */
int fetch_records(struct fetch *f, const struct listing *want, enum fetch_kind kind,
		  const struct fetch_sink *sink, struct err *err);

#define FETCH_ABSENT   1 /* proven: the device has no such live item */
#define FETCH_UNPROVEN 2 /* the answer proves nothing: fetch_list() tells more */

/** Fetch the live record of one item, in one request.  0 (sink->each was called once),
 * FETCH_ABSENT, FETCH_UNPROVEN, or -1. */
int fetch_item(struct fetch *f, struct span app, struct span native_id,
	       const struct fetch_sink *sink, struct err *err);

/* A record that outlives its fetching. */
struct opened {
	struct wire_item at;
	int64_t saved_unix_ms;
	struct record record; /* borrows from `bytes`; empty if it did not come */
	uint8_t *bytes;       /* owned */
	struct err *why;      /* owned; NULL, or why it cannot be had */
};

int opened_copy(struct opened *out, const struct fetched *it, struct err *err);
void opened_clear(struct opened *o);
AUTO_OBJ(opened_clear, struct opened);

/** Fetch the chunks of several small items in one request, ahead of fetch_payload().  One of more than
 *  FETCH_WINDOW_BYTES, and what does not fit FETCH_CHUNKS_BYTES, is fetched when it is needed.  -1: the server was not reached; a damaged
 *  chunk shows at its item. */
int fetch_ahead(struct fetch *f, const struct opened *items, size_t n, struct err *err);

/** The same in parts: begin, add one by one, ask. */
void fetch_ahead_begin(struct fetch *f);
int fetch_ahead_add(struct fetch *f, const struct opened *item, struct err *err);
int fetch_ahead_ask(struct fetch *f, struct err *err);

/** All chunk entries of @r, in order, added to @out; above 512 they lie in chunks themselves. */
int
fetch_entries(struct chunk_entries *out, struct fetch *f, const struct record *r, struct err *err);

/** Write the original bytes of @r, exactly r->size_bytes of them, to @sink.
 *  ERR_AUTH, ERR_FORMAT (damaged, gone), ERR_UNSUPPORTED, the sink's; ERR_UNREACHABLE. */
int fetch_payload(struct fetch *f, const struct record *r, const struct payload_sink *sink,
		  struct err *err);

#endif
