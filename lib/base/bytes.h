/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: little-endian integers, hexadecimal, and a reader that never runs past the end.
 *
 * A `struct reader` walks borrowed bytes.  After the first read past the end it is `failed`, every
 * further read gives zeros, and the caller asks once, at the end: reader_done().
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/err.h"
#include "base/span.h"

static inline void
put_u16(uint8_t p[static 2], uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
put_u32(uint8_t p[static 4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void
put_u64(uint8_t p[static 8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint16_t
get_u16(const uint8_t p[static 2])
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
get_u32(const uint8_t p[static 4])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
get_u64(const uint8_t p[static 8])
{
	return (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

struct reader {
	struct span left;
	bool failed;
};

static inline struct reader
reader_of(struct span s)
{
	return (struct reader){ s, false };
}

/** The next @n bytes, borrowed; on shortage an empty span and `failed`. */
struct span read_span(struct reader *r, size_t n);
/** Copy the next @n bytes to @out; zeros on shortage. */
void read_bytes(struct reader *r, void *out, size_t n);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);

/** 0 if nothing ran short and nothing is left; else -1, ERR_FORMAT: "@what is cut short" or
 *  "@what has N bytes too many". */
int reader_done(const struct reader *r, const char *what, struct err *err);

/** @out gets 2 * s.n lower-case digits and a NUL. */
void hex_encode(char *out, struct span s);

/** Exactly 2 * n digits of either case.  False, @out undefined, if not. */
bool hex_decode(uint8_t *out, size_t n, struct span digits);

#endif
