/* SPDX-License-Identifier: Apache-2.0 */
/* tidy_internal: a tidying under way, and its steps. */
#ifndef UPKEEP_TIDY_INTERNAL_H
#define UPKEEP_TIDY_INTERNAL_H

#include "accounts/accounts.h"
#include "upkeep/tidy.h"

#define TIDY_OWNERS_MAX 9 /* a device and those it replaced, 8 deep */

struct tidy {
	struct catalog *catalog;
	struct blobs *blobs;
	const struct tidy_options *options;
	struct tidy_result *result;
	struct tidy_result step; /* of the transaction under way; counts once it is committed */
	bool more;               /* it has left some of its kind to the next one */
	int64_t now_ms;          /* one moment for all of it */
	struct err damage;       /* of an account that was left out */

	/* Where we are. */
	struct catalog_account account;
	struct catalog_device device;
	struct catalog_due due;
	int64_t owners[TIDY_OWNERS_MAX];
	size_t n_owners;

	/* Where a step begins, and where the next one will: a transaction may run twice. */
	int64_t ended_ms, next_ended_ms;
	int64_t record, next_record;
	uint64_t seq, next_seq;
	struct hash32 cid, next_cid;
	bool removed; /* the account */
	struct blob_name after_name;
	bool has_name;
};

/** What options.between says. */
int tidy_between(struct tidy *t, struct err *err);

/** One transaction, or, as long as @run leaves some to the next (t->more), several; their counts are
 *  added when they are committed.  0, -1, or what options.between says. */
int tidy_step(struct tidy *t, catalog_run_fn *run, struct err *err);
int tidy_steps(struct tidy *t, catalog_run_fn *run, struct err *err);

/** Look whether folders of the device would lose too much, and tell of those that are held. */
int tidy_judge_holds(struct tidy *t, struct err *err);
/** What ended before a->lift_from_ms may go: the account's key said so. */
int tidy_lift_holds(struct catalog_tx *tx, const struct catalog_account *a, struct err *err);

#endif
