/* SPDX-License-Identifier: Apache-2.0 */
/* progress: how far a backup is, for whoever watches it. */
#ifndef BACKUP_PROGRESS_H
#define BACKUP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum backup_stage {
	BACKUP_SCANNING, /* what changed since the last backup */
	BACKUP_READING,  /* reading, cutting, sealing */
	BACKUP_CHUNKS,   /* chunks of large items go ahead */
	BACKUP_SENDING,  /* the batch */
	BACKUP_DONE,
};

struct backup_progress {
	enum backup_stage stage;
	uint64_t items_done, items_total; /* of those that changed */
	uint64_t bytes_done, bytes_total; /* original bytes of those items; total 0 while unknown */
	uint64_t bytes_sent;              /* on the wire so far, TLS apart */
	int64_t elapsed_ms;
	int64_t left_ms; /* by the rate so far; -1 while unknown */
	const char *app; /* at work on; "" between apps */
};

/* Every member may be NULL. */
struct backup_watch {
	void *ctx;
	void (*progress)(void *ctx, const struct backup_progress *p); /* at most ten a second */
	/* True ends the backup cleanly with ERR_CANCELLED; it goes on from there next time. */
	bool (*cancelled)(void *ctx);
	/* Another backup or restore of this Box runs, with this process id: waiting for it. */
	void (*waiting)(void *ctx, long pid);
};

#endif
