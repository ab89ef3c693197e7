/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper: the thread of a running server that looks after what it holds.
 *
 *     every minute   keeps the retention clock; reads some objects again, so that each is read in
 *                    SCRUB_MS; looks through some of the store for strays; raises alarms of devices
 *     every tidy_ms  tidies, and notes how full it is (the first time some minutes after the start); raises
 *                    alarms of accounts
 *     each SCRUB_MS  reads all records, batches and logs again
 *
 * All of it goes by the time since boot.  What it finds is named in the journal and counted.
 */
#ifndef UPKEEP_KEEPER_H
#define UPKEEP_KEEPER_H

#include <pthread.h>

#include "upkeep/tidy.h"

#define KEEPER_TICK_MS  (60 * 1000)
#define SCRUB_MS        (30 * RETENTION_DAY_MS)
#define KEEPER_TIDY_MS  (6 * INT64_C(3600) * 1000)
#define KEEPER_FIRST_MS (10 * INT64_C(60) * 1000)

struct keeper_options {
	struct catalog *catalog;
	struct blobs *blobs;
	pthread_mutex_t *upkeep; /* held while objects may go away */
	int64_t tidy_ms;         /* 0: KEEPER_TIDY_MS */
	/* Alarms were raised or ended: somebody may be to be told.  NULL: nobody tells. */
	void (*looked)(void *ctx);
	void *looked_ctx;
};

/* What it has done since it started. */
struct keeper_counts {
	uint64_t tidyings;
	struct tidy_result tidied; /* all of them; `held` of the last one */
	int64_t tidied_unix_ms;    /* the last one ended; 0: none yet */
	uint64_t scrubbed;         /* objects read again */
	uint64_t damaged;          /* found by that */
	uint64_t alarms_raised;
	uint64_t alarms_standing; /* as the last look found them */
};

struct keeper;

/** ERR_NOMEM, ERR_IO (no thread). */
int keeper_start(struct keeper **out, const struct keeper_options *options, struct err *err);
/** Ends what it is doing between two steps; keeps the clock.  NULL does nothing. */
void keeper_stop(struct keeper *k);

void keeper_counts(struct keeper *k, struct keeper_counts *out);

/** Note how full it is today, once a day of the retention clock. */
int keeper_sample(struct catalog *c, struct blobs *b, struct err *err);

/** In how many days the disk will be full down to @floor_bytes, if it goes on as in the last month.
 *  -1: it does not grow, or it is not known yet (a week at least). */
int keeper_forecast(int64_t *days, struct catalog *c, uint64_t free_bytes, uint64_t floor_bytes,
		    struct err *err);

#endif
