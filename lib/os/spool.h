/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: rows of bytes, put aside one after the other and read again in that order.
 *
 * What is small stays in memory; beyond SPOOL_BLOCK_BYTES it goes, block by block, to a file without a
 * name (scratch.h).  Memory: two blocks, and 16 bytes for each block on disk.  One thread.
 */
#ifndef OS_SPOOL_H
#define OS_SPOOL_H

#include "base/auto.h"
#include "base/buf.h"

#define SPOOL_BLOCK_BYTES ((size_t)16 << 10)
#define SPOOL_END         1

struct scratch;
struct spool; /* opaque */

/** No rows.  Its file, made when there are many, is to be in the folder @dir_fd, which has to stay open
 *  until then (-1: none is made, everything stays in memory).  ERR_NOMEM. */
int spool_new(struct spool **out, int dir_fd, struct err *err);
/** The same in a file that is there: @scratch is borrowed. */
int spool_new_in(struct spool **out, struct scratch *scratch, struct err *err);
void spool_free(struct spool *s);
AUTO_PTR(spool_free, struct spool);

/** Put @row aside; not after spool_rewind().  ERR_IO, ERR_FULL, ERR_LIMIT (4 GiB), ERR_NOMEM. */
int spool_put(struct spool *s, struct span row, struct err *err);

/** How many rows there are. */
uint64_t spool_n(const struct spool *s);

/** All rows are there, and those in memory are written too, where there is a file to take them. */
int spool_flush(struct spool *s, struct err *err);

/** Read from the first row on, as often as wanted. */
void spool_rewind(struct spool *s);

/** The next row, borrowed until the next call.  0, SPOOL_END, or -1: ERR_IO, ERR_NOMEM. */
int spool_next(struct span *row, struct spool *s, struct err *err);

#endif
