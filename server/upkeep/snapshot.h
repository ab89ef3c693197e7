/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: a consistent copy of a server's data, running or not, as a data folder of its own.
 *
 *     DIR.partial/cloudbox.db   the catalog at one moment
 *     DIR.partial/blobs/        every object that it names: linked, or copied to another file system
 *     DIR.partial/tls-*.pem     the server's own key and certificate
 *     all durable, then DIR.partial --rename--> DIR
 *
 * Objects are never changed, so a link is as good as a copy but for what a failing disk does to both.
 */
#ifndef UPKEEP_SNAPSHOT_H
#define UPKEEP_SNAPSHOT_H

#include "blobs/blobs.h"
#include "catalog/catalog.h"

struct snapshot_result {
	uint64_t objects, bytes; /* of objects */
};

/**
 * Make one.
 * @path     absolute; neither it nor PATH.partial may exist.
 * @data_fd  the data folder, for the key and certificate.
 * @stop     end early when it becomes true.
 * Objects must not be removed meanwhile: the caller sees to it.
 * @return 0, or -1: ERR_CONFLICT (it exists), ERR_CANCELLED, ERR_IO, ERR_FULL, ERR_NOMEM; PATH.partial
 *         is then left over.
 */
int snapshot_make(const char *path, struct catalog *c, struct blobs *b, int data_fd,
		  const _Atomic bool *stop, struct snapshot_result *result, struct err *err);

#endif
