/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: a server in this process, on a folder of its own: catalog, objects, HTTP on a free port;
 * and a client of it that is libcurl.
 */
#ifndef TESTS_SERVER_WORLD_H
#define TESTS_SERVER_WORLD_H

#include "api/server.h"
#include "party.h"

struct world {
	char folder[64];
	struct server server;
	struct http *http;
	void *curl; /* one connection for all requests */
};

/** Open everything.  Also a cmocka set-up: *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

/** Close the data and open them again, as a restart does. */
void world_restart(struct world *w);

/** Stop, change the database behind the server's back, start. */
void world_spoil(struct world *w, const char *sql);

/** A fresh invitation's code. */
struct id16 world_invite(struct world *w, uint64_t quota_bytes);

/** Register @p, without HTTP. */
void world_register(struct world *w, struct party *p, uint64_t quota_bytes);

/** Commit @b: 0, or the problem's word + 1. */
int world_commit(struct world *w, const struct party_batch *b, struct problem *p);

/** A chunk of @p with this object, kept and with its row, without HTTP. */
void world_put_chunk(struct world *w, const struct party *p, const struct hash32 *cid,
		     struct span object);

/* What came back. */
struct reply {
	long status;
	char media_type[64];
	struct buf body;
	struct problem problem; /* of a status from 400 on */
};

void reply_clear(struct reply *r);
AUTO_OBJ(reply_clear, struct reply);

/** Make @p go on as another device of its account, added by its log.  @p's `seq`, `head` and items are
 *  the new one's; the old id stays the caller's. */
void world_add_device(struct world *w, struct party *p);

/** Sign @entry, and let the server take it: 0, or the problem's word + 1. */
int world_extend(struct world *w, struct party *p, struct log_entry *entry);

#define NO_BODY ((struct span){ NULL, 0 })

/** Ask; @token may be NULL.  Fails the test if there is no answer. */
void world_get(struct world *w, struct reply *r, const char *path, const uint8_t *token);
void world_post(struct world *w, struct reply *r, const char *path, const uint8_t *token,
		struct span body);

/** Tokens of a party: get (by passphrase) and put (by `have`). */
void world_login(struct world *w, const struct party *p, uint8_t token[static WIRE_TOKEN_BYTES]);
void world_have(struct world *w, const struct party *p, const struct hash32 *cids, uint32_t n,
		uint8_t token[static WIRE_TOKEN_BYTES], uint8_t *bitmap);

#endif
