/* SPDX-License-Identifier: Apache-2.0 */
/* ids: see ids.h. */
#include "upkeep/ids.h"

#include "base/array.h"

#define IDS_MAX (1u << 24)

static int
add(struct ids *ids, const struct id16 *id, struct err *err)
{
	if (array_reserve((void **)&ids->at, &ids->cap, ids->n + 1, sizeof *ids->at, IDS_MAX, err) <
	    0)
		return -1;
	ids->at[ids->n++] = *id;
	return 0;
}

static int
add_account(void *ctx, const struct catalog_account *a, struct err *err)
{
	return add(ctx, &a->account, err);
}

static int
add_device(void *ctx, const struct catalog_device *d, struct err *err)
{
	return add(ctx, &d->device, err);
}

int
ids_of_accounts(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->accounts(tx, add_account, ctx, err);
}

int
ids_of_accounts_removed(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->accounts_removed(tx, add_account, ctx, err);
}

int
ids_of_devices(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct ids *ids = ctx;

	return tx->ops->devices(tx, ids->account, add_device, ids, err);
}
