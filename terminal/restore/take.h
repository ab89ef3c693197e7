/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take: a held value, applied by explicit choice: the backup's takes the place of the local one.
 *
 * It is written into the app as any other change; what the item was before is an original
 * (KEPT_TAKEN), and undo puts the local value back.
 *
 *     held --keep--> kept --write--> written --close--> taken
 *              |             |              |
 *    killed:   |             |              +-- take_recover() closes it
 *              |             +-- one rename: as it was, or as it should be
 *              +-- take_recover() forgets it: the value is held as before
 *
 * keep is one transaction: the take's row, its original, and which held value it is about; until the
 * take is closed that value is listed as held.  close is one, too: finished, and a receipt.
 */
#ifndef RESTORE_TAKE_H
#define RESTORE_TAKE_H

#include "restore/held_rows.h"
#include "restore/restore.h"

/**
 * Take one.
 * @rq     with app, item and field.
 * @return 0, or -1: ERR_NOT_FOUND (nothing is held there; the item is gone), ERR_AMBIGUOUS (several
 *         are), ERR_CONFLICT (the local value changed since, or the app kept writing), ERR_EXISTS
 *         (the item has the value already), ERR_UNSUPPORTED (its vCard version cannot express it),
 *         ERR_BUSY, ERR_IO, ERR_FULL.
 */
int take_run(struct box *b, const struct held_request *rq, struct err *err);

/** Finish or forget takes that were cut off.  Under the run lock. */
int take_recover(struct box *b, struct err *err);

#endif
