/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_internal: one run of a backup, shared by the files of this folder.
 *
 *     run_open -> journal_finish -> plan -> for each item: prepare -> group full or end: group_send
 *
 *     group_send:  box items -> chunks (have, upload) -> seal -> journal -> send -> acknowledge
 *                                  ^                      ^
 *                                  +-- 424 missing        +-- 409 epoch, 422 root, 413, 424 missing
 *                                                             of a replaced device: sealed anew
 */
#ifndef BACKUP_BACKUP_INTERNAL_H
#define BACKUP_BACKUP_INTERNAL_H

#include "apps/apps.h"
#include "backup/backup.h"
#include "backup/cutter.h"
#include "backup/prepared.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/drills.h"
#include "box/identity.h"
#include "box/inventory.h"
#include "box/journal.h"
#include "box/receipts.h"
#include "box/saved.h"
#include "box/shortcuts.h"
#include "chunk/object.h"
#include "format/padding.h"
#include "remote/remote.h"

/* A group goes as one batch.  Its limits keep memory small and lose little when cut off; a single
 * item may pass the last one. */
#define GROUP_RECORDS     5000                  /* some 1.2 kB of memory each */
#define GROUP_FRAME_BYTES (4u << 20)            /* a batch's limit is 8 MiB */
#define GROUP_BOX_ITEMS   1000                  /* some 3.5 kB each; all, in the last one */
#define GROUP_CHUNKS      WIRE_HAVE_MAX         /* one `have` */
#define GROUP_CHUNK_BYTES (UINT64_C(256) << 20) /* plaintext going ahead of one commit */

#define RUN_SAME 256 /* noted in the Box in one transaction */

/* An app at work on. */
struct run_app {
	struct app *app;
	struct app_session *session; /* NULL: it could not be opened */
	uint64_t shortcuts, missing, unchanged;
};

/* An item that changed, or is new. */
struct todo {
	uint32_t app; /* place in run->apps */
	struct id16 item;
	bool anyhow;          /* also if its bytes are those that were saved */
	bool selected, saved; /* what it is worth: budget.c */
	uint64_t size;        /* bytes, as the app says */
};

/* Items of one app that were uploaded, and what they cost. */
struct run_cost {
	char *app; /* owned */
	uint64_t uploaded, bytes;
};

/* A chunk that may have to go. */
struct pending_chunk {
	struct hash32 cid;
	enum chunk_class class;
	uint32_t prepared; /* whose, in run->group.items */
	uint32_t nth;      /* of that item's cutter; or */
	struct buf plain;  /* its bytes, where no cutter gives them: lists, Box items */
	uint32_t bytes;    /* of its object, once sealed */
	bool there;        /* the server has it, or another pending one is the same */
	bool sealed;       /* its object was given to the upload, and its hash is not noted yet */
	uint8_t object[BOX_HASH_BYTES]; /* of its object, once sealed: drills.h */
};

struct group {
	struct prepared **items;
	size_t n_items, cap_items;
	size_t n_of_box; /* of them, the Box's own */
	struct pending_chunk *chunks;
	size_t n_chunks, cap_chunks;
	size_t frame_bytes;
	uint64_t chunk_bytes;
};

struct run {
	struct box *box;
	const struct identity *me;
	struct id16 account, device;
	struct remote *remote; /* NULL: nothing is sent (expected.c) */
	const struct backup_watch *watch;
	struct backup_result *out;
	struct object_keys keys;
	struct object_sealer *sealer;
	struct record_packer *packer;
	struct run_app *apps;
	size_t n_apps, cap_apps;
	struct todo *todo; /* by app, then item */
	size_t n_todo, cap_todo;
	struct run_cost *costs;
	size_t n_costs, cap_costs;
	struct group group;
	bool more;              /* another full group follows */
	struct receipt receipt; /* number 0: none yet */
	uint64_t prior_sent,
		prior_received; /* bytes of the killed run that it is the receipt of, too */
	struct remote_traffic before;
	struct backup_progress progress;
	int64_t started_ms, shown_ms; /* uptime */
	unsigned roots_refused;       /* 422 in a row */
	uint64_t n_same;              /* read, and equal to what was saved; the latest of them: */
	struct prepared *same[RUN_SAME];
	size_t n_held_same;
	uint64_t n_leftover; /* items of a batch that an earlier run left behind */
	bool forgetting;     /* tombstones are what was asked for */
	bool log_grew;       /* the server has entries that this terminal does not know */
};

/* run.c */
int run_open(struct run *r, struct box *box, struct remote *remote,
	     const struct backup_watch *watch, struct backup_result *out, struct err *err);
void run_clear(struct run *r);
AUTO_OBJ(run_clear, struct run);
/** By app, then item: the order of run->todo. */
int run_by_app_item(const void *a, const void *b);
/** Keys and ids as the identity has them now (after a rotation). */
void run_keys(struct run *r);
/** The item was read, and its content is this: the Box need not read it again while its source is
 *  as it was. */
int run_note_content(struct run *r, const struct prepared *p, struct err *err);
/** Tell who watches; @force: whatever the last time was. */
void run_show(struct run *r, bool force);
bool run_cancelled(const struct run *r);
/** See many small items in one view of the Box; others may change it while one of @size is read. */
int run_view(struct run *r, uint64_t size, struct err *err);

/** The run lock, told to the watch if somebody else has it. */
int run_lock(struct box *box, const struct backup_watch *watch, struct err *err);
/** The remote tells of bytes and asks about cancelling; ended by run_clear(). */
void run_watch(struct run *r);
/** What is to be forgotten, into the group. */
int run_tombstones(struct run *r, struct err *err);

/* plan.c */
int plan_app(uint32_t *at, struct run *r, const char *name, struct err *err);
int plan_make(struct run *r, const struct backup_request *q, struct err *err);

/* budget.c */
/** Of what is planned, keep the most valuable that cost no more than @budget_bytes at most; the others are
 *  postponed. */
void budget_choose(struct run *r, uint64_t budget_bytes);

/* prepare.c */
/** Read the item and make its record.  0; PREPARE_SAME: its bytes are those that were saved;
 *  PREPARE_FAILED: *why says so, the others go on; -1: the run ends. */
#define PREPARE_SAME   1
#define PREPARE_FAILED 3 /* beside CUTTER_MOVED */
int prepare_item(struct prepared **out, struct run *r, const struct todo *t, struct err *why,
		 struct err *err);
int prepare_tombstone(struct prepared **out, struct run *r, const struct saved *s, struct err *err);
int prepare_box_item(struct prepared **out, struct run *r, const struct box_item *item,
		     struct err *err);

/* group.c */
int group_add(struct run *r, struct prepared *take, struct err *err);
bool group_full(const struct group *g);
/** Chunk @nth of item @at may have to go. */
int group_add_pending(struct group *g, const struct chunk_entry *e, uint32_t at, uint32_t nth,
		      struct err *err);
/** Prepare item @at once more, as it is now; where that fails, the item fails. */
int group_prepare_again(struct run *r, uint32_t at, struct err *err);
void group_clear(struct group *g);
/** Chunks, batch, acknowledgement of all that was added; empties the group.  Nothing for an empty
 *  one. */
int group_send(struct run *r, struct err *err);

/* upload.c */
/** Bring the chunks of the group that are not there to the server. */
int upload_chunks(struct run *r, struct err *err);
/** 424: these are missing; mark or add them as to be brought.  0; UPLOAD_ANEW: chunks of a replaced
 *  device are gone, their items were prepared anew and the batch is to be dropped; -1. */
#define UPLOAD_ANEW 1
int upload_again(struct run *r, const struct hash32 *cids, uint32_t n, struct err *err);

/* sealing.c */
/** Seal the group's items [@from, @to) that did not fail and put the batch into the journal. */
int sealing_make(struct journal_batch *out, struct run *r, size_t from, size_t to, struct err *err);

/* send.c */
#define SEND_AGAIN   1 /* the batch was dropped: seal anew */
#define SEND_SMALLER 2 /* dropped: fewer records */
#define SEND_CHUNKS  3 /* chunks are missing: remote_problem() names them; the batch stays */
/** Send what is in the journal.  0: acknowledged. */
int send_batch(struct run *r, struct journal_batch *batch, struct err *err);
/** The alarms.  Always -1. */
int send_alarm_behind(const struct run *r, uint64_t seq, struct err *err);
int send_alarm_cloned(uint64_t seq, struct err *err);
/** Send a batch that an earlier run left; its items count as uploaded. */
int send_leftover(struct run *r, struct err *err);

/* rebuild.c */
/** The map of what lies on the server anew from the server's list, which must be what this device
 *  signed: @expected its head (NULL: any that it signed). */
int rebuild_map(struct run *r, const struct hash32 *expected, struct batch_prefix *newest,
		bool *has_batch, struct err *err);

/* result.c */
/** @item is copied. */
int result_add(struct run *r, const struct backup_item *item, struct err *err);
int result_warn(struct backup_result *out, const char *line, struct err *err);
/** Sort, and fill in the figures of the whole run. */
int result_finish(struct run *r, struct err *err);
/** A receipt to write lines into. */
int result_receipt(struct run *r, struct err *err);

#endif
