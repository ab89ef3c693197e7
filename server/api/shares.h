/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shares: something of which there is little, of which nobody may have more than a quarter.
 *
 * Who asks is a key of any kind: an account, an address.  Keys are counted in buckets by a hash that
 * only this process knows, so the table never grows and nobody can choose whose bucket he shares.
 * Threads: any.
 */
#ifndef API_SHARES_H
#define API_SHARES_H

#include <pthread.h>

#include "format/id.h"

#define SHARES_BUCKETS 256

struct shares {
	pthread_mutex_t lock;
	uint64_t max, taken;
	uint64_t of[SHARES_BUCKETS];
	uint8_t key[16]; /* of the hash */
};

void shares_init(struct shares *s, uint64_t max);
void shares_clear(struct shares *s);

/** Take @n for @who.  False: there is not so much left, or not for @who. */
bool shares_take(struct shares *s, const struct hash32 *who, uint64_t n);
void shares_give(struct shares *s, const struct hash32 *who, uint64_t n);

#endif
