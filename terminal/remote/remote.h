/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: the server seen from here, by libcurl; one `struct remote` a run, with a kept connection.
 *
 * Request heads are lean (no User-Agent, Accept or Expect), every byte of heads and bodies is
 * counted (TLS apart), answers have a ceiling before they are read.
 *
 * TLS: a pinned key (SHA-256 of its SPKI) is compared and nothing else; without a pin a CA's
 * certificate is checked by name; any other server is ERR_AUTH, and remote_see() tells its key, so
 * that the person can be shown it and asked.  No request is sent to a server before that.
 *
 * Retries: time-outs, resets, refused connections, 5xx, 408, 429 and 503 are tried again with the
 * same bytes; waits double from first_wait_ms, with jitter (half to the whole), Retry-After is the
 * least wait; a wait that would pass total_ms is not begun.  A link that breaks off once the server
 * was reached gets more tries and four times as long: it may be a phone that changes its cell.  A
 * server that takes a request and is silent for stall_s is asked once more, and only if it answered
 * before.
 *
 * Errors of every call below: ERR_UNREACHABLE (no connection, cut, timed out, 5xx to the end),
 * ERR_AUTH (another TLS key; a wrong or expired signature or token), what problem_err_code() says
 * of a problem (ERR_REVOKED, ERR_FULL, ERR_CONFLICT, …), ERR_REFUSED (an answer that no Cloudbox
 * server gives), ERR_FORMAT (an answer that is not of the protocol), ERR_CANCELLED, ERR_NOMEM.
 * remote_problem() has the problem itself.
 * Threads: one remote, one thread.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "base/auto.h"
#include "base/buf.h"
#include "crypto/login.h"
#include "crypto/pair.h"
#include "remote/remote_url.h"
#include "wire/problem.h"
#include "wire/server_info.h"
#include "wire/wire.h"

struct remote; /* opaque: the layout lives in remote_internal.h */

struct remote_options {
	unsigned tries;         /* of one request; 0: 3, of a broken link 7 */
	uint32_t first_wait_ms; /* before the second try; 0: 500 */
	uint32_t total_ms;      /* waits of one request together; 0: 10,000 */
	uint32_t connect_ms;    /* time-out of connecting; 0: 10,000 */
	uint32_t stall_s;       /* nothing moved for so long: cut; 0: 60 */
	uint64_t rate_bytes_s;  /* of uploads; 0: as fast as it goes */
	const char *ca_file;    /* PEM, in place of the machine's CAs; or NULL.  Copied. */
};

/** @url is copied; @options may be NULL.  Contacts nobody.  ERR_NOMEM. */
int remote_new(struct remote **out, const struct remote_url *url,
	       const struct remote_options *options, struct err *err);
void remote_free(struct remote *r);
AUTO_PTR(remote_free, struct remote);

/** The server's URL, with the pin once remote_pin() was called; borrowed. */
const struct remote_url *remote_server(const struct remote *r);

struct remote_traffic {
	uint64_t bytes_sent; /* heads and bodies, TLS apart */
	uint64_t bytes_received;
	uint32_t requests; /* each try that reached the server counts */
};

struct remote_traffic remote_traffic(const struct remote *r);

/* Who watches; every member may be NULL. */
struct remote_watch {
	void *ctx;
	void (*moved)(void *ctx, const struct remote_traffic *t); /* now and then */
	bool (*cancelled)(void *ctx); /* true ends the call with ERR_CANCELLED */
};

/** Borrowed until the next remote_watch() or remote_free(); NULL: nobody. */
void remote_watch(struct remote *r, const struct remote_watch *watch);

#define REMOTE_UNKNOWN 1

/**
 * Whose key the server has; connects where neither a pin nor a connection tells.
 * @spki  SHA-256 of the key's SPKI; zeros without TLS.
 * @return 0: trusted; REMOTE_UNKNOWN: no CA that this machine knows vouches for it: show @spki,
 * ask, and on yes remote_pin(); or -1 with ERR_UNREACHABLE.
 */
int remote_see(struct remote *r, uint8_t spki[static REMOTE_PIN_BYTES], struct err *err);

/** Trust this key from now on, and no other. */
void remote_pin(struct remote *r, const uint8_t spki[static REMOTE_PIN_BYTES]);

/** What the server said no with, of the last call; NULL if it did not, or if it could not judge a signature because
 *  the clocks are a day and more apart (ERR_REFUSED). */
const struct problem *remote_problem(const struct remote *r);
bool remote_problem_is(const struct remote *r, enum problem_word word);

/** What the server told of the account with its last answer to a batch, `have`, heads or a heartbeat;
 *  NULL before any of them.  Borrowed. */
const struct wire_notices *remote_notices(const struct remote *r);

/** Wait as before the @nth try (from 2 on) of a request: for work that is tried again as a whole
 *  (chunks).  0, or -1 with ERR_CANCELLED, or @err left as it is where the tries are used up. */
int remote_pause(struct remote *r, unsigned nth, struct err *err);

/* Sessions: the token that a login or a `have` gave is kept here and used by the calls that need
 * one; GET serves for PUT's reading calls. */

/** Whether there is a token of @scope that is good for half a minute yet. */
bool remote_logged_in(const struct remote *r, enum login_scope scope);
/* How to get a token again. */
struct remote_renewal {
	void *ctx;
	int (*log_in)(void *ctx, struct remote *r, struct err *err); /* 0: a token is there */
};

/** Tokens live as long as the server's process: a call that is refused for its token of @scope logs
 *  in by @how and asks again, once.  @how is copied, its ctx borrowed until the next call of this or
 *  remote_free(); NULL: not. */
void remote_renew(struct remote *r, enum login_scope scope, const struct remote_renewal *how);

/** Forget and wipe both tokens. */
void remote_logout(struct remote *r);

int remote_login_start(struct remote *r, const struct wire_login_start *start,
		       struct wire_login_challenge *out, struct err *err);

/** Answer the challenge that @start was given with @key for @scope; keeps the token.  Where the
 *  connection was made anew meanwhile, the server may be another process, which knows nothing of the
 *  challenge: then a new one is asked for.  ERR_AUTH: not the right key. */
int remote_login_finish(struct remote *r, const struct wire_login_start *start,
			const struct wire_login_challenge *challenge, enum login_scope scope,
			const struct sign_key *key, struct err *err);

/** Both for a device's put scope; nothing where its token is good yet. */
int remote_login_device(struct remote *r, const struct id16 *account, const struct id16 *device,
			const struct sign_key *dsk, struct err *err);

/* The calls, in the order of docs/protocol. */

int remote_server_info(struct remote *r, struct server_info *out, struct err *err);
int remote_account_create(struct remote *r, const struct wire_account *account,
			  struct wire_log_state *out, struct err *err);

/** The wraps' bytes come into @held, from which @out borrows. */
int remote_wraps(struct remote *r, struct wire_wraps *out, struct buf *held, struct err *err);

/** Log entries from index @from on, each with its length, appended to @out: wire_log_next(). */
int remote_log(struct remote *r, uint64_t from, struct buf *out, struct err *err);
#define REMOTE_LOG_BYTES_MAX (16u << 20) /* a good ceiling for @out */

int remote_log_post(struct remote *r, const struct wire_log_post *post, struct wire_log_state *out,
		    struct err *err);

/** @out zeroed or cleared; the caller clears it. */
int remote_heads(struct remote *r, struct wire_heads *out, struct err *err);

/** How the account stands. */
int remote_standing(struct remote *r, struct wire_standing *out, struct err *err);

/**
 * Which of the @n (0..WIRE_HAVE_MAX) chunks the server has; keeps the put token that it gives.
 * @bitmap  WIRE_BITMAP_BYTES(n): bit i for cids[i].
 * @newest  NULL, or this device's newest batch as the server has it.
 */
int remote_have(struct remote *r, const struct id16 *account, const struct id16 *device,
		const struct sign_key *dsk, const struct hash32 *cids, uint32_t n, uint8_t *bitmap,
		struct device_head *newest, struct err *err);

/** Say that this device lives: @beat, but for its time and signature, which are filled in. */
int remote_beat(struct remote *r, const struct wire_beat *beat, const struct sign_key *dsk,
		struct wire_beat_answer *out, struct err *err);

#define REMOTE_END 1

/* Chunks on their way.  0: one more, its object borrowed until the next call; REMOTE_END; or -1. */
typedef int remote_chunk_fn(void *ctx, struct hash32 *cid, struct span *object, struct err *err);

/**
 * Upload chunks as one streamed body, @next being asked for each when the one before has gone.
 * Tried once: after a failure ask `have` which ones arrived.
 * @n_stored  how many of them are stored now, by the answer.
 */
int remote_chunks(struct remote *r, remote_chunk_fn *next, void *ctx, uint32_t *n_stored,
		  struct err *err);

int
remote_batch(struct remote *r, struct span batch, struct wire_batch_answer *out, struct err *err);

/** Live items of @device.  After a cut the list begins anew: sink->begin() is called again. */
int remote_items(struct remote *r, const struct id16 *device, const struct wire_items_sink *sink,
		 struct err *err);

/** Versions of a folder, or of one @item of it (NULL: all).  begin() as above. */
int remote_versions(struct remote *r, const struct id16 *device, const struct id16 *folder,
		    const struct id16 *item, const struct wire_items_sink *sink, struct err *err);

/** The records of @device that the server itself found damaged.  A server that cannot tell names none. */
int remote_damaged(struct remote *r, const struct id16 *device, struct wire_damaged *out,
		   struct err *err);

/** Records by place; @fn gets the frames.  After a cut only what did not come is asked for. */
int remote_records(struct remote *r, struct wire_records *ask, wire_frame_fn *fn, void *ctx,
		   struct err *err);

/** One item with its proof.  The answer's bytes come into @held, from which @out borrows. */
int remote_item(struct remote *r, const struct wire_item_ask *ask, struct wire_item_answer *out,
		struct buf *held, struct err *err);
#define REMOTE_ITEM_BYTES_MAX (4u << 20) /* a good ceiling for @held */

/* Pairings (docs/protocol/pairing.md): the host has a token, the joiner only the id. */

/** Begin one.  @left_ms: until the server forgets it, if nobody comes. */
int remote_pair_open(struct remote *r, const struct id16 *id, uint64_t *left_ms, struct err *err);

/** Say message @number, 1, 2, … of this side; 0, with an empty message: it is over.  ERR_EXISTS: another
 *  message has that number. */
int remote_pair_say(struct remote *r, enum pair_role who, const struct id16 *id, uint8_t number,
		    struct span message, struct err *err);

/** Wait for message @number of the other side: @wait_ms at most, and no longer than the server keeps the
 *  pairing.  Appends it to @message.  ERR_REFUSED: it did not come. */
int remote_pair_hear(struct remote *r, enum pair_role who, const struct id16 *id, uint8_t number,
		     uint32_t wait_ms, struct buf *message, struct err *err);

/** Chunk objects in order; an empty span: absent or damaged.  @i counts from 0 over all of @at.
 *  After a cut only what did not come is asked for. */
int remote_objects(struct remote *r, const struct wire_object_at *at, uint32_t n,
		   wire_object_fn *fn, void *ctx, struct err *err);

#endif
