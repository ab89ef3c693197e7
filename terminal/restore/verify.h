/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: whether the server still has what this terminal's backups are made of.
 *
 *     verify_server  no passphrase: account log, heads, and the list of live items against its signed
 *                    state root and against what box.db keeps of each acknowledged item
 *     verify_data    unlocked: every kept record is fetched, proven and opened, and every chunk that
 *                    one refers to, too
 *
 * Whatever differs is named, and the others go on.  Memory: the list (96 bytes an item) and, with
 * data, 16 bytes for each chunk, one request's records and FETCH_CHUNKS_BYTES.
 */
#ifndef RESTORE_VERIFY_H
#define RESTORE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

struct box;
struct remote;
struct unlocked;

struct verify_bad {
	char *app; /* "" for what is no item: the log, a device's head, a list */
	char *id;  /* as shown; a device's or the account's id */
	char *name;
	char *reason; /* a sentence in the person's language */
};

/* Owned by the caller, who calls verify_result_clear(); all zero is empty. */
struct verify_result {
	uint64_t checked;       /* items */
	uint64_t versions;      /* with data: records opened, older versions included */
	uint64_t chunks;        /* with data: opened, each counted once */
	struct verify_bad *bad; /* by app, then name bytewise, then id */
	size_t n_bad, cap_bad;
	uint64_t bytes_received;
	uint32_t requests;
};

void verify_result_clear(struct verify_result *r);
AUTO_OBJ(verify_result_clear, struct verify_result);

/* Every member may be NULL. */
struct verify_watch {
	void *ctx;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	bool (*cancelled)(void *ctx); /* true: ERR_CANCELLED */
};

/**
 * @remote  logs in as the device where there is no token.
 * @return  0, differences included (out->bad), or -1: ERR_CONFLICT (a backup is unfinished: it goes
 *          first), ERR_REVOKED, ERR_USAGE (no account yet), ERR_BUSY, remote.h's.
 */
int
verify_server(struct verify_result *out, struct box *box, struct remote *remote, struct err *err);

/**
 * The same, and all data of the device that a restore without `from` would read.
 * @return 0 or -1 as above; ERR_NOT_FOUND (nothing is backed up yet), ERR_AMBIGUOUS, ERR_CANCELLED.
 */
int verify_data(struct verify_result *out, struct box *box, struct unlocked *u,
		const struct verify_watch *watch, struct err *err);

#endif
