/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when_version: which version of each item a request means: the newest, one by number, or the one
 * that was the newest at a moment.
 */
#ifndef RESTORE_WHEN_VERSION_H
#define RESTORE_WHEN_VERSION_H

#include "restore/fetch.h"

struct version_wish {
	uint32_t version;   /* 0: no */
	int64_t at_unix_ms; /* 0: no */
};

/* When a batch was made, as its device signed. */
struct batch_time {
	uint64_t seq;
	int64_t at_unix_ms; /* INT64_MAX: it cannot be proven */
};

struct batch_times {
	struct batch_time *list; /* owned; ascending by seq */
	size_t n, cap;
};

void batch_times_clear(struct batch_times *t);
AUTO_OBJ(batch_times_clear, struct batch_times);

/** The times of all batches that @versions lie in: one record of each is fetched for its batch's
 *  signed prefix. */
int batch_times_read(struct batch_times *out, struct fetch *f, const struct listing *versions,
		     struct err *err);

/**
 * Choose among @versions (ascending by item, then version).
 * @times   of their batches; needed with at_unix_ms.
 * @chosen  one entry for each item that has such a version and was there then is added.
 * @return  0, or -1: ERR_NOMEM.
 */
int
versions_choose(struct listing *chosen, const struct listing *versions,
		const struct version_wish *wish, const struct batch_times *times, struct err *err);

#endif
