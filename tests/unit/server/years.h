/* SPDX-License-Identifier: Apache-2.0 */
/*
 * years: a server's data without HTTP, under a clock that the test moves, and a model of what must be
 * there and what must not.
 *
 * The model knows nothing of rows: it has a list of all versions and chunks that were ever stored, and
 * goes over all of it each time.  Its rules are those of docs/guide/operator.md, written down anew.
 */
#ifndef TESTS_SERVER_YEARS_H
#define TESTS_SERVER_YEARS_H

#include "upkeep/tidy.h"
#include "world.h"

#define DAY_MS INT64_C(86400000)

#define YEARS_VERSIONS_MAX 4096
#define YEARS_CHUNKS_MAX   1024
#define YEARS_DEVICES_MAX  16
#define YEARS_FOLDERS      2
#define YEARS_ITEMS        24 /* those of even number in folder 0 */
#define YEARS_REFS         3

struct years_version {
	unsigned device; /* of this account, in the order in which they were added */
	uint64_t seq;
	uint32_t index;
	unsigned item;
	bool tombstone;
	int64_t from_ms, ended_ms; /* -1: not yet */
	bool is_void;
	bool of_retired; /* ended with its device */
	bool gone;       /* cleared, rightly */
	unsigned refs[YEARS_REFS];
	unsigned n_refs;
};

struct years_chunk {
	unsigned device;
	struct hash32 cid;
	int64_t wanted_ms;
	bool committed;
	bool gone;
};

struct years_device {
	struct id16 id;
	enum device_state state;
	uint64_t seq, cut_seq;     /* seq: as it stands after a cut */
	struct hash32 heads[2048]; /* by seq */
	bool held[YEARS_FOLDERS];
	int64_t ended_ms; /* retired */
};

struct years {
	struct world world;
	void *db;           /* a reader beside it (sqlite3) */
	struct party party; /* as its newest device */
	int64_t wall_ms;    /* the wall clock's own way */
	unsigned seed;
	uint64_t random;

	struct years_device devices[YEARS_DEVICES_MAX];
	unsigned n_devices;
	struct years_version versions[YEARS_VERSIONS_MAX];
	unsigned n_versions;
	struct years_chunk chunks[YEARS_CHUNKS_MAX];
	unsigned n_chunks;
	int64_t tidying_ms; /* the moment for which a tidying under way works; -1: none is */
	bool revoked_meanwhile;
	uint32_t retention_days, next_days;
	int64_t next_at_ms, lift_from_ms, lift_at_ms, lifted_ms;
	struct tidy_result result; /* of the last tidying */
};

/** Open an empty server, moved to memory if there is any; the table `os` is ours from here on. */
void years_open(struct years *y);
void years_close(struct years *y);
/** Begin anew with a fresh account on it. */
void years_account(struct years *y, unsigned seed);
/** Take the account off the server; nothing of it may be left. */
void years_forget_account(struct years *y);

/** 0 … n - 1, from the seed. */
unsigned years_random(struct years *y, unsigned n);

/** Let the server run for so long. */
void years_pass(struct years *y, int64_t ms);
/** Stop, and start so much later, when the wall clock shows @wall_ms more. */
void years_stop(struct years *y, int64_t ms, int64_t wall_ms);
/** Stop and start; what the clock ran since it was kept is lost. */
void years_restart(struct years *y);
/** The retention clock. */
int64_t years_now(struct years *y);

/** One batch.  Items that stand there twice are taken once. */
void years_commit(struct years *y, const struct party_record *records, size_t n,
		  const unsigned (*refs)[YEARS_REFS], const unsigned *n_refs);
/** A batch of one record without references. */
void years_save(struct years *y, unsigned item, bool tombstone);
/** Upload a chunk; its number. */
unsigned years_upload(struct years *y);
/** Ask for a chunk, as `have` does. */
void years_want(struct years *y, unsigned chunk);
/** Whether the present device has it. */
bool years_has_chunk(const struct years *y, unsigned chunk);

/** Shut out the present device after @cut, and go on as a new one. */
void years_revoke(struct years *y, uint64_t cut);
void years_retire(struct years *y);
/** The owner's entry: keep so many days; let the server clear what it holds. */
void years_policy(struct years *y, uint32_t days, bool lift);

/** Tidy; @between may be NULL, and is called between any two steps.  Afterwards everything is compared
 *  with the model, if it came to its end: what had to stay and what had to go.  tidy_run()'s result. */
int years_tidy(struct years *y, int (*between)(void *ctx, struct err *err), void *ctx);
/** Compare what had to stay, byte by byte. */
void years_check(struct years *y);
/** Note what a tidying under way has done so far. */
void years_settle(struct years *y);

/** Whether the version is there for a restore: its frame, whole, and all that it refers to. */
bool years_readable(struct years *y, const struct years_version *v);

/** How many rows there are of anything that an account has; how many files of objects. */
int64_t years_rows(struct years *y);
int64_t years_files(struct years *y);
/** How many chunks are marked as damaged. */
int64_t years_damaged(struct years *y);

#endif
