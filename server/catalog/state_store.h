/* SPDX-License-Identifier: Apache-2.0 */
/* state_store: a device's state tree (format/state.h) over its rows in the catalog. */
#ifndef CATALOG_STATE_STORE_H
#define CATALOG_STATE_STORE_H

#include "catalog/catalog.h"
#include "format/state.h"

struct catalog_state {
	struct catalog_tx *tx;
	int64_t device_row;
	struct state_store store; /* for state_update() and its kin */
};

/** @s stays where it is: the store points at it. */
void catalog_state_init(struct catalog_state *s, struct catalog_tx *tx, int64_t device_row);

#endif
