/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drills: how much of its own ciphertext a device may have without the passphrase.
 *
 * A terminal compares some of what the server holds with digests of its own, at random; it takes no
 * key that opens.  64 records and objects a day are enough for that, and too few to carry a device's
 * cloud away with a stolen phone.  A day is one of unix time (UTC); the count is kept in the
 * device's row, so a restart does not forget it.
 */
#ifndef ACCOUNTS_DRILLS_H
#define ACCOUNTS_DRILLS_H

#include "catalog/catalog.h"
#include "wire/problem.h"

#define DRILLS_A_DAY 64

/**
 * Count @n records or objects that @d is about to be given, in the row in hand; the caller puts it.
 * @return 0, or REFUSED: `drills`, with `again_s`.
 */
int drills_take(struct catalog_device *d, uint32_t n, int64_t now_unix_ms, struct problem *p);

#endif
