/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_ids: the ids of a source's objects by the numbers of their rows (eds_app.h).
 *
 * Open addressing; 16 bytes for each of twice as many, and the ids themselves: 10 MiB for 100,000 contacts.
 */
#ifndef APPS_EDS_IDS_H
#define APPS_EDS_IDS_H

#include "base/buf.h"

#define EDS_IDS_BYTES_MAX (256u << 20)

struct eds_ids {
	struct eds_ids_slot *slots;
	size_t n, n_slots;
	struct buf pool; /* each id with its NUL */
};

#define EDS_IDS_INIT                                                                               \
	{                                                                                          \
		NULL, 0, 0, BUF_INIT(EDS_IDS_BYTES_MAX)                                            \
	}

void eds_ids_clear(struct eds_ids *ids);

/** The number of @id: the upper 63 of the first 64 bits, little-endian, of its BLAKE2b-128. */
int64_t eds_ids_number(const char *id);

/** The id of @number, or NULL.  Valid until the next change. */
const char *eds_ids_find(const struct eds_ids *ids, int64_t number);

#define EDS_IDS_TAKEN 1

/** Note @id.  0; EDS_IDS_TAKEN: another id has its number; or -1 (ERR_NOMEM, ERR_LIMIT). */
int eds_ids_add(int64_t *number, struct eds_ids *ids, const char *id, struct err *err);

#endif
