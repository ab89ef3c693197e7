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
content_flow_init(struct content_flow *f, const struct device_keys *keys)
{
	content_init(&f->content, keys);
	f->piece = (struct buf)BUF_INIT(APP_PIECE_BYTES);
}

void
content_flow_clear(struct content_flow *f)
{
	buf_clear(&f->piece);
}

int
content_flow_add(struct content_flow *f, struct span bytes, struct err *err)
{
	while (bytes.n) {
		size_t room = APP_PIECE_BYTES - f->piece.n;
		struct span part = span_of(bytes.p, bytes.n < room ? bytes.n : room);

		bytes = span_skip(bytes, part.n);
		if (part.n == APP_PIECE_BYTES) {
			content_add(&f->content, part);
			continue;
		}
		if (buf_append(&f->piece, part, err) < 0)
			return -1;
		if (f->piece.n == APP_PIECE_BYTES) {
			content_add(&f->content, buf_span(&f->piece));
			buf_reset(&f->piece);
		}
	}
	return 0;
}

void
content_flow_final(struct content_flow *f, uint8_t out[static BOX_HASH_BYTES])
{
	if (f->piece.n)
		content_add(&f->content, buf_span(&f->piece));
	buf_reset(&f->piece);
	content_final(&f->content, out);
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
