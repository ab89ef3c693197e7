/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: how much an account may store, and how fast one device may fill it.
 *
 * What is stored counts from its arrival on.  Besides, one device takes at most half of the free
 * quota a day: whoever holds a stolen phone cannot shut out the account's other devices before
 * somebody has noticed.  A day is one of unix time (UTC); the count is kept in the device's row, so
 * a restart does not forget it.
 */
#ifndef ACCOUNTS_QUOTA_H
#define ACCOUNTS_QUOTA_H

#include "catalog/catalog.h"
#include "wire/problem.h"

/* So much a device may always take in a day: half of little would never let a quota be used up. */
#define QUOTA_DAY_BYTES_MIN (UINT64_C(64) << 20)

/**
 * Count @n_bytes that @d is about to store, in the rows in hand; the caller puts both.
 * @return 0, or REFUSED: `quota`, with `again_s` where another day would let it in.
 */
int quota_take(struct catalog_account *a, struct catalog_device *d, uint64_t n_bytes,
	       int64_t now_unix_ms, struct problem *p);

#endif
