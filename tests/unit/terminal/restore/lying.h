/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lying: a server that gives a made cloud by the bytes of the protocol, one of which it changes; and
 * a client that asks for everything in every way there is.
 *
 * Nothing of the client's judgement is here: answers are encoded as a server does, bent, and decoded
 * by lib/wire, whose readers the real client feeds; what comes out is judged by fetch and opener.
 */
#ifndef TESTS_LYING_H
#define TESTS_LYING_H

#include "made_cloud.h"

/* The server. */
struct lying {
	struct made_cloud *cloud; /* whose answers */
	struct fetch_source honest;
	/* Called with every answer in order, from 0; may change its bytes.  NULL: an honest server. */
	void (*bend)(void *ctx, unsigned nth, struct buf *answer);
	void *ctx;
	unsigned n_answers;
	struct hash32 asked; /* all requests so far: what the server sees of the client */
};

void lying_init(struct lying *l, struct made_cloud *c);
struct fetch_source lying_source(struct lying *l);

#define READ_MAX 64

/* One item as it was opened, in one way of asking for it. */
struct read_item {
	unsigned way; /* READ_LIVE… */
	struct id16 item;
	uint64_t seq;
	struct hash32 content; /* every field, the signed time, and the original bytes */
};

enum { READ_LIVE, READ_VERSIONS, READ_SINGLE };

/* What a client made of all that it asked. */
struct reading {
	struct read_item items[READ_MAX];
	size_t n;
	struct id16 refused[READ_MAX]; /* items that were refused, each with a sentence */
	size_t n_refused;
	unsigned n_failed; /* calls that failed as a whole, or proved nothing */
	char alarm[256];   /* "" or what is wrong with the list */
	struct hash32 asked;
};

/** Ask @l for everything that @c's device saved: the live list with its records and their data, all
 *  versions of @apps, and each of @items by itself.  The keys are those of @mine. */
void reading_take(struct reading *r, struct lying *l, struct made_cloud *mine,
		  const struct made_item *items, size_t n_items);

/** Whether something was said of @r that an honest server never causes. */
bool reading_noticed(const struct reading *r, const struct reading *truth);
/** Fails the test if anything was opened that is not in @truth, bit for bit. */
void reading_assert_nothing_forged(const struct reading *r, const struct reading *truth);
bool reading_same(const struct reading *a, const struct reading *b);
/** Whether @item is among those refused. */
bool reading_refuses(const struct reading *r, const struct id16 *item);

#endif
