/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_ids: the ids of a plug-in's items, and the number that each has as a row (row_app.h): 63 bits
 * of BLAKE2b of the id, the same in every run.
 *
 * Memory: the ids and 24 to 48 bytes for each; PLUGIN_IDS_BYTES of ids at most.
 */
#ifndef APPS_PLUGIN_IDS_H
#define APPS_PLUGIN_IDS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define PLUGIN_IDS_MAX   (1u << 22)
#define PLUGIN_IDS_BYTES ((size_t)256 << 20)

struct plugin_id {
	int64_t number;
	uint32_t at, n; /* in the text; n 0: a free slot */
};

struct plugin_ids {
	struct buf text;
	struct plugin_id *slots; /* owned; open addressing */
	size_t n, cap;
};

#define PLUGIN_IDS_INIT                                                                            \
	{                                                                                          \
		.text = BUF_INIT(PLUGIN_IDS_BYTES)                                                 \
	}
void plugin_ids_clear(struct plugin_ids *ids);
AUTO_OBJ(plugin_ids_clear, struct plugin_ids);

#define PLUGIN_ID_THERE 1

/** The number of @id, which is not empty.  0, PLUGIN_ID_THERE (it was known, or another of that number)
 *  or -1: ERR_LIMIT, ERR_NOMEM. */
int plugin_ids_add(int64_t *number, struct plugin_ids *ids, struct span id, struct err *err);

/** The id of @number, borrowed until the next change; empty: none. */
struct span plugin_ids_get(const struct plugin_ids *ids, int64_t number);

/** All numbers, ascending; the caller's.  NULL: out of memory (of none, too: see ids->n). */
int64_t *plugin_ids_sorted(const struct plugin_ids *ids);

#endif
