/* SPDX-License-Identifier: Apache-2.0 */
/* ids: which accounts and devices there are, read at the beginning of a walk over all of them. */
#ifndef UPKEEP_IDS_H
#define UPKEEP_IDS_H

#include "catalog/catalog.h"

struct ids {
	struct id16 *at; /* owned: free() */
	size_t n, cap;
	const struct id16 *account; /* whose devices ids_of_devices() reads */
};

/* Each a catalog_run_fn whose ctx is a struct ids.  0, or -1: ERR_NOMEM, ERR_LIMIT (over 2^24), what
 * the catalog says. */
int ids_of_accounts(struct catalog_tx *tx, void *ctx, struct err *err);
int ids_of_accounts_removed(struct catalog_tx *tx, void *ctx, struct err *err);
int ids_of_devices(struct catalog_tx *tx, void *ctx, struct err *err);

#endif
