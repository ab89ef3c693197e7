/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: read all that is stored again and name what is damaged.
 *
 * Of each account: the log's chain and signatures.  Of each device: every batch's signature and head,
 * its records' leaves against the records root, the newest batch's state root against the state
 * tree built anew, every chunk's object against its SHA-256.  A damaged object is marked, so that
 * its device is told that it is absent and can send it again; a damaged record is kept in mind, so
 * that its device is told and sends the item anew.  What a cut upload left behind is no
 * damage.
 */
#ifndef UPKEEP_CHECK_H
#define UPKEEP_CHECK_H

#include "blobs/blobs.h"
#include "catalog/catalog.h"

/* What is damaged, and why.  `object` is empty unless it is an object. */
struct check_damage {
	struct id16 account;
	struct id16 device; /* zero: the account's own */
	uint64_t seq;       /* of the batch; 0: none */
	char object[BLOB_NAME_TEXT_BYTES];
	const char *reason; /* a sentence, translated; static storage */
};

typedef int check_damage_fn(void *ctx, const struct check_damage *d, struct err *err);

enum check_what {
	CHECK_SOUND, /* all but objects that are marked damaged already */
	CHECK_ALL,
	CHECK_ROWS, /* no objects */
};

/**
 * Check everything.  Works beside a running server, account by account.
 * @stop     end early when it becomes true (ERR_CANCELLED); may be NULL.
 * @checked  how many things were looked at: records, batches, objects, logs.
 * @return 0, whether or not something is damaged, or -1: it could not go on.
 */
int check_run(struct catalog *c, struct blobs *b, enum check_what what, const _Atomic bool *stop,
	      uint64_t *checked, check_damage_fn *fn, void *ctx, struct err *err);

/** Read one object again, mark it if it is damaged, and tell; one that was cleared away meanwhile is
 *  none. */
int check_object(struct catalog *c, struct blobs *b, const struct catalog_located *l,
		 check_damage_fn *fn, void *ctx, struct err *err);

#endif
