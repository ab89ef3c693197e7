/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls: how each call of the protocol is asked, one line a route of the server's own table; and a
 * scene to ask it in.  A route without a line here fails the tests that go over all of them.
 *
 * The victim's account has two devices: the sibling, which saved nothing, and the victim's own, with
 * two batches and a chunk.  The stranger has an account of its own on the same server.
 */
#ifndef TESTS_SERVER_CALLS_H
#define TESTS_SERVER_CALLS_H

#include "world.h"

struct scene {
	struct world *w;
	struct party victim, stranger, newcomer; /* the last one is not registered yet */
	struct id16 invitation;                  /* a fresh one */
	struct hash32 cid;                       /* of the victim's chunk */
	struct buf batch, forged_batch; /* the victim's next one; the same signed by the stranger */
	struct buf log_post;            /* the next entry of the victim's log */
	uint8_t victim_get[WIRE_TOKEN_BYTES], victim_put[WIRE_TOKEN_BYTES];
	uint8_t sibling_put[WIRE_TOKEN_BYTES];
	uint8_t stranger_get[WIRE_TOKEN_BYTES], stranger_put[WIRE_TOKEN_BYTES];
};

void scene_init(struct scene *s, struct world *w);
void scene_clear(struct scene *s);
AUTO_OBJ(scene_clear, struct scene);

/* One request, ready to be sent. */
struct question {
	char path[256];
	bool post;
	struct buf body;
};

void question_clear(struct question *q);
AUTO_OBJ(question_clear, struct question);

enum call_by {
	CALL_ANYBODY, /* needs nothing */
	CALL_INVITED, /* an invitation's code stands in its body */
	CALL_PERSON,  /* its body is signed by the passphrase's key */
	CALL_DEVICE,  /* its body is signed by the device's key */
	CALL_TOKEN,
};

struct call {
	const char *path;
	enum http_method method;
	enum call_by by;
	unsigned scopes;   /* CALL_TOKEN: SCOPE_PUT, SCOPE_GET */
	bool names_device; /* whose data is asked for stands in the request */
	bool stores;       /* a good one changes what is stored */
	bool any_bytes;    /* of what it stores, the one who asks may choose every byte */
	/* Ask about the victim, rightly; @forged: as the stranger would, who lacks the victim's keys. */
	void (*make)(struct question *q, struct scene *s, bool forged);
};

/** The line of a route; fails the test where there is none. */
const struct call *call_of(const struct http_route *route);
/** For each route of the server, in its order, its line. */
typedef void call_fn(const struct call *call, struct scene *s);
void for_each_call(struct scene *s, call_fn *fn);

/** Ask. */
void question_ask(struct reply *r, struct world *w, const struct question *q, const uint8_t *token);

/* What is stored, seen by a reader of its own beside the server. */
struct stored; /* opaque */

struct stored *stored_open(const struct world *w);
void stored_close(struct stored *s);
AUTO_PTR(stored_close, struct stored);
/** Whether nothing was committed, and no object came or went, since the last time. */
bool stored_unchanged(struct stored *s);
/** All rows of @device of @account and of the account itself (@account NULL: those of the device
 *  alone), in one hash. */
struct hash32 stored_of(struct stored *s, const struct id16 *account, const struct id16 *device);

#endif
