/* SPDX-License-Identifier: Apache-2.0 */
/* shares: see shares.h. */
#include "api/shares.h"

#include <sodium.h>

#include "base/bytes.h"

_Static_assert(sizeof((struct shares){ 0 }.key) == crypto_shorthash_KEYBYTES, "SipHash's key");

void
shares_init(struct shares *s, uint64_t max)
{
	*s = (struct shares){ .max = max };
	pthread_mutex_init(&s->lock, NULL);
	crypto_shorthash_keygen(s->key);
}

void
shares_clear(struct shares *s)
{
	pthread_mutex_destroy(&s->lock);
}

static uint64_t *
bucket_of(struct shares *s, const struct hash32 *who)
{
	uint8_t h[crypto_shorthash_BYTES];

	crypto_shorthash(h, who->b, sizeof who->b, s->key);
	return &s->of[get_u64(h) % SHARES_BUCKETS];
}

bool
shares_take(struct shares *s, const struct hash32 *who, uint64_t n)
{
	uint64_t *of = bucket_of(s, who);

	pthread_mutex_lock(&s->lock);
	bool ok = n <= s->max - s->taken && n <= s->max / 4 && *of <= s->max / 4 - n;
	if (ok) {
		s->taken += n;
		*of += n;
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}

void
shares_give(struct shares *s, const struct hash32 *who, uint64_t n)
{
	pthread_mutex_lock(&s->lock);
	s->taken -= n;
	*bucket_of(s, who) -= n;
	pthread_mutex_unlock(&s->lock);
}
