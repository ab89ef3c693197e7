/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud: what lies on the server, opened: the live items of a device, and one item's history.
 *
 * What authenticates is listed even where the list as a whole is not what its device signed; that
 * is said in `alarms`.  The Box's own items are in no list.
 */
#ifndef RESTORE_CLOUD_H
#define RESTORE_CLOUD_H

#include "restore/diff.h"
#include "restore/restore.h"

struct app_session; /* apps/adapter.h */
struct sorter;      /* os/sorter.h */

/* An item on the server.  Strings are UTF-8, never NULL. */
struct cloud_item {
	const char *app;
	const char *id;
	const char *name;
	const char *type;  /* MIME type */
	const char *taken; /* when a picture was taken (record.h); "": not known */
	const char *thread,
		*with; /* of a message: its thread (item/thread.h), the other party's name; "": not
				      known, or it does not lie in its record */
	uint64_t size_bytes;
	uint32_t versions;        /* how many were ever stored */
	int64_t saved_at_unix_ms; /* signed client time of the newest */
	const char *problem; /* "" or why it cannot be opened: then app, name and type are "" and id
			  is the short id */
};

struct cloud_list {
	char device[RESTORE_ID_BYTES];
	struct sorter *items; /* read by cloud_list_next() */
	size_t n_items;
	uint64_t bytes_received;
	uint32_t requests;
	char **alarms;
	size_t n_alarms;
	size_t cap_alarms;
};

void cloud_list_clear(struct cloud_list *l);
AUTO_OBJ(cloud_list_clear, struct cloud_list);

/**
 * List a device's live items.
 * @app   NULL: all apps; else that one.
 * @from  as in struct restore_request.
 * @return 0 or -1: see restore_run(); ERR_NOT_FOUND for an app that neither is here nor lies there,
 *         with the known ones in the hint.
 */
int cloud_read(struct cloud_list *out, struct box *box, struct unlocked *u, const char *app,
	       const char *from, struct err *err);

#define CLOUD_LIST_END 1
/** The next item, by app, then name bytewise, then id; borrowed until the next call.  They lie in an
 *  unnamed file.  0, CLOUD_LIST_END or -1: ERR_IO, ERR_NOMEM. */
int cloud_list_next(struct cloud_item *out, struct cloud_list *l, struct err *err);

/* One version of an item. */
struct cloud_version {
	uint32_t version;
	int64_t saved_at_unix_ms; /* signed client time */
	uint64_t size_bytes;
	bool removed;  /* a `forget`: the item was absent from then on */
	char *problem; /* "" or why this version cannot be opened */
	/* Against the version before it: fields that came or changed (`value` the new one) and
	 * fields that went (`value` ""). */
	struct restore_field *changed;
	size_t n_changed;
};

struct cloud_history {
	char device[RESTORE_ID_BYTES];
	char *app;
	char *id;
	char *name;                     /* in the newest version */
	struct cloud_version *versions; /* newest first */
	size_t n_versions;
	size_t cap_versions;
	uint64_t bytes_received;
	uint32_t requests;
};

void cloud_history_clear(struct cloud_history *h);
AUTO_OBJ(cloud_history_clear, struct cloud_history);

/** All kept versions of @item (native id, short id, or exact name) of @app.
 *  ERR_NOT_FOUND, ERR_AMBIGUOUS, else as cloud_read(). */
int cloud_history_read(struct cloud_history *out, struct box *box, struct unlocked *u,
		       const char *app, const char *item, const char *from, struct err *err);

/* Two states of an item, compared. */
struct cloud_diff {
	char device[RESTORE_ID_BYTES]; /* whose backups */
	char *name;
	uint32_t version;         /* 0: the item as it is here now */
	uint32_t against;         /* the version that it is compared with; 0: there was none */
	int64_t saved_at_unix_ms; /* of `version`; 0: here now */
	uint64_t size_bytes;      /* 0: it was, or is, not there */
	struct diff fields;
};

void cloud_diff_clear(struct cloud_diff *d);
AUTO_OBJ(cloud_diff_clear, struct cloud_diff);

/**
 * Compare a version of @item with the one before it, or what is here with the newest version.
 * @version  0: what is here now.
 * @here     the app of this terminal, its inventory up to date; needed for @version 0.
 * @return   as cloud_history_read(); ERR_NOT_FOUND: no such version; a version that cannot be opened
 *           is an error here.
 */
int cloud_diff_read(struct cloud_diff *out, struct box *box, struct unlocked *u,
		    struct app_session *here, const char *app, const char *item, const char *from,
		    uint32_t version, struct err *err);

#endif
