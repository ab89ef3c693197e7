/* SPDX-License-Identifier: Apache-2.0 */
/*
 * piece: what rows that are put aside (os/spool.h, os/sorter.h) are made of.  For one run of one program:
 * no format that anybody keeps.
 */
#ifndef BASE_PIECE_H
#define BASE_PIECE_H

#include "base/buf.h"
#include "base/bytes.h"

/** Bytes with their length, u32, before them. */
int piece_put(struct buf *out, struct span s, struct err *err);
struct span piece_get(struct reader *r);

/** A string in such a piece, its NUL with it, so that it can be used where it lies; NULL stays NULL. */
int piece_put_string(struct buf *out, const char *s, struct err *err);
const char *piece_get_string(struct reader *r);

/** A string and its NUL, no more: several of them, joined, compare bytewise as the strings do.  "" where
 *  nothing is left. */
int piece_put_key(struct buf *out, const char *s, struct err *err);
const char *piece_get_key(struct reader *r);

#endif
