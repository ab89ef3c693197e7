/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: what the API's handlers share, and the rules that they have in common.
 *
 * A handler reads through api_read(), changes through a struct change, and leaves long work to the
 * workers.  A rule is a function over a catalog transaction that returns 0, REFUSED with the problem
 * to answer, or -1 with *err.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "accounts/accounts.h"
#include "accounts/sessions.h"
#include "api/http.h"
#include "api/shares.h"
#include "api/workers.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"

struct server {
	struct catalog *catalog;
	struct blobs *blobs;
	struct sessions *sessions;
	struct workers *workers;
	struct decoy decoy;
	uint8_t spki_hash[CRYPTO_HASH_BYTES]; /* of our TLS key; zeros under plain HTTP */
	uint64_t min_free_bytes; /* of disk; UINT64_MAX: 5 % of it or 2 GiB, what is more */
	struct shares uploads;   /* that are under way: each holds open files */
	int data_fd;             /* folder for temporary files without a name */
	const char *version;
	/* A sync failed: the process ends here. */
	void (*fatal)(void *ctx, const struct err *err);
	void *fatal_ctx;
};

#define UPLOADS_AT_ONCE 64 /* of chunks */

/** All calls of docs/protocol; exchange.server must be a struct server. */
extern const struct http_route api_routes[];

static inline struct server *
server_of(const struct exchange *x)
{
	return x->server;
}

#define SCOPE_PUT 1u
#define SCOPE_GET 2u

/** An account as one that has shares. */
struct hash32 api_who(const struct id16 *account);

/** Whom the request's token lets in, if with one of @scopes.  False: refused, answered (`signature`,
 *  `scope`).  The device's state is not asked here: gate_session(). */
bool api_session(struct exchange *x, unsigned scopes, struct session *out);

/** The request's token, as it came; false: it has none. */
bool api_token(struct exchange *x, struct hash32 *out);

/** Hooks `begin` that refuse before the body is read. */
void api_begin_get(struct exchange *x);
void api_begin_any(struct exchange *x);

/** Below how much free disk nothing more is taken: @min_free_bytes, or, if that is UINT64_MAX, 5 % of
 *  the disk or 2 GiB, what is more. */
uint64_t room_floor(uint64_t min_free_bytes, uint64_t total_bytes);

/** Whether the disk has room for more.  False: refused, answered (`disk`). */
bool api_room(struct exchange *x);

typedef int rule_fn(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err);

/** Run a rule in a read-only view.  True: it returned 0.  False: refused or failed, answered. */
bool api_read(struct exchange *x, rule_fn *rule, void *ctx);

/* A change on behalf of an exchange: first member of what the handler allocated for it. */
struct change {
	struct catalog_job job; /* first */
	struct exchange *x;
	int (*rule)(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err);
	void (*answer)(struct change *c); /* it is durable; on the writer's thread, so be short */
	struct problem problem;
};

/** Let the exchange wait and submit; in the end it is answered and resumed. */
void
api_change(struct exchange *x, struct change *c,
	   int (*rule)(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err),
	   void (*answer)(struct change *c));

/** Answer 200 with @body unless @rc is negative: then for *err. */
void api_answer(struct exchange *x, int rc, struct buf *body, const struct err *err);

/** Find the chunk @cid of @device, or of the devices that it replaced, 8 deep: of theirs only what a
 *  batch up to their last trusted seq refers to, or one of a replacement.  @owner_row: whose it is.  0; CATALOG_ABSENT (a damaged one too); -1. */
int chunk_find(struct catalog_tx *tx, const struct catalog_device *device, const struct hash32 *cid,
	       struct catalog_chunk *out, int64_t *owner_row, struct err *err);

/** The encoded prefix of the device's newest batch; nothing if it has none.  -1: ERR_FORMAT (gone). */
int newest_prefix(struct catalog_tx *tx, const struct catalog_device *device, struct buf *out,
		  struct err *err);

/* A device's time is written anew only when it has grown this old, a chunk's when CHUNK_WANTED_STEP_MS:
 * most `have` calls then write nothing. */
#define DEVICE_SEEN_STEP_MS (60 * 1000)

/** Whether the time by a device's clock that it signed for is within a day of the server's. */
bool api_time_fits(uint64_t client_unix_ms, int64_t now_unix_ms);

/** A device that proved its key was here now: what it promised counts anew from now on.  The caller
 *  puts it. */
void device_came(struct catalog_tx *tx, struct catalog_device *d, int64_t now_unix_ms);
/** Whether that is so old that it is to be written, though nothing else is. */
bool device_is_stale(struct catalog_tx *tx, const struct catalog_device *d);

/** What a device is told of its account with the answer that it gets now: alarms that stand, but not its own
 *  silence and drill.  To be read in the view or the transaction that answers, from where it is kept until
 *  api_tell(). */
int notices_read(struct wire_notices *out, struct catalog_tx *tx, const struct id16 *account,
		 const struct id16 *device, struct err *err);
/** Put them into the head of @x's answer, which stands: after http_answer(). */
void api_tell(struct exchange *x, const struct wire_notices *n);

/* Hooks, by file. */
void accounts_end(struct exchange *x);
void accounts_drop(struct exchange *x);
void login_start_end(struct exchange *x);
void login_finish_end(struct exchange *x);
void login_finish_drop(struct exchange *x);
void wraps_end(struct exchange *x);
void log_get_end(struct exchange *x);
void log_post_end(struct exchange *x);
void log_post_drop(struct exchange *x);
void heads_end(struct exchange *x);
/* standing.c */
void standing_end(struct exchange *x);
void beat_end(struct exchange *x);
void beat_drop(struct exchange *x);
void have_end(struct exchange *x);
void have_drop(struct exchange *x);
void chunks_begin(struct exchange *x);
void chunks_piece(struct exchange *x, struct span piece);
void chunks_end(struct exchange *x);
void chunks_drop(struct exchange *x);
void objects_end(struct exchange *x);
void objects_drop(struct exchange *x);
void damaged_end(struct exchange *x);
void pair_open_end(struct exchange *x);
void pair_say_end(struct exchange *x);
void pair_hear_end(struct exchange *x);
void pair_drop(struct exchange *x);
void batches_begin(struct exchange *x);
void batches_piece(struct exchange *x, struct span piece);
void batches_end(struct exchange *x);
void batches_drop(struct exchange *x);
void items_end(struct exchange *x);
void versions_end(struct exchange *x);
void listing_drop(struct exchange *x);
void records_end(struct exchange *x);
void records_drop(struct exchange *x);
void item_end(struct exchange *x);

#endif
