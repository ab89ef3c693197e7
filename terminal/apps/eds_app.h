/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_app: apps whose rows are the objects of Evolution Data Server (lib/eds): what its books and its
 * calendars have in common.  eds_contacts.c and eds_calendar.c say what differs.
 *
 * Which source: the setting `source` (its id), else the id in a path such as
 * ~/.local/share/evolution/addressbook/ID, where `system` is the one built in; else the one built in.  A source
 * on the web is therefore only used by who names it.
 *
 * A row's number is the upper 63 of the first 64 bits (little-endian) of BLAKE2b-128 of the object's id, which no two apps see differently.  Of
 * two ids of one number (one chance in 10^9 among 100,000) the later one is refused by name; its object is left
 * alone.  The stamp is a hash of the source's revision.
 *
 * The service has no transactions: each edit is written as it comes.  A rollback undoes what was done,
 * last first, where it is still what we wrote.
 */
#ifndef APPS_EDS_APP_H
#define APPS_EDS_APP_H

#include "apps/row_app.h"
#include "eds/eds.h"

struct eds_type {
	enum eds_kind kind;
	const struct form *form;
	const char *folder; /* of the local sources, below .local/share/evolution */

	/* Append what the row of an object shows: the same bytes for the same object.  0 or -1. */
	int (*show)(struct buf *out, struct span text, struct err *err);

	/* Append what is to be written for @bytes, under @id (NULL: a new object), and make ready for it.
	 * 0, ROW_REFUSED or -1. */
	int (*prepare)(struct buf *out, struct eds_store *eds, struct span bytes, const char *id,
		       struct err *err);
};

/* The row_kind's members, but for `source` and open(). */
int eds_app_open(void **store, const struct app *app, const struct eds_type *type, struct err *err);
void eds_app_close(void *store);
int eds_app_stamp(struct app_stamp *out, void *store, struct err *err);
int eds_app_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err);
int eds_app_read(void *store, int64_t number, struct buf *out, struct err *err);
int eds_app_begin(void *store, struct err *err);
int eds_app_add(void *store, struct span bytes, int64_t *number, struct err *err);
int eds_app_replace(void *store, int64_t number, struct span bytes, struct err *err);
int eds_app_remove(void *store, int64_t number, struct err *err);
int eds_app_commit(void *store, struct err *err);
void eds_app_rollback(void *store);

#define OVER_EDS                                                                                   \
	.close = eds_app_close, .stamp = eds_app_stamp, .each = eds_app_each,                      \
	.read = eds_app_read, .begin = eds_app_begin, .add = eds_app_add,                          \
	.replace = eds_app_replace, .remove = eds_app_remove, .commit = eds_app_commit,            \
	.rollback = eds_app_rollback

#endif
