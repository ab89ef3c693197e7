/* SPDX-License-Identifier: Apache-2.0 */
/* piece: see piece.h. */
#include "base/piece.h"

int
piece_put(struct buf *out, struct span s, struct err *err)
{
	return buf_append_u32(out, (uint32_t)s.n, err) < 0 ? -1 : buf_append(out, s, err);
}

struct span
piece_get(struct reader *r)
{
	return read_span(r, read_u32(r));
}

int
piece_put_string(struct buf *out, const char *s, struct err *err)
{
	return piece_put(out, span_of(s, s ? strlen(s) + 1 : 0), err);
}

const char *
piece_get_string(struct reader *r)
{
	struct span s = piece_get(r);

	return s.n ? (const char *)s.p : NULL;
}

int
piece_put_key(struct buf *out, const char *s, struct err *err)
{
	return buf_append(out, span_of(s, strlen(s) + 1), err);
}

const char *
piece_get_key(struct reader *r)
{
	const uint8_t *end = r->left.n ? memchr(r->left.p, '\0', r->left.n) : NULL;
	struct span s = read_span(r, end ? (size_t)(end - r->left.p) + 1 : SIZE_MAX);

	return s.n ? (const char *)s.p : "";
}
