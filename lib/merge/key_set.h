/* SPDX-License-Identifier: Apache-2.0 */
/* key_set: keys by number, in the order of their first addition; open addressing, half full at most. */
#ifndef MERGE_KEY_SET_H
#define MERGE_KEY_SET_H

#include "base/auto.h"
#include "base/err.h"
#include "item/key.h"

struct key_set {
	struct field_key *keys;
	size_t n, cap;
	uint32_t *slots; /* number + 1; 0: free */
	size_t n_slots;  /* a power of two, or 0 */
};

#define KEY_SET_INIT                                                                               \
	{                                                                                          \
		NULL, 0, 0, NULL, 0                                                                \
	}
#define KEY_SET_NONE SIZE_MAX

void key_set_clear(struct key_set *s);
AUTO_OBJ(key_set_clear, struct key_set);

/** Forget the keys and keep the memory. */
void key_set_reset(struct key_set *s);

/** The key's number, or KEY_SET_NONE. */
size_t key_set_find(const struct key_set *s, const struct field_key *k);

/** Number of @k in *@at, added if it is new.  ERR_NOMEM, ERR_LIMIT. */
int key_set_add(struct key_set *s, const struct field_key *k, size_t *at, struct err *err);

#endif
