/* SPDX-License-Identifier: Apache-2.0 */
/* buf: see buf.h.  Invariant: p is NULL and cap 0, or n < cap and p[n] is NUL; n <= max. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"

void
buf_clear(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

int
buf_reserve(struct buf *b, size_t extra, struct err *err)
{
	if (extra > b->max || b->n > b->max - extra)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", b->max);
	size_t need = b->n + extra + 1;
	if (need <= b->cap)
		return 0;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap += cap / 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	uint8_t *p = realloc(b->p, cap);
	if (!p)
		return err_nomem(err);
	b->p = p;
	b->cap = cap;
	b->p[b->n] = '\0';
	return 0;
}

int
buf_extend(struct buf *b, size_t n, uint8_t **at, struct err *err)
{
	if (buf_reserve(b, n, err) < 0)
		return -1;
	*at = b->p + b->n;
	b->n += n;
	b->p[b->n] = '\0';
	return 0;
}

int
buf_append(struct buf *b, struct span s, struct err *err)
{
	uint8_t *at;

	if (buf_extend(b, s.n, &at, err) < 0)
		return -1;
	if (s.n)
		memcpy(at, s.p, s.n);
	return 0;
}

int
buf_append_str(struct buf *b, const char *s, struct err *err)
{
	return buf_append(b, span_str(s), err);
}

int
buf_append_byte(struct buf *b, uint8_t c, struct err *err)
{
	return buf_append(b, span_of(&c, 1), err);
}

int
buf_append_fmt(struct buf *b, struct err *err, const char *fmt, ...)
{
	va_list ap, again;
	uint8_t *at;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	int rc = n < 0 ? err_set(err, ERR_INTERNAL, "unprintable text")
		       : buf_extend(b, (size_t)n, &at, err);
	if (rc == 0)
		vsnprintf((char *)at, (size_t)n + 1, fmt, again);
	va_end(again);
	return rc;
}

int
buf_append_u16(struct buf *b, uint16_t v, struct err *err)
{
	uint8_t le[2];

	put_u16(le, v);
	return buf_append(b, SPAN_ARRAY(le), err);
}

int
buf_append_u32(struct buf *b, uint32_t v, struct err *err)
{
	uint8_t le[4];

	put_u32(le, v);
	return buf_append(b, SPAN_ARRAY(le), err);
}

int
buf_append_u64(struct buf *b, uint64_t v, struct err *err)
{
	uint8_t le[8];

	put_u64(le, v);
	return buf_append(b, SPAN_ARRAY(le), err);
}
