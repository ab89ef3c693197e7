/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leb128: unsigned LEB128 (DWARF 5, section 7.6): 7 bits a byte, lowest first, bit 7 set while more
 * follow.  Only the shortest form of a number is accepted, so that what is decoded encodes to the
 * same bytes.
 */
#ifndef FORMAT_LEB128_H
#define FORMAT_LEB128_H

#include "base/buf.h"
#include "base/bytes.h"

#define LEB128_BYTES_MAX 10

/** Bytes written to @out. */
size_t leb128_put(uint8_t out[static LEB128_BYTES_MAX], uint64_t v);

int buf_append_leb128(struct buf *b, uint64_t v, struct err *err);

/** The next number, of at most @max_bytes bytes; the reader fails if it is cut short, longer, not
 *  the shortest form or over 64 bits. */
uint64_t read_leb128(struct reader *r, size_t max_bytes);

#endif
