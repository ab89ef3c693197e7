/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sorter: rows in the order of their keys, however many there are.
 *
 *     sorter_add ... -> sorter_sort -> sorter_next ..., sorter_rewind, sorter_next ...
 *
 * Up to SORTER_BYTES are sorted in memory; more of them become runs, sorted each, in a file without a
 * name (scratch.h), which are merged as they are read (Knuth, TAOCP vol. 3, 5.4.1).  Memory:
 * SORTER_BYTES, then one block (spool.h) for each of them.  One thread.
 */
#ifndef OS_SORTER_H
#define OS_SORTER_H

#include "base/auto.h"
#include "base/buf.h"

#define SORTER_BYTES ((size_t)1 << 20)
#define SORTER_END   1

struct sorter; /* opaque */

/** No rows.  Its file, made when there are many, is to be in the folder @dir_fd, which has to stay
 *  open until then.  ERR_NOMEM. */
int sorter_new(struct sorter **out, int dir_fd, struct err *err);
void sorter_free(struct sorter *s);
AUTO_PTR(sorter_free, struct sorter);

/** A row, copied.  Keys compare bytewise, a prefix first; equal ones stay in the order of adding.
 *  ERR_IO, ERR_FULL, ERR_LIMIT (4 GiB), ERR_NOMEM. */
int sorter_add(struct sorter *s, struct span key, struct span row, struct err *err);

/** How many rows there are. */
uint64_t sorter_n(const struct sorter *s);

/** All rows are there.  Then they can be read from the first on. */
int sorter_sort(struct sorter *s, struct err *err);
/** From the first on once more. */
int sorter_rewind(struct sorter *s, struct err *err);

/** The next row and its key, borrowed until the next call.  0, SORTER_END, or -1: ERR_IO, ERR_NOMEM. */
int sorter_next(struct span *key, struct span *row, struct sorter *s, struct err *err);

#endif
