/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: what lies on the server goes back into the app it came from, field by field, replacing
 * nothing.
 *
 *     fetch (fetch.h)  ->  match and merge against the live app (plan.h)  ->  preview ends here
 *     ->  originals, sealed and durable  ->  the app's own write  ->  read back  ->  receipt, held
 *
 * Invariants:
 * - Nothing on the terminal is deleted or replaced; an original is durable in the Box before its
 *   item is changed.
 * - Done twice, the second restore writes nothing.
 * - A bad item (damaged, swapped, gone) is named with a reason and its neighbours go on.
 * - Whatever moment the program is killed at, every item is as it was or as it should be.
 */
#ifndef RESTORE_RESTORE_H
#define RESTORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

struct box;      /* box/box.h */
struct unlocked; /* account/account.h: keys that open, and a session that may read */

#define RESTORE_ID_BYTES 33 /* 32 lower-case hexadecimal digits and NUL */

/* What is to come back.  All pointers are borrowed for the length of the call. */
struct restore_request {
	const char *app; /* NULL: every app; "box": the Box itself */
	const char *const
		*items;     /* ITEM: native id, short id or exact name, looked up in that order */
	size_t n_items;     /* 0: all of them; else @app must be given */
	const char *where;  /* NULL, or what an expression means of @app (item/where.h) */
	const char *thread; /* NULL, or the messages of one thread of @app: numbers or a name */
	uint32_t version;   /* 0: the newest; else the items' version of that number */
	int64_t at_unix_ms; /* 0: no; else the newest version of that moment (the signed client
			       time); items that did not exist then are left out */
	const char *from;   /* a device's id, the beginning of one, or its name; NULL: chosen,
			       see device.h */
	const char *into;   /* an app of this terminal to take the items; NULL: the app of the
			       same name; needs @app */
	const char *create_dir; /* for an app that is not here: DIR/APP in open formats; or NULL */
	const char *const *fields; /* NAME or NAME=VALUE: only those are added or held */
	size_t n_fields;           /* 0: all fields */
	bool preview;              /* plan only: nothing is written, no receipt */
};

enum restore_outcome {
	RESTORE_IDENTICAL, /* nothing added, nothing held */
	RESTORE_MERGED,    /* fields added or held */
	RESTORE_ADDED,     /* the item was not here */
	RESTORE_SKIPPED,   /* its app is not on this terminal: the reason has the line to type */
	RESTORE_FAILED,
};

/** "identical", "merged", "added", "skipped", "failed": part of the JSON contract. */
const char *restore_outcome_name(enum restore_outcome outcome);

/* One field of an item.  Strings are UTF-8 without control characters other than \n, never NULL. */
struct restore_field {
	char *field; /* "TEL", "content" */
	char *value; /* what the backup has; for a photo or a file a few words in its place */
	char *here;  /* held fields: what the terminal has and keeps; else "" */
};

/** Free @n fields and their strings. */
void restore_fields_free(struct restore_field *f, size_t n);

struct result_rows; /* restore/result_rows.h */

struct restore_item {
	char *app; /* the app it came from */
	char *id;  /* as shown: native id, or short id where that is no clean text */
	char *name;
	enum restore_outcome outcome;
	struct restore_field *added;
	size_t n_added;
	struct restore_field *held;
	size_t n_held;
	/* What the app has no place for: neither added nor held, and safe where it is. */
	struct restore_field *left;
	size_t n_left;
	/* A preview only: what both have, and what only the terminal has; `value` is the terminal's.
	 * (A restored new item lists nothing as added: all of it is.) */
	struct restore_field *same;
	size_t n_same;
	struct restore_field *stays;
	size_t n_stays;
	char *reason; /* a sentence in the person's language, never NULL */
};

/* Owned by the caller, who calls restore_result_clear(); all zero is empty. */
struct restore_result {
	char id[RESTORE_ID_BYTES];   /* of this restore; "" for a preview */
	char from[RESTORE_ID_BYTES]; /* the device whose backups were read */
	struct result_rows *rows;    /* restore_result_item(), restore_result_count() */
	size_t n_items;
	uint64_t written;        /* items whose bytes changed */
	uint64_t failed;         /* items of outcome RESTORE_FAILED: exit status 3 if any */
	uint64_t bytes_received; /* HTTP heads and bodies */
	uint32_t requests;
	char **alarms; /* sentences: the list was not what its device signed, ... */
	size_t n_alarms;
	size_t cap_alarms;
};

void restore_result_clear(struct restore_result *r);
AUTO_OBJ(restore_result_clear, struct restore_result);

/** Item number @i of r->n_items, by app, then name bytewise, then id; borrowed until another one is
 *  asked for.  They lie in an unnamed file: ERR_IO, ERR_NOMEM. */
int restore_result_item(const struct restore_item **out, const struct restore_result *r, size_t i,
			struct err *err);

/** How many items came out like that. */
size_t restore_result_count(const struct restore_result *r, enum restore_outcome outcome);

/* A field that the items to be restored have, and how many of them. */
struct restore_fit_field {
	char *name; /* "TEL" */
	uint64_t items;
	uint64_t last; /* the item it was last seen in */
};

/* What an app can take of items that come from another one. */
struct restore_fit {
	const char *app;
	uint64_t n_items;
	struct restore_fit_field *kept; /* by name */
	size_t n_kept, cap_kept;
	struct restore_fit_field *left; /* the app has no place for them: they stay where they
					   come from */
	size_t n_left, cap_left;
};

/* How far it is; every member may be NULL. */
struct restore_watch {
	void *ctx;
	/* Items of another app are looked at, and nothing is written yet (restore --into, import). */
	void (*fit)(void *ctx, const struct restore_fit *fit);
	/* @done of @total items are opened or written; @bytes received so far. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total, uint64_t bytes);
	/* Asked between items: true ends the restore cleanly with ERR_CANCELLED; what was written
	 * stays and stands in the receipt. */
	bool (*cancelled)(void *ctx);
};

/**
 * Bring items back.
 * @out    filled also where items failed; the caller clears it, after a failure too.
 * @u      unlocked account: its keys open, its session reads.
 * @watch  may be NULL.
 * @return 0, items of RESTORE_FAILED included, or -1; what was written until then stands in @out
 *         and in the receipt:
 *         ERR_NOT_FOUND, ERR_AMBIGUOUS (an ITEM, or the device; the message lists the candidates;
 *         ERR_NOT_FOUND also if no item at all has one of the wanted fields),
 *         ERR_USAGE (the request contradicts itself, or there is no account yet), ERR_UNREACHABLE
 *         and remote.h's, ERR_FULL and ERR_IO (the originals could not be kept; the disk), ERR_BUSY
 *         (another backup or restore runs), ERR_CANCELLED.
 *         A list that its device did not sign is no error: see out->alarms.
 */
int restore_run(struct restore_result *out, struct box *box, struct unlocked *u,
		const struct restore_request *request, const struct restore_watch *watch,
		struct err *err);

/**
 * Take over the Box of @from (P27): its apps, rules and shortcuts are added to this one; an app
 * that exists here keeps its adapter and path.  The same as restore_run() with app "box".  Used by
 * `restore box` and by `join --replace`.
 * @out  one item for each part of the Box: app "box", id "settings" or "APP/NN", the reason says
 * how many shortcuts came.
 */
int restore_take_over_box(struct restore_result *out, struct box *box, struct unlocked *u,
			  const char *from, const struct restore_watch *watch, struct err *err);

#endif
