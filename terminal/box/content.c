/* SPDX-License-Identifier: Apache-2.0 */
/* content: see content.h. */
#include "box/content.h"

#include <string.h>

#include "apps/adapter.h"

void
content_init(struct content *c, const struct device_keys *keys)
{
	*c = (struct content){ .keys = keys };
}

void
content_add(struct content *c, struct span piece)
{
	uint8_t both[2 * BOX_HASH_BYTES];

	memcpy(both, c->hash, BOX_HASH_BYTES);
	keys_content_hash(both + BOX_HASH_BYTES, c->keys, piece);
	keys_content_hash(c->hash, c->keys, SPAN_ARRAY(both));
	c->pieces++;
}

void
content_final(struct content *c, uint8_t out[static BOX_HASH_BYTES])
{
	if (c->pieces == 0)
		content_add(c, span_of("", 0));
	memcpy(out, c->hash, BOX_HASH_BYTES);
}

void
content_of(uint8_t out[static BOX_HASH_BYTES], const struct device_keys *keys, struct span bytes)
{
	struct content c;

	content_init(&c, keys);
	for (; bytes.n > APP_PIECE_BYTES; bytes = span_skip(bytes, APP_PIECE_BYTES))
		content_add(&c, span_of(bytes.p, APP_PIECE_BYTES));
	if (bytes.n)
		content_add(&c, bytes);
	content_final(&c, out);
}
