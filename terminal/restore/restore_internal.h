/* SPDX-License-Identifier: Apache-2.0 */
/* restore_internal: the innards that the files of one restore share. */
#ifndef RESTORE_RESTORE_INTERNAL_H
#define RESTORE_RESTORE_INTERNAL_H

#include "apps/apps.h"
#include "box/identity.h"
#include "box/originals.h"
#include "box/receipts.h"
#include "remote/remote.h"
#include "restore/device.h"
#include "restore/fetch.h"
#include "restore/inherit.h"
#include "restore/of_thread.h"
#include "restore/of_where.h"
#include "restore/restore.h"
#include "restore/result.h"

#define RESTORE_TRIES 3 /* of an item whose app moves under the restore */

/* A row whose record could not be opened: what it is called is not known yet. */
struct nameless {
	size_t row;
	struct id16 item;
};

/* A record that was fetched whole, opened, and merged, written or found identical. */
struct proven {
	struct id16 item;
	uint64_t seq;
};

/* One restore on its way. */
struct run {
	struct restore_result *out;
	struct box *box;
	struct unlocked *u; /* NULL in tests without a server: `fetch` is given then */
	const struct identity *me;
	const struct restore_request *rq;
	const struct restore_watch *watch; /* or NULL */
	struct fetch *fetch;
	struct inherit *inherit;      /* NULL: nothing to learn */
	struct of_thread *thread;     /* NULL: all messages */
	struct of_where *where;       /* NULL: all items */
	uint64_t done, total;         /* items */
	struct remote_traffic before; /* when the run began */
	bool crossing;                /* the items come from another app than takes them */
	bool any_field; /* an item had one of the wanted fields; or it failed, and nobody knows */
	struct receipt receipt;
	struct nameless *nameless; /* owned */
	size_t n_nameless, cap_nameless;
	struct proven *proven; /* owned; told to the Box by run_keep_proven() */
	size_t n_proven, cap_proven;
};

/* An app that takes items: one of the Box's, or made with --create. */
struct target {
	struct app *app;             /* owned; NULL: there is none */
	struct app_session *session; /* owned */
	bool in_box;                 /* the Box knows it: native ids come from its inventory */
	bool made_up;                /* --create in a preview: as empty as a new one */
	bool checked;                /* by target_check_kind(): */
	bool of_other_kind;          /* it has another kind of items than the backup */
	struct err unready; /* why it cannot be written now, if it cannot: it is read only */
};

void target_clear(struct target *t);
AUTO_OBJ(target_clear, struct target);

/* run.c */

/** Who we are, and the Box's run lock. */
int run_start(struct run *r, struct err *err);
/** Choose the device and fetch its list; what is wrong with it becomes an alarm. */
int run_open_device(struct run *r, enum device_need need, struct err *err);
/** An older state than this terminal knows of becomes an alarm. */
int run_check_newest(struct run *r, struct err *err);
/** From here on something may be written: the restore stands in the Box as begun. */
int run_begin(struct run *r, struct err *err);
/** The receipt, the counts, and the lock is let go.  @rc: how it went; returned, or -1. */
int run_end(struct run *r, int rc, struct err *err);
/** Another item is done. */
void run_progress(struct run *r, uint64_t n_done);
/** The item at @at came back whole: where it is this terminal's own saved version, that is proven now.
 *  Only noted: it may be called within a transaction. */
int run_prove(struct run *r, const struct wire_item *at, struct err *err);
/** Write down what is noted, in one transaction. */
int run_keep_proven(struct run *r, struct err *err);
/** ERR_CANCELLED if the person wants it to end. */
int run_check_cancelled(const struct run *r, struct err *err);

/* target.c */

/** The app that takes the items of @app: of the request's --into, of that name, or made by --create for
 *  items of type @mime; none: t->app NULL.  ERR_NOT_FOUND (--into), ERR_IO. */
int
target_open(struct target *t, struct run *r, const char *app, struct span mime, struct err *err);
/** Has it the kind of items that the first group, @list, has?  ERR_UNSUPPORTED with --into. */
int target_check_kind(struct target *t, const struct run *r, const char *app,
		      const struct opened *list, size_t n, struct err *err);
/** The form of all @n items; NULL: whole files, also those that look like it. */
const struct form *opened_form(const struct opened *list, size_t n);

/* restore.c */

/** Restore what r->fetch lists: of all apps, or of the request's. */
int restore_folders(struct run *r, struct err *err);

/* rows.c */

/** A row for the backup's item @app, @native_id, named @name; *row is its place in the result.
 *  The id shown is the one that this terminal's other commands show. */
int row_add(size_t *row, struct run *r, struct span app, struct span native_id, struct span name,
	    struct err *err);
/** A row for an item that cannot be opened: named by what this terminal knows; else it is put aside
 *  for name_nameless(). */
int result_add_unopened(struct run *r, const char *app, const struct wire_item *at,
			const struct err *why, struct err *err);
/** The row's outcome and reason, a sentence that is copied. */
int result_set(struct run *r, size_t row, enum restore_outcome outcome, const char *reason,
	       struct err *err);
/** It has none of the fields that are wanted: failed where it was named, else passed over. */
int result_lacks_field(struct run *r, size_t row, const char *reason, struct err *err);
/** A sentence for the person, once. */
int result_alarm(struct restore_result *out, const char *sentence, struct err *err);

/* names.c */

/** Name what could not be opened: the Box of its device, which lies in the cloud too, knows its
 *  native id and path.  What that does not tell keeps its short id.  ERR_NOMEM only. */
int name_nameless(struct run *r, struct err *err);

/* cards.c: an app whose items have fields. */

struct cards; /* the app as it is, and what is to be done with it */

int cards_new(struct cards **out, struct run *r, struct target *t, struct err *err);
void cards_free(struct cards *c);
AUTO_PTR(cards_free, struct cards);
/** A group of items of the backup: looked up in the app, settled or put aside. */
int cards_take(struct cards *c, const struct opened *items, size_t n, struct err *err);
/** After the last group: what was put aside is decided, and all of it written. */
int cards_finish(struct cards *c, struct err *err);

/* files.c: an app whose items are whole files. */

struct files; /* the app's folder as it is */

int files_new(struct files **out, struct run *r, struct target *t, struct err *err);
void files_free(struct files *f);
AUTO_PTR(files_free, struct files);
/** Restore a group of files. */
int files_restore(struct files *f, const struct opened *items, size_t n, struct err *err);
/** After the last group: the Box's inventory learns what was written. */
int files_finish(struct files *f, struct err *err);

#endif
