/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup: what the shortcuts point to goes to the server: scan, read, seal, journal, send, receipt.
 *
 *     finish   the journal, if there is one (journal.h)
 *     scan     what is new or changed, by revision; what vanished is `missing`, kept and reported
 *     read     original bytes of those; equal bytes are no change; large values become chunks
 *     chunks   `have`, then POST /v1/chunks with what is missing there
 *     seal     one batch (8 MiB or 10,000 records, else several), opened once again as a check,
 *              durable in the journal
 *     send     POST /v1/batches: the only request of a small backup
 *     saved    box.db learns what lies there now; receipt
 *
 * Invariants:
 * - Nothing changed: no request (with `check` one).
 * - Nothing that no shortcut points to leaves the terminal, the Box's own items apart (P27), which
 *   ride in a batch that is sent anyhow and stand in no count but bytes_sent.
 * - A batch is sealed once and re-sent byte for byte; whatever moment the program is killed at, the
 *   next backup finishes it.
 * - A bad item is failed by name and its neighbours go on.
 */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include <stddef.h>

#include "backup/progress.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"
#include "format/id.h"

struct box;    /* box/box.h */
struct remote; /* remote/remote.h */
struct sorter; /* os/sorter.h */

/* All pointers are borrowed for the length of the call. */
struct backup_request {
	const char *app;          /* NULL: the whole Box */
	const char *const *items; /* ITEM: native id, short id or exact name, in that order */
	size_t n_items;           /* 0: all of @app; else @app must be given */
	const char *thread;       /* NULL, or one thread of @app (box/threads.h), then no items */
	bool selected;            /* only pre-selected shortcuts */
	bool check;               /* ask the server once even where nothing changed */
	/* Send no more than this, by what items cost at most: those left over are postponed.  A batch that
	 * an earlier run left behind goes first whatever it costs.  NULL: all of them. */
	const uint64_t *budget_bytes;
};

enum backup_outcome {
	BACKUP_UPLOADED,
	BACKUP_MISSING, /* not in its app any more; what lies on the server stays */
	BACKUP_FAILED,
};

/* Strings are UTF-8, never NULL. */
struct backup_item {
	enum backup_outcome outcome;
	const char *app;
	const char *id; /* native id, or short id where that is no clean text */
	const char *name;
	uint64_t bytes;     /* that it cost: its frame in the batch and its new chunks */
	const char *reason; /* why it failed or is missing; "" if uploaded */
};

/* What a run cost one app beside what a full backup of it would have cost. */
struct backup_app_cost {
	char *app;
	uint64_t uploaded; /* items */
	uint64_t bytes;    /* of those */
	uint64_t full_backup_bytes;
	bool estimated; /* some items were never read: counted by size and this app's ratio */
};

/* Owned by the caller, who calls backup_result_clear(); all zero is empty. */
struct backup_result {
	struct sorter *items; /* uploaded, missing and failed ones: backup_result_next() */
	uint64_t n_uploaded, n_missing, n_failed; /* exit status 3 if any failed */
	uint64_t n_unchanged;
	uint64_t n_postponed;                /* new or changed, and more than the budget allows */
	uint64_t bytes_sent, bytes_received; /* HTTP heads and bodies, TLS apart */
	uint32_t requests;
	uint64_t full_backup_bytes; /* padded sealed size of all of the apps' items */
	bool estimated;
	struct backup_app_cost *apps;
	size_t n_apps, cap_apps;
	int64_t duration_ms;
	bool behind;     /* with ERR_ALARM: the server has less than it acknowledged */
	uint64_t seq;    /* of the newest batch; 0: there is none */
	char **warnings; /* sentences: an app that could not be listed, the log grew, ... */
	size_t n_warnings, cap_warnings;
};

void backup_result_clear(struct backup_result *r);
AUTO_OBJ(backup_result_clear, struct backup_result);

#define BACKUP_RESULT_END 1
/** The next item, by app, name, id; borrowed until the next call.  They lie in an unnamed file.
 *  0, BACKUP_RESULT_END, or -1: ERR_IO, ERR_NOMEM. */
int backup_result_next(struct backup_item *out, struct backup_result *r, struct err *err);
/** From the first on once more. */
int backup_result_rewind(struct backup_result *r, struct err *err);

/**
 * Back up.
 * @remote  may have no connection yet.
 * @watch   may be NULL.
 * @return 0, failed items included (ask n_failed), or -1; what was acknowledged until then stands
 *         in @out and in the Box:
 *         ERR_UNREACHABLE  the journal keeps the batch; the next backup goes on
 *         ERR_ALARM        the server is behind what it acknowledged (backup_rejoin() after a yes),
 *                          or holds batches signed by this device that it never made (cloned: join
 *                          anew)
 *         ERR_REVOKED      device or account shut out; the journal is kept
 *         ERR_FULL         quota or disk, here or there
 *         ERR_AUTH         keys in the Box are damaged, the TLS key is another
 *         ERR_UNSUPPORTED  this program is too old for the server
 *         ERR_BUSY         another backup runs (its pid in the message)
 *         ERR_NOT_FOUND, ERR_AMBIGUOUS  an ITEM; nothing was sent
 *         ERR_CANCELLED    by the watch
 */
int
backup_run(struct backup_result *out, struct box *box, struct remote *remote,
	   const struct backup_request *request, const struct backup_watch *watch, struct err *err);

/**
 * The cloud's copies are to go: one batch with a tombstone for each.  Their shortcuts leave the Box
 * too, else the next backup would save them again; the app's data stays.
 * @items  NULL with @n_items 0: all of @app.  Items whose shortcut is gone already are found by
 * what the Box knows to lie on the server.
 * @out    n_items tombstones, outcome BACKUP_UPLOADED.
 * @return as backup_run().
 */
int backup_forget(struct backup_result *out, struct box *box, struct remote *remote,
		  const char *app, const char *const *items, size_t n_items,
		  const struct backup_watch *watch, struct err *err);

/**
 * After an ERR_ALARM with out->behind and the person's yes: a rejoin commit on the server's head.
 * Everything saved since counts as unsaved again.  Where entries of the account log were lost, too,
 * this terminal forgets them (out->warnings says how many), but never one that shut a device out.
 */
int
backup_rejoin(struct backup_result *out, struct box *box, struct remote *remote, struct err *err);

/*
 * What items will cost, before anything is sent (`add`): exactly, prefix of the batch and chunks that this
 * terminal has sent already apart; reads them and sends nothing.
 */
struct backup_expecting; /* opaque */

int backup_expecting_new(struct backup_expecting **out, struct box *box, struct err *err);
void backup_expecting_free(struct backup_expecting *e);
AUTO_PTR(backup_expecting_free, struct backup_expecting);

/** One item.  @bytes: its frame and its chunks, padded and sealed; 0 with *reason.
 *  @reason: NULL, or why it cannot be read; static storage. */
int backup_expecting_item(uint64_t *bytes, const char **reason, struct backup_expecting *e,
			  const char *app, struct span native_id, struct err *err);

#endif
