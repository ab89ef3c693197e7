/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: the server seen from here, by libcurl; one `struct remote` a run, with a kept connection.
 *
 * Request heads are lean (no User-Agent, Accept or Expect), every byte of heads and bodies is
 * counted (TLS apart), answers have a ceiling before they are read.
 *
 * TLS: a pinned key (SHA-256 of its SPKI) is compared and nothing else; without a pin a CA's
 * certificate is checked by name; any other server is ERR_AUTH, and remote_see() tells its key, so
 * that the person can be shown it and asked.  Nothing is sent to a server before that.
 *
 * Retries: time-outs, resets, 5xx, 429 and 503 are tried again with the same bytes: waits double
 * from first_wait_ms with jitter (half to the whole), Retry-After counts as the least wait; a wait
 * past total_ms is not begun.  docs/design/trust.md has the table of what a client sees and does.
 *
 * Errors of every call below: ERR_UNREACHABLE (no connection, cut, timed out, 5xx to the end),
 * ERR_AUTH (TLS key, or 401), ERR_REVOKED (403 revoked or suspended, 404 account or device),
 * ERR_FULL (507: quota or disk), ERR_LIMIT (413), ERR_CONFLICT (409, 422 root, 424),
 * ERR_UNSUPPORTED (426), ERR_REFUSED (everything else that the server says no to), ERR_FORMAT (an
 * answer that is not of the protocol), ERR_CANCELLED.  remote_problem() has what the server said.
 * Threads: one remote, one thread.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "base/auto.h"
#include "base/buf.h"
#include "crypto/login.h"
#include "remote/remote_url.h"
#include "wire/wire.h"

struct remote; /* opaque: the layout lives in remote_internal.h */

struct remote_options {
	unsigned tries;               /* of one request, at least 1; 0: 3 */
	uint32_t first_wait_ms;       /* before the second try; 0: 500 */
	uint32_t total_ms;            /* waits of one request together; 0: 10,000 */
	uint32_t connect_ms;          /* time-out of connecting; 0: 10,000 */
	uint32_t stall_s;             /* nothing moved for so long: cut; 0: 30 */
	uint64_t rate_bytes_s;        /* of uploads; 0: as fast as it goes */
	bool (*cancelled)(void *ctx); /* asked now and then; true ends the call; or NULL */
	/* Bytes of this request's body so far; or NULL. */
	void (*moved)(void *ctx, uint64_t sent, uint64_t received);
	void *ctx;
};

/** @url is copied; @options may be NULL.  Contacts nobody.  ERR_NOMEM, ERR_INTERNAL. */
int remote_new(struct remote **out, const struct remote_url *url,
	       const struct remote_options *options, struct err *err);
void remote_free(struct remote *r);
AUTO_PTR(remote_free, struct remote);

/** The server's URL; borrowed.  With the pin once remote_pin() was called. */
const struct remote_url *remote_server(const struct remote *r);

#define REMOTE_UNKNOWN                                                                             \
	1 /* remote_see(): no pin, and no CA that this machine knows vouches for it */

/**
 * Connect, if there is no connection yet, and tell whose key the server has.
 * @spki  SHA-256 of the key's SPKI; zeros without TLS.
 * @return 0: trusted; REMOTE_UNKNOWN: show @spki, ask, and on yes remote_pin(); or -1: ERR_AUTH
 * (not the pinned key), ERR_UNREACHABLE.
 */
int remote_see(struct remote *r, uint8_t spki[static REMOTE_PIN_BYTES], struct err *err);

/** Trust this key from now on, and no other. */
void remote_pin(struct remote *r, const uint8_t spki[static REMOTE_PIN_BYTES]);

struct remote_traffic {
	uint64_t bytes_sent; /* heads and bodies, TLS apart */
	uint64_t bytes_received;
	uint32_t requests; /* each try counts */
};

struct remote_traffic remote_traffic(const struct remote *r);

#define REMOTE_PROBLEM_CIDS_MAX 100

/* What the server said no with: RFC 9457.  Members that it did not name are zero. */
struct remote_problem {
	int status;                      /* 0: the last answer was no problem */
	char word[32];                   /* "head", "quota"… */
	char needs[32];                  /* 426 */
	uint64_t seq;                    /* 409 head */
	uint64_t epoch;                  /* 409 epoch */
	uint64_t length;                 /* 409 log */
	uint8_t head[CRYPTO_HASH_BYTES]; /* 409 head, 409 log */
	uint32_t retry_after_s;
	uint32_t n_cids; /* 424 */
	uint8_t cids[REMOTE_PROBLEM_CIDS_MAX][CRYPTO_HASH_BYTES];
};

/** Of the last answer; borrowed, valid until the next call. */
const struct remote_problem *remote_problem(const struct remote *r);

/** Whether the last call failed with this status and word. */
bool remote_problem_is(const struct remote *r, int status, const char *word);

/* A session: what a login gave.  Kept in the remote; calls of its scope use it. */

/** Whether there is a token of @scope that is still good for a minute. */
bool remote_logged_in(const struct remote *r, enum login_scope scope);

/** Put a token there (have's; or one kept by the service). */
void remote_set_token(struct remote *r, enum login_scope scope,
		      const uint8_t token[static WIRE_TOKEN_BYTES], int64_t valid_until_unix_ms);

/** Forget and wipe all tokens. */
void remote_logout(struct remote *r);

/* The calls, named as in docs/protocol; structures are lib/wire's. */

struct remote_server_info {
	char name[64];
	char version[32];
	int64_t time_unix_ms;
};

int remote_server_info(struct remote *r, struct remote_server_info *out, struct err *err);

int remote_create_account(struct remote *r, const struct wire_create *create,
			  struct wire_log_state *out, struct err *err);

int remote_login_start(struct remote *r, const struct wire_login_start *start,
		       struct wire_challenge *out, struct err *err);

/**
 * Answer the challenge: signs with @key for what remote_login_start() gave, keeps the token.
 * @device  CRYPTO_ID_BYTES with LOGIN_DEVICE, else NULL.
 */
int remote_login_finish(struct remote *r, const struct wire_challenge *challenge,
			enum login_kind kind, const uint8_t *device, enum login_scope scope,
			const struct sign_key *key, struct err *err);

/** Both in one for a device's own scope. */
int remote_login_device(struct remote *r, const uint8_t account[static CRYPTO_ID_BYTES],
			const uint8_t device[static CRYPTO_ID_BYTES], const struct sign_key *dsk,
			struct err *err);

/** The two wraps, WRAP_BYTES each. */
int remote_wraps(struct remote *r, uint8_t passphrase[static WRAP_BYTES],
		 uint8_t recovery[static WRAP_BYTES], struct err *err);

#endif
