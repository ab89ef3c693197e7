/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog: everything the server knows, chunk objects apart: invitations, accounts with their logs,
 * devices, batches, records with their versions, state trees, and which object holds which chunk.
 *
 * A catalog is a table of operations (struct catalog_ops); catalog_sqlite is its first instance.
 * The operations are about rows; the rules of the trade (what a commit must prove, who may do what)
 * live in server/api and server/accounts and know no SQL.
 *
 *     reading   catalog_read(): one consistent view, on the caller's thread
 *     writing   catalog_submit(): a job, run by the one writer thread inside a transaction that it
 *               may share with other jobs (group commit); the job's done() comes after COMMIT with
 *               full sync, so what it tells anybody is durable
 *
 * Invariants: nothing that a client sends changes a row of another account; (account, device, cid)
 * names one object for good; versions of an item count 1, 2, … and are never given twice; a failed
 * sync ends the process (catalog_options.fatal), it is never tried again.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "blobs/blobs.h"
#include "catalog/alarms.h"
#include "catalog/retention.h"
#include "format/log.h"

/* Outcomes that operations name. */
#define CATALOG_ABSENT 1 /* there is no such row */
#define CATALOG_EXISTS 2 /* there is one already; nothing was changed */

struct catalog_invitation {
	struct hash32 hash; /* of the code, which is stored nowhere */
	uint64_t quota_bytes;
	int64_t expires_unix_ms;
	bool used;
	struct id16 used_by; /* the account, if used */
};

/* One account.  `used` counts records and objects; `uncommitted` the part of it that no batch
 * refers to yet. */
struct catalog_account {
	struct id16 account;
	bool suspended; /* by the operator: nothing but refusals until he says so */
	uint64_t quota_bytes, used_bytes, uncommitted_bytes;
	int64_t created_unix_ms;
	uint64_t epoch;
	uint64_t log_length;
	struct hash32 log_head;
	uint8_t ask[CRYPTO_PUBLIC_BYTES]; /* the present one */
	uint8_t passphrase_key[CRYPTO_PUBLIC_BYTES];
	uint8_t recovery_key[CRYPTO_PUBLIC_BYTES];
	struct id16 recovery_find;

	/* catalog/retention.h; moments of the retention clock, 0: none. */
	uint32_t retention_days;
	uint32_t next_days;   /* fewer, from next_at_ms on */
	int64_t next_at_ms;   /* relaxing waits, and any login of a person calls it off */
	int64_t lift_from_ms; /* holds of what ended before this are lifted, at lift_at_ms */
	int64_t lift_at_ms;
	int64_t delete_at_ms; /* the account goes then */
};

struct catalog_device {
	int64_t row; /* the catalog's own number for (account, device); never reused */
	struct id16 account;
	struct id16 device;
	enum device_state state;          /* never DEVICE_SUSPENDED: that is the next member */
	bool suspended;                   /* by the operator */
	uint8_t key[CRYPTO_PUBLIC_BYTES]; /* DSK.pub */
	int64_t added_unix_ms;
	uint64_t seq;           /* of the newest batch that is not void; 0: none yet */
	struct hash32 head;     /* while seq is 0: hash of the add_device entry */
	int64_t client_unix_ms; /* client time of the newest batch */
	int64_t seen_unix_ms;   /* last proved its key */
	uint64_t live;          /* items that are not tombstoned */
	int64_t replaces_row;   /* the device whose chunks it may refer to; 0: none */
	uint64_t cut_seq;       /* revoked, replaced: last trusted seq */
	int64_t ended_ms;       /* retired: when, on the retention clock; 0: not */
	int64_t day;        /* the newest day (of unix time, UTC) on which it stored something */
	uint64_t day_bytes; /* and how much on that day: server/accounts/quota.h */
	int64_t drill_day;  /* the newest day on which it had ciphertexts of its own */
	uint32_t drills;    /* and how many on that day: server/accounts/drills.h */

	/* server/upkeep/alarms.h; on the retention clock. */
	int64_t came_ms; /* last proved its key, to within DEVICE_SEEN_STEP_MS */
	int64_t period_ms; /* it said that it would come again within so long, each time; 0: it did not */
	int64_t grace_ms; /* and has so much longer this time, because the server was away */
	uint8_t drill;    /* enum wire_drill, as it told last */
	int64_t drill_unix_ms;
};

struct catalog_batch {
	int64_t row;
	uint64_t seq;
	struct hash32 head;
	uint32_t n; /* records */
	int64_t received_unix_ms;
	int64_t from_ms; /* received, on the retention clock */
};

/* One version of an item. */
struct catalog_version {
	struct id16 folder;
	struct id16 item;
	uint32_t version;
	uint64_t seq;
	uint32_t index; /* within the batch */
	uint8_t flags;
	struct hash32 leaf;
	uint32_t ciphertext_bytes;
};

/* Where an item stands: its newest version, and the live one if it is not tombstoned. */
struct catalog_item {
	struct id16 folder;
	struct id16 item;
	uint32_t versions; /* ever stored; the newest one's number */
	bool live;
	uint64_t seq; /* from here on: of the newest version */
	uint32_t index;
	uint8_t flags;
	struct hash32 leaf;
	uint32_t ciphertext_bytes;
};

struct catalog_chunk {
	struct hash32 cid;
	struct blob_info object;
	int64_t wanted_ms; /* last upload, `have` or commit that named it; retention clock */
	bool committed;    /* a batch refers to it, or did */
	bool damaged;      /* found so by a check: absent for clients */
	bool uncounted;    /* only void batches refer to it: no quota counts it */
};

/* A chunk, and whose it is. */
struct catalog_located {
	int64_t device_row;
	struct id16 account, device;
	struct catalog_chunk chunk;
};

/* A pairing that is under way: what two terminals say to each other by way of the server. */
struct catalog_pairing {
	struct id16 id; /* known to both sides; whoever does not know it finds nothing */
	struct id16 account;
	int64_t expires_ms; /* on the retention clock */
	uint32_t n_said[2]; /* messages of the joiner, of the host */
	bool over;          /* one side said so: nothing is passed on any more */
};

struct catalog_usage {
	uint64_t accounts, objects;
	uint64_t bytes; /* of records and objects */
};

struct catalog_ops;
struct catalog;

/* A transaction that is under way; the beginning of every instance's own. */
/* A version that is due to be cleared. */
struct catalog_ended {
	int64_t record; /* the catalog's own number */
	int64_t ended_ms;
	int64_t folder_row;
	struct id16 item;
	uint32_t version;
	uint8_t flags;
	bool is_void; /* of a batch after the cut of its device */
};

/* What makes a version due, at one moment of the retention clock, and where to go on. */
struct catalog_due {
	int64_t device_row;
	int64_t now_ms;
	int64_t keep_ms;  /* R */
	int64_t ended_ms; /* after this one, then after this record; 0, 0: from the first on */
	int64_t record;
	unsigned max;
};

struct catalog_folder {
	int64_t row;
	struct id16 folder;
	int64_t held_ms;   /* clearing stopped, since when; 0: it goes on */
	int64_t lifted_ms; /* what ended up to then does not count to another hold */
};

/* Due versions of a folder that one month's start kept until now. */
struct catalog_month {
	int64_t folder_row;
	int64_t anchor_ms; /* retention_anchor() of that start */
	uint64_t items;
};

/* How much was stored, and how much disk was free, on a day of the retention clock. */
struct catalog_sample {
	int64_t day;
	uint64_t bytes, free;
};

struct catalog_tx {
	const struct catalog_ops *ops;
	bool writable;
};

typedef int catalog_run_fn(struct catalog_tx *tx, void *ctx, struct err *err);

/*
 * A change to be made.  `run` is called on the writer thread, perhaps more than once (another job
 * of the group may have filled the disk): it begins by resetting whatever it left in its own
 * fields. 0 keeps what it changed; anything else undoes it.  `done` is called once, on the writer
 * thread, after COMMIT: with run's result, or -1 and *err (ERR_FULL: the disk is full).
 */
struct catalog_job {
	int (*run)(struct catalog_tx *tx, struct catalog_job *job, struct err *err);
	void (*done)(struct catalog_job *job, int rc, const struct err *err);
	struct catalog_job *next; /* the catalog's */
	int rc;                   /* the catalog's */
	struct err err;           /* the catalog's */
};

/* Rows are given one by one; a result other than 0 ends the walk and is its result. */
typedef int catalog_item_fn(void *ctx, const struct catalog_item *item, struct err *err);
typedef int catalog_version_fn(void *ctx, const struct catalog_version *v, struct err *err);
typedef int catalog_account_fn(void *ctx, const struct catalog_account *a, struct err *err);
typedef int catalog_device_fn(void *ctx, const struct catalog_device *d, struct err *err);
typedef int catalog_alarm_fn(void *ctx, const struct catalog_alarm *a, struct err *err);
typedef int catalog_delivery_fn(void *ctx, const struct catalog_delivery *d, struct err *err);
typedef int catalog_batch_fn(void *ctx, const struct catalog_batch *b, struct err *err);
typedef int catalog_chunk_fn(void *ctx, const struct catalog_chunk *c, struct err *err);
typedef int catalog_bytes_fn(void *ctx, uint64_t index, struct span bytes, struct err *err);
typedef int catalog_ended_fn(void *ctx, const struct catalog_ended *e, struct err *err);
typedef int catalog_folder_fn(void *ctx, const struct catalog_folder *f, struct err *err);
typedef int catalog_month_fn(void *ctx, const struct catalog_month *m, struct err *err);
typedef int catalog_located_fn(void *ctx, const struct catalog_located *l, struct err *err);
typedef int catalog_name_fn(void *ctx, const struct blob_name *name, struct err *err);
typedef int catalog_sample_fn(void *ctx, const struct catalog_sample *s, struct err *err);

#define CATALOG_MORE 3 /* there is more of it: once again */

/*
 * What a catalog can do.  All operations return 0, an outcome that is named, or -1: ERR_IO,
 * ERR_FULL, ERR_NOMEM, ERR_FORMAT (the file is damaged).  Ids are CRYPTO_ID_BYTES long, hashes and
 * cids 32 bytes.  `put` makes or changes a row only in a writable transaction.
 */
struct catalog_ops {
	const char *scheme; /* "sqlite": what stands before the colon in --db */

	int (*read)(struct catalog *c, catalog_run_fn *run, void *ctx, struct err *err);
	void (*submit)(struct catalog *c, struct catalog_job *job);
	/* A copy of one moment, complete and durable, as a catalog of its own in the new file @path.
	 * Others go on meanwhile. */
	int (*copy)(struct catalog *c, const char *path, struct err *err);
	/* Finish all jobs, then close.  Nobody submits any more. */
	void (*free)(struct catalog *c);

	/* Small settings of the server itself: CATALOG_ABSENT. */
	int (*setting_get)(struct catalog_tx *, const char *name, struct buf *out, struct err *);
	int (*setting_put)(struct catalog_tx *, const char *name, struct span value, struct err *);

	int (*invitation_get)(struct catalog_tx *, struct catalog_invitation *out,
			      const struct hash32 *hash, struct err *); /* CATALOG_ABSENT */
	int (*invitation_put)(struct catalog_tx *, const struct catalog_invitation *, struct err *);

	/* Pairings.  pairing_add: CATALOG_EXISTS.  A message is @side's (0: the joiner's) next one. */
	int (*pairing_get)(struct catalog_tx *, struct catalog_pairing *out, const struct id16 *id,
			   struct err *); /* CATALOG_ABSENT */
	int (*pairing_add)(struct catalog_tx *, const struct catalog_pairing *, struct err *);
	int (*pairing_put)(struct catalog_tx *, const struct catalog_pairing *, struct err *);
	int (*pairing_say)(struct catalog_tx *, const struct id16 *id, unsigned side,
			   uint32_t number, struct span message, struct err *);
	/* @side's messages from number @from on, in order. */
	int (*pairing_heard)(struct catalog_tx *, const struct id16 *id, unsigned side,
			     uint32_t from, catalog_bytes_fn *, void *ctx, struct err *);
	/* Forget all that are past their time at @now_ms. */
	int (*pairings_expire)(struct catalog_tx *, int64_t now_ms, struct err *);
	/* Forget all of an account but the @keep that expire last. */
	int (*pairings_trim)(struct catalog_tx *, const struct id16 *account, unsigned keep,
			     struct err *);

	/* Accounts: CATALOG_ABSENT.  account_add: CATALOG_EXISTS (the id, or recovery_find). */
	int (*account_get)(struct catalog_tx *, struct catalog_account *out,
			   const struct id16 *account, struct err *);
	int (*account_find)(struct catalog_tx *, struct catalog_account *out,
			    const struct id16 *recovery_find, struct err *);
	int (*account_add)(struct catalog_tx *, const struct catalog_account *, struct err *);
	int (*account_put)(struct catalog_tx *, const struct catalog_account *, struct err *);
	int (*accounts)(struct catalog_tx *, catalog_account_fn *, void *ctx, struct err *);
	int (*wraps_get)(struct catalog_tx *, const struct id16 *account, struct buf *passphrase,
			 struct buf *recovery, struct err *); /* CATALOG_ABSENT */
	int (*wraps_put)(struct catalog_tx *, const struct id16 *account, struct span passphrase,
			 struct span recovery, struct err *);

	/* The account log.  entry hash: CATALOG_ABSENT. */
	int (*log_add)(struct catalog_tx *, const struct id16 *account, uint64_t index,
		       const struct hash32 *hash, struct span entry, struct err *);
	int (*log_hash)(struct catalog_tx *, const struct id16 *account, uint64_t index,
			struct hash32 *hash, struct err *);
	int (*log_read)(struct catalog_tx *, const struct id16 *account, uint64_t from,
			catalog_bytes_fn *, void *ctx, struct err *);

	/* Devices, ascending by id.  device_add fills in d->row; CATALOG_EXISTS. */
	int (*device_get)(struct catalog_tx *, struct catalog_device *out,
			  const struct id16 *account, const struct id16 *device,
			  struct err *); /* CATALOG_ABSENT */
	int (*device_by_row)(struct catalog_tx *, struct catalog_device *out, int64_t row,
			     struct err *); /* CATALOG_ABSENT */
	int (*device_add)(struct catalog_tx *, struct catalog_device *d, struct err *);
	int (*device_put)(struct catalog_tx *, const struct catalog_device *, struct err *);
	int (*devices)(struct catalog_tx *, const struct id16 *account, catalog_device_fn *,
		       void *ctx, struct err *);

	/* Batches of a device.  batch_add fills in b->row. */
	int (*batch_get)(struct catalog_tx *, struct catalog_batch *out, int64_t device_row,
			 uint64_t seq, struct err *); /* CATALOG_ABSENT */
	int (*batch_prefix)(struct catalog_tx *, int64_t device_row, uint64_t seq, struct buf *out,
			    struct err *); /* CATALOG_ABSENT */
	int (*batch_add)(struct catalog_tx *, int64_t device_row, struct catalog_batch *b,
			 struct span prefix, struct err *);
	int (*batches)(struct catalog_tx *, int64_t device_row, uint64_t from_seq,
		       catalog_batch_fn *, void *ctx, struct err *);

	/* Folders of a device: its row number, made where there is none; n_folders counts them. */
	int (*folder_row)(struct catalog_tx *, int64_t device_row, const struct id16 *folder,
			  int64_t *row, struct err *); /* CATALOG_ABSENT */
	int (*folder_add)(struct catalog_tx *, int64_t device_row, const struct id16 *folder,
			  int64_t *row, struct err *);
	int (*n_folders)(struct catalog_tx *, int64_t device_row, uint64_t *n, struct err *);

	/* Items: where each stands.  `items` walks those with low <= item id <= high, ascending by
	 * item, then folder; tombstoned ones too. */
	int (*item_get)(struct catalog_tx *, struct catalog_item *out, int64_t device_row,
			int64_t folder_row, const struct id16 *item,
			struct err *); /* CATALOG_ABSENT */
	int (*item_put)(struct catalog_tx *, int64_t device_row, int64_t folder_row,
			const struct catalog_item *, struct err *);
	int (*items)(struct catalog_tx *, int64_t device_row, const struct id16 *low,
		     const struct id16 *high, catalog_item_fn *, void *ctx, struct err *);

	/* Records: frames as they were sent.  record_get: CATALOG_ABSENT (never there, or cleared).
	 */
	int (*record_add)(struct catalog_tx *, const struct catalog_batch *, int64_t folder_row,
			  const struct catalog_version *, struct span frame, struct err *);
	int (*record_get)(struct catalog_tx *, int64_t device_row, uint64_t seq, uint32_t index,
			  struct catalog_version *out, struct buf *frame, struct err *);
	/* A record of a device is damaged: its device is told until it has sent the item anew. */
	int (*record_damaged)(struct catalog_tx *, int64_t device_row, uint64_t seq, uint32_t index,
			      struct err *);
	/* The live items of a device whose records were found damaged, by batch and place. */
	int (*records_damaged)(struct catalog_tx *, int64_t device_row, catalog_item_fn *,
			       void *ctx, struct err *);
	/* The leaves of a batch in order, also of records that were cleared. */
	int (*record_leaves)(struct catalog_tx *, const struct catalog_batch *, catalog_bytes_fn *,
			     void *ctx, struct err *);
	/* All kept versions of a folder, ascending by item, then version; of one @item if not NULL.
	 */
	int (*versions)(struct catalog_tx *, int64_t device_row, int64_t folder_row,
			const struct id16 *item, catalog_version_fn *, void *ctx, struct err *);

	/* Nodes of a device's state tree; what a number means is the caller's affair. */
	int (*node_get)(struct catalog_tx *, int64_t device_row, uint64_t node, struct hash32 *hash,
			struct err *); /* CATALOG_ABSENT */
	int (*node_put)(struct catalog_tx *, int64_t device_row, uint64_t node,
			const struct hash32 *hash, struct err *);
	int (*nodes_clear)(struct catalog_tx *, int64_t device_row, struct err *);

	/* Chunks of a device.  chunk_add: CATALOG_EXISTS, and the first stays.  chunk_put changes
	 * everything but a sound chunk's object. */
	int (*chunk_get)(struct catalog_tx *, struct catalog_chunk *out, int64_t device_row,
			 const struct hash32 *cid, struct err *); /* CATALOG_ABSENT */
	int (*chunk_add)(struct catalog_tx *, int64_t device_row, const struct catalog_chunk *,
			 struct err *);
	int (*chunk_put)(struct catalog_tx *, int64_t device_row, const struct catalog_chunk *,
			 struct err *);
	int (*chunks)(struct catalog_tx *, int64_t device_row, const struct hash32 *after_cid,
		      catalog_chunk_fn *, void *ctx, struct err *); /* NULL: from the first on */
	/* The next @max of all devices, after (@after_row, @after_cid). */
	int (*chunks_all)(struct catalog_tx *, int64_t after_row, const struct hash32 *after_cid,
			  unsigned max, catalog_located_fn *, void *ctx, struct err *);
	/* A record refers to the chunk (@owner_row, @cid). */
	int (*ref_add)(struct catalog_tx *, int64_t owner_row, const struct hash32 *cid,
		       const struct catalog_batch *, uint32_t index, struct err *);
	/* Whether a record refers to the chunk that is in a batch of its owner up to @max_seq, or in
	 * one of a device that replaced it: 0 or CATALOG_ABSENT. */
	int (*ref_find)(struct catalog_tx *, int64_t owner_row, const struct hash32 *cid,
			uint64_t max_seq, struct err *);

	/* --- retention and clearing away: catalog/retention.h, server/upkeep --- */

	/* Now on the retention clock; and keep it, so that it goes on from here after a restart. */
	int64_t (*clock)(struct catalog_tx *);
	int (*clock_keep)(struct catalog_tx *, struct err *);

	/* A version ends now: the next one came, or it is a tombstone.  Its batch has its from_ms. */
	int (*record_end)(struct catalog_tx *, int64_t device_row, uint64_t seq, uint32_t index,
			  struct err *);
	/* Due versions, in the order in which they ended; none of a folder that is held. */
	int (*ended_due)(struct catalog_tx *, const struct catalog_due *, catalog_ended_fn *,
			 void *ctx, struct err *);
	/* Whether an older version of the item is still here: 0 or CATALOG_ABSENT. */
	int (*older_than)(struct catalog_tx *, const struct catalog_ended *, struct err *);
	/* Clear a record: its frame goes and its references, to chunks of @owners; its leaf stays.
	 * *n_bytes: what it took.  CATALOG_ABSENT: done before. */
	int (*record_clear)(struct catalog_tx *, int64_t record, const int64_t *owners,
			    size_t n_owners, uint64_t *n_bytes, struct err *);
	/* Batches after @after_seq all of whose records are cleared, at most @max, but not the
	 * device's newest one, and of those before it only those that came up to @from_ms. */
	int (*batches_empty)(struct catalog_tx *, const struct catalog_device *, uint64_t after_seq,
			     int64_t from_ms, unsigned max, catalog_batch_fn *, void *ctx,
			     struct err *);
	/* Remove one, with its leaves.  *n_bytes: its prefix's. */
	int (*batch_remove)(struct catalog_tx *, const struct catalog_batch *, uint64_t *n_bytes,
			    struct err *);

	int (*folders)(struct catalog_tx *, int64_t device_row, catalog_folder_fn *, void *ctx,
		       struct err *);
	int (*folder_put)(struct catalog_tx *, const struct catalog_folder *, struct err *);
	/* By folder and month, how many items have a version that is due now and was live at the
	 * month's start. */
	int (*months_due)(struct catalog_tx *, const struct catalog_due *, catalog_month_fn *,
			  void *ctx, struct err *);
	/* Of how many items of that month's start the last version older than R would go with those
	 * that it keeps (*losing), and how many items there were then (*items). */
	int (*month_losing)(struct catalog_tx *, const struct catalog_due *,
			    const struct catalog_month *, uint64_t *losing, uint64_t *items,
			    struct err *);

	/* Chunks after @after_cid that no record refers to and nobody wanted since @wanted_ms. */
	int (*chunks_idle)(struct catalog_tx *, int64_t device_row, const struct hash32 *after_cid,
			   int64_t wanted_ms, unsigned max, catalog_chunk_fn *, void *ctx,
			   struct err *);
	int (*chunk_remove)(struct catalog_tx *, int64_t device_row, const struct hash32 *cid,
			    struct err *);
	/* An object that no row names any more, to be removed when the clock is at @due_ms. */
	int (*dead_add)(struct catalog_tx *, const struct blob_name *, int64_t due_ms,
			struct err *);
	/* Those that are due, after @after; never one that a chunk's row names. */
	int (*dead_due)(struct catalog_tx *, const struct blob_name *after, unsigned max,
			catalog_name_fn *, void *ctx, struct err *);
	int (*dead_remove)(struct catalog_tx *, const struct blob_name *, struct err *);
	/* Whether a chunk's row names the object, or it is to be removed: 0 or CATALOG_ABSENT. */
	int (*object_known)(struct catalog_tx *, const struct blob_name *, struct err *);

	/* Batches of @d after @cut_seq become void: what they superseded is live again, they go in
	 * RETENTION_WAIT_MS and weigh nothing from now on.  Changes @d's seq and live, not its head,
	 * and neither puts it nor makes its state nodes.  *n_bytes, *n_uncommitted: what the account
	 * is freed of. */
	int (*device_cut)(struct catalog_tx *, struct catalog_device *d, uint64_t cut_seq,
			  uint64_t *n_bytes, uint64_t *n_uncommitted, struct err *);
	/* All that a retired device has live ended when it was retired.  Likewise. */
	int (*device_empty)(struct catalog_tx *, struct catalog_device *d, struct err *);

	/* An account goes: nothing finds it any more but account_purge(), which takes away some @max
	 * rows at once and puts its objects on the dead list.  0: all is gone.  CATALOG_MORE. */
	int (*account_remove)(struct catalog_tx *, const struct id16 *account, struct err *);
	int (*accounts_removed)(struct catalog_tx *, catalog_account_fn *, void *ctx, struct err *);
	int (*account_purge)(struct catalog_tx *, const struct id16 *account, unsigned max,
			     struct err *);

	/* Give some room back to the file system.  0, CATALOG_MORE or -1. */
	int (*compact)(struct catalog_tx *, struct err *);

	int (*sample_put)(struct catalog_tx *, const struct catalog_sample *, struct err *);
	/* Ascending by day. */
	int (*samples)(struct catalog_tx *, catalog_sample_fn *, void *ctx, struct err *);

	int (*usage)(struct catalog_tx *, struct catalog_usage *out, struct err *);

	/* --- alarms: catalog/alarms.h, server/upkeep/alarms.h --- */

	/* Living devices, and accounts, that are not suspended: which are overdue, or told of a drill
	 * that failed.  Ascending by row. */
	int (*devices_worrying)(struct catalog_tx *, catalog_device_fn *, void *ctx, struct err *);
	/* Every device that is expected gets longer to come: @asleep_ms, which went by on the clock while
	 * nobody could come; and, once until it comes, its period, but at most @max_ms. */
	int (*devices_grace)(struct catalog_tx *, int64_t asleep_ms, int64_t max_ms, struct err *);
	/* Living devices with folders that are held; as alarms of kind ALARM_HOLD. */
	int (*devices_held)(struct catalog_tx *, catalog_alarm_fn *, void *ctx, struct err *);

	/* Alarms that stand, of one account or, if NULL, of all, ascending by id. */
	int (*alarms)(struct catalog_tx *, const struct id16 *account, catalog_alarm_fn *,
		      void *ctx, struct err *);
	/* Raise one and queue its deliveries; fills in a->id.  CATALOG_EXISTS: it stands already. */
	int (*alarm_raise)(struct catalog_tx *, struct catalog_alarm *a, struct err *);
	/* End one that stands, and queue that. */
	int (*alarm_end)(struct catalog_tx *, int64_t id, int64_t at_unix_ms, struct err *);
	/* Forget alarms of devices that live no more, with what was to be told of them, and those that
	 * have ended and of which nothing is left to be told. */
	int (*alarms_prune)(struct catalog_tx *, struct err *);

	/* CATALOG_ABSENT: nobody is told, nothing is known; put makes it. */
	int (*recipient_get)(struct catalog_tx *, struct catalog_recipient *out,
			     const struct id16 *account, struct err *);
	int (*recipient_put)(struct catalog_tx *, const struct catalog_recipient *, struct err *);
	int (*recipient_remove)(struct catalog_tx *, const struct id16 *account, struct err *);
	int (*growth_get)(struct catalog_tx *, struct catalog_growth *out,
			  const struct id16 *account, struct err *); /* CATALOG_ABSENT */
	int (*growth_put)(struct catalog_tx *, const struct catalog_growth *, struct err *);

	/* Deliveries that are due at @now_ms, ascending by account, channel and id. */
	int (*deliveries)(struct catalog_tx *, int64_t now_ms, catalog_delivery_fn *, void *ctx,
			  struct err *);
	/* Try it again later. */
	int (*delivery_put)(struct catalog_tx *, int64_t id, uint32_t tries, int64_t due_ms,
			    struct err *);
	int (*delivery_remove)(struct catalog_tx *, int64_t id, struct err *);
	/* How many wait. */
	int (*deliveries_count)(struct catalog_tx *, uint64_t *n, struct err *);
};

/* The beginning of every instance. */
struct catalog {
	const struct catalog_ops *ops;
};

struct catalog_options {
	/* A sync or a write failed other than by a full disk: what the file holds is unknown, and
	 * the process must end.  Never returns. */
	void (*fatal)(void *ctx, const struct err *err);
	void *fatal_ctx;
};

/**
 * Open a catalog, making it where there is none.
 * @url  "sqlite:PATH".  The caller holds the lock on the data folder: one process a file.
 * @return 0, or -1: ERR_USAGE (unknown scheme), ERR_UNSUPPORTED (a newer schema), ERR_FORMAT (not
 *         ours, damaged), ERR_IO, ERR_FULL, ERR_NOMEM.
 */
int catalog_open(struct catalog **out, const char *url, const struct catalog_options *options,
		 struct err *err);
void catalog_free(struct catalog *c);
AUTO_PTR(catalog_free, struct catalog);

/** Run @run in one consistent read-only view.  Its result. */
static inline int
catalog_read(struct catalog *c, catalog_run_fn *run, void *ctx, struct err *err)
{
	return c->ops->read(c, run, ctx, err);
}

/** Queue @job; it stays the caller's memory until done() was called. */
static inline void
catalog_submit(struct catalog *c, struct catalog_job *job)
{
	c->ops->submit(c, job);
}

/** Submit and wait: run's result, or -1.  Never from the writer thread. */
int catalog_write(struct catalog *c, catalog_run_fn *run, void *ctx, struct err *err);

/** Set or take back the mark of the chunk @seen of a device, unless its row names another object now
 *  (it was sent again) or is gone: CATALOG_ABSENT. */
int catalog_mark_chunk(struct catalog_tx *tx, int64_t device_row, const struct catalog_chunk *seen,
		       bool damaged, struct err *err);

/** The instance in a SQLite file at @path. */
int catalog_sqlite_new(struct catalog **out, const char *path,
		       const struct catalog_options *options, struct err *err);

#endif
