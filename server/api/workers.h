/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers: a few threads for what must not hold up http's: syncing objects, reading long lists.
 *
 * Work is done in the order in which it came.  workers_free() finishes all of it first.
 */
#ifndef API_WORKERS_H
#define API_WORKERS_H

#include "base/auto.h"
#include "base/err.h"

struct workers;

/* One piece of work; its memory is the submitter's, and may go away within run(). */
struct work {
	void (*run)(struct work *w);
	struct work *next; /* the workers' */
};

/** ERR_NOMEM, ERR_IO (no thread). */
int workers_new(struct workers **out, unsigned n, struct err *err);
void workers_free(struct workers *w);
AUTO_PTR(workers_free, struct workers);

void workers_submit(struct workers *w, struct work *work);

#endif
