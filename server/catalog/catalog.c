/* SPDX-License-Identifier: Apache-2.0 */
/* catalog: the table of kinds, and waiting for a change. */
#include "catalog/catalog.h"

#include <pthread.h>
#include <string.h>

static const struct {
	const char *scheme;
	int (*new)(struct catalog **out, const char *rest, const struct catalog_options *options,
		   struct err *err);
} kinds[] = {
	{ "sqlite:", catalog_sqlite_new },
};

int
catalog_open(struct catalog **out, const char *url, const struct catalog_options *options,
	     struct err *err)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t n = strlen(kinds[i].scheme);
		if (!strncmp(url, kinds[i].scheme, n))
			return kinds[i].new(out, url + n, options, err);
	}
	err_set(err, ERR_USAGE, "%s is no database that this program knows", url);
	return err_hint(err, "write --db sqlite:FILE");
}

void
catalog_free(struct catalog *c)
{
	if (c)
		c->ops->free(c);
}

/* A job whose submitter waits for it. */
struct waiting {
	struct catalog_job job; /* first, so that a job is a waiting */
	catalog_run_fn *run;
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool finished;
	int rc;
	struct err *err;
};

static int
waiting_run(struct catalog_tx *tx, struct catalog_job *job, struct err *err)
{
	struct waiting *w = (struct waiting *)job;

	return w->run(tx, w->ctx, err);
}

static void
waiting_done(struct catalog_job *job, int rc, const struct err *err)
{
	struct waiting *w = (struct waiting *)job;

	pthread_mutex_lock(&w->lock);
	w->finished = true;
	w->rc = rc;
	if (rc < 0)
		*w->err = *err;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

int
catalog_write(struct catalog *c, catalog_run_fn *run, void *ctx, struct err *err)
{
	struct waiting w = {
		.job = { .run = waiting_run, .done = waiting_done },
		.run = run,
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.err = err,
	};

	catalog_submit(c, &w.job);
	pthread_mutex_lock(&w.lock);
	while (!w.finished)
		pthread_cond_wait(&w.changed, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.changed);
	pthread_mutex_destroy(&w.lock);
	return w.rc;
}

int
catalog_mark_chunk(struct catalog_tx *tx, int64_t device_row, const struct catalog_chunk *seen,
		   bool damaged, struct err *err)
{
	struct catalog_chunk now;
	int rc = tx->ops->chunk_get(tx, &now, device_row, &seen->cid, err);

	if (rc)
		return rc;
	if (memcmp(&now.object.name, &seen->object.name, sizeof now.object.name) != 0)
		return CATALOG_ABSENT;
	now.damaged = damaged;
	return tx->ops->chunk_put(tx, device_row, &now, err);
}
