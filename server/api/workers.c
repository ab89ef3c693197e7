/* SPDX-License-Identifier: Apache-2.0 */
/* workers: see workers.h. */
#include "api/workers.h"

#include <pthread.h>
#include <stdlib.h>

struct workers {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct work *first, **last;
	bool stopping;
	unsigned n_threads;
	pthread_t threads[];
};

static struct work *
take(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->first && !w->stopping)
		pthread_cond_wait(&w->work, &w->lock);
	struct work *work = w->first;
	if (work) {
		w->first = work->next;
		if (!w->first)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return work;
}

static void *
worker_main(void *arg)
{
	struct work *work;

	while ((work = take(arg)))
		work->run(work);
	return NULL;
}

int
workers_new(struct workers **out, unsigned n, struct err *err)
{
	struct workers *w = calloc(1, sizeof *w + n * sizeof w->threads[0]);

	if (!w)
		return err_nomem(err);
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	for (; w->n_threads < n; w->n_threads++) {
		int error = pthread_create(&w->threads[w->n_threads], NULL, worker_main, w);
		if (error) {
			workers_free(w);
			return err_sys(err, error, "cannot start a worker");
		}
	}
	*out = w;
	return 0;
}

void
workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->n_threads; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void
workers_submit(struct workers *w, struct work *work)
{
	work->next = NULL;
	pthread_mutex_lock(&w->lock);
	*w->last = work;
	w->last = &work->next;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}
