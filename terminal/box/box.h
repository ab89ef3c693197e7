/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box: the Box on disk: its folder, its database, its lock.
 *
 *     HOME/           0700
 *       box.db        0600  SQLite: docs/formats/box-db.md
 *       keys          0600  this device's keys (identity.h)
 *       lock          0600  held by a backup or restore; holds its process id
 *       journal/      sealed batches that are not acknowledged (journal.h)
 *
 * The nouns of the Box stand in files of their own: identity, box_apps, inventory, shortcuts,
 * saved, journal, box_items, receipts, originals, settings.  All take the `struct box` and keep
 * their rows in its database.  Every changing function is one transaction, durable when it returns,
 * unless the caller has one open (box_begin).
 *
 * Threads: one box, one thread.  Processes: any number; each change takes SQLite's lock for its own
 * length (up to 10 s of waiting, then ERR_BUSY); box_lock() is for whole backups and restores.
 */
#ifndef BOX_BOX_H
#define BOX_BOX_H

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

#define BOX_SCHEMA     1  /* of box.db; a newer one is refused by name */
#define BOX_ID_BYTES   16 /* account, device, folder, item */
#define BOX_HASH_BYTES 32

/* Expected outcomes of this folder. */
#define BOX_ABSENT 1 /* there is no such row */
#define BOX_EXISTS 2 /* there is one already; it is as it was */

struct box;
struct identity; /* identity.h */

/**
 * Open the Box in @home, making folder and database where there are none.
 * @return 0, or -1: ERR_UNSUPPORTED (made by a newer Cloudbox), ERR_FORMAT (damaged, or no database
 *         of ours), ERR_FULL, ERR_IO, ERR_AUTH (a key is damaged: identity.h).
 */
int box_open(struct box **out, const char *home, struct err *err);
void box_free(struct box *b);
AUTO_PTR(box_free, struct box);

/** $CLOUDBOX_HOME, else $XDG_DATA_HOME/cloudbox, else ~/.local/share/cloudbox; @given where not
 *  NULL.  The caller frees *out.  ERR_USAGE: none of them is set. */
int box_home(char **out, const char *given, struct err *err);

/** Descriptor of the Box's folder; borrowed. */
int box_home_fd(const struct box *b);

/** Who this terminal is; NULL before `init` or `join`.  Borrowed. */
const struct identity *box_identity(const struct box *b);

/** The same, for what needs an account: ERR_USAGE "this terminal has no account yet", with the
 *  hint to type `cloudbox init` or `cloudbox join`. */
int box_identity_need(const struct identity **out, const struct box *b, struct err *err);

/* Several changes as one.  Nests: only the outermost commit writes; after a rollback the enclosing
 * ones can only roll back, too.  box_rollback() outside of any does nothing. */
int box_begin(struct box *b, struct err *err);
int box_commit(struct box *b, struct err *err);
void box_rollback(struct box *b);

/**
 * Many questions in a row, each of them cheap: without it SQLite takes locks, looks for a journal and
 * checks its cache anew for each.  To be called before each of them: the view is renewed every
 * BOX_VIEW_MS, because others cannot commit a change while it lasts.  Not for questions with
 * something slow between: a large file, a server.  box_begin() ends it.  Nothing is changed in it.
 */
#define BOX_VIEW_MS 100
int box_view(struct box *b, struct err *err);
void box_view_end(struct box *b); /* does nothing where there is none */

#define BOX_LOCK_WAIT_MS 60000

typedef void box_waiting_fn(void *ctx, long pid);

/**
 * Take the run lock, for the length of a backup or restore.
 * @wait_ms  at most this long; BOX_LOCK_WAIT_MS.
 * @waiting  called once if somebody else holds it, with that process's id; may be NULL.
 * @return   0, or -1 with ERR_BUSY naming the process, ERR_CANCELLED (a signal came that somebody handles), ERR_IO.
 * The kernel lets go of it when the process ends, however it ends.
 */
int box_lock(struct box *b, int64_t wait_ms, box_waiting_fn *waiting, void *ctx, struct err *err);
void box_unlock(struct box *b);

#endif
