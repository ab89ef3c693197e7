/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: an answer that is made in one go before it is sent, because it must be of one moment.
 *
 * Up to SPOOL_MEMORY_BYTES it stays in memory, then it goes into a file without a name, so a slow
 * reader costs neither memory nor an open transaction.
 */
#ifndef API_SPOOL_H
#define API_SPOOL_H

#include "api/http.h"

#define SPOOL_MEMORY_BYTES (256u << 10)

struct spool {
	int dir_fd; /* where the file goes */
	int fd;     /* -1: none yet */
	uint64_t n; /* bytes in the file */
	struct buf memory;
};

void spool_init(struct spool *s, int dir_fd);
void spool_clear(struct spool *s);

/** Make room in s->memory for @n more bytes, to be appended there by the caller. */
int spool_reserve(struct spool *s, size_t n, struct err *err);

/** Answer @x with it; @s is empty afterwards. */
void spool_answer(struct spool *s, struct exchange *x);

#endif
