/* SPDX-License-Identifier: Apache-2.0 */
/* id: see id.h. */
#include "format/id.h"

#include "format/padding.h"

bool
id16_is_zero(const struct id16 *id)
{
	return is_all_zero(SPAN_ARRAY(id->b));
}

bool
hash32_is_zero(const struct hash32 *h)
{
	return is_all_zero(SPAN_ARRAY(h->b));
}

struct id16_hex
id16_hex(const struct id16 *id)
{
	struct id16_hex x;

	hex_encode(x.s, SPAN_ARRAY(id->b));
	return x;
}

struct hash32_hex
hash32_hex(const struct hash32 *h)
{
	struct hash32_hex x;

	hex_encode(x.s, SPAN_ARRAY(h->b));
	return x;
}

bool
id16_from_hex(struct id16 *out, struct span digits)
{
	return hex_decode(out->b, sizeof out->b, digits);
}

bool
hash32_from_hex(struct hash32 *out, struct span digits)
{
	return hex_decode(out->b, sizeof out->b, digits);
}

struct id16
read_id16(struct reader *r)
{
	struct id16 id;

	read_bytes(r, id.b, sizeof id.b);
	return id;
}

struct hash32
read_hash32(struct reader *r)
{
	struct hash32 h;

	read_bytes(r, h.b, sizeof h.b);
	return h;
}

int
buf_append_id16(struct buf *b, const struct id16 *id, struct err *err)
{
	return buf_append(b, SPAN_ARRAY(id->b), err);
}

int
buf_append_hash32(struct buf *b, const struct hash32 *h, struct err *err)
{
	return buf_append(b, SPAN_ARRAY(h->b), err);
}
