/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit: the rules by which a batch becomes part of what a device has saved.
 *
 *     prefix here --commit_check--> body --records root--> commit_apply (one transaction) --> answer
 *
 * commit_check() runs twice: before the body is read, so that nothing is taken from whoever may not
 * commit, and again inside the transaction, since the world goes on meanwhile.
 */
#ifndef API_COMMIT_H
#define API_COMMIT_H

#include "accounts/gate.h"
#include "catalog/catalog.h"
#include "format/batch.h"
#include "wire/wire.h"

#define COMMIT_STORED 2 /* this very batch was stored before */

#define COMMIT_FOLDERS_MAX 1024 /* of a device: docs/formats */
#define COMMIT_UNCOMMITTED_MAX                                                                     \
	(UINT64_C(4) << 30) /* bytes of an account's chunks without a batch */

/* A seq is stored as a signed number; a rejoin chooses its own. */
#define COMMIT_SEQ_MAX (UINT64_C(1) << 62)

struct commit_record {
	uint32_t at; /* within the frames */
	uint32_t n;  /* bytes */
	struct hash32 leaf;
};

struct commit {
	struct batch_prefix prefix;
	struct hash32 head;
	struct span prefix_bytes;      /* borrowed, as are those below */
	struct span frames;            /* all of them, joined */
	struct commit_record *records; /* prefix.n_records */
	int64_t now_unix_ms;
	struct wire_batch_answer answer; /* filled by commit_apply() and, stored, commit_check() */
	struct wire_notices notices;     /* with it */
};

/** Signature, device, account, epoch, log, previous head.  @verify: also the signature (it cannot
 *  change between the two times).  0, COMMIT_STORED (with the answer), REFUSED or -1. */
int commit_check(struct catalog_tx *tx, struct commit *c, bool verify, struct problem *p,
		 struct err *err);

/** Store the batch.  Refusals: those of commit_check(), `missing-chunks`, `quota`, `root` (the
 *  state's), `records`.  0, COMMIT_STORED, REFUSED or -1. */
int commit_apply(struct catalog_tx *tx, struct commit *c, struct problem *p, struct err *err);

#endif
