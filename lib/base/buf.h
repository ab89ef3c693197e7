/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes that grow, up to a ceiling stated when the buffer is made.
 *
 * Appending past the ceiling is ERR_LIMIT before memory is taken.  The bytes are always followed by
 * a NUL that is not counted, so buf_str() is a C string.  Keys never pass through a buf.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

struct buf {
	uint8_t *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes allocated, the NUL included */
	size_t max; /* ceiling for n */
};

#define BUF_INIT(max_bytes)                                                                        \
	{                                                                                          \
		NULL, 0, 0, (max_bytes)                                                            \
	}

/** Free the bytes; empty and usable again afterwards. */
void buf_clear(struct buf *b);
AUTO_OBJ(buf_clear, struct buf);

/** Forget the bytes, keep the memory. */
void buf_reset(struct buf *b);

/** Make room for @extra more bytes.  ERR_LIMIT past the ceiling, ERR_NOMEM. */
int buf_reserve(struct buf *b, size_t extra, struct err *err);

/** Lengthen by @n bytes of undefined content and give their address in *at. */
int buf_extend(struct buf *b, size_t n, uint8_t **at, struct err *err);

int buf_append(struct buf *b, struct span s, struct err *err);
int buf_append_str(struct buf *b, const char *s, struct err *err);
int buf_append_byte(struct buf *b, uint8_t c, struct err *err);
int buf_append_fmt(struct buf *b, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Integers of our formats: little-endian. */
int buf_append_u16(struct buf *b, uint16_t v, struct err *err);
int buf_append_u32(struct buf *b, uint32_t v, struct err *err);
int buf_append_u64(struct buf *b, uint64_t v, struct err *err);

static inline struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}

/** The bytes as a C string; "" when empty.  Valid until the next change. */
static inline const char *
buf_str(const struct buf *b)
{
	return b->p ? (const char *)b->p : "";
}

#endif
