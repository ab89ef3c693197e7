/* SPDX-License-Identifier: Apache-2.0 */
/*
 * originals: what items looked like before a restore touched them, and the single-valued fields
 * whose backup differs (held).  Sealed to the account (seal_kept): this terminal can write them and
 * needs the passphrase to read them.
 *
 * An original is durable before its item is changed, so an interrupted restore can be undone.
 */
#ifndef BOX_ORIGINALS_H
#define BOX_ORIGINALS_H

#include "base/buf.h"
#include "box/box.h"
#include "crypto/keys.h"

#define ORIGINAL_BYTES_MAX (64u << 20)

/* A restore, or a take: what undo can undo. */
struct restore_row {
	struct span id; /* 32 lower-case hex digits */
	int64_t at_unix_ms;
	uint8_t from[BOX_ID_BYTES]; /* the device whose backup it was; of a take: this one */
	bool finished;              /* all was written and read back */
	bool undone;
};

int restore_row_put(struct box *b, const struct restore_row *r, struct err *err);
int restore_row_finish(struct box *b, struct span id, struct err *err);
int restore_row_undone(struct box *b, struct span id, struct err *err);
/** As if it had never begun: it wrote nothing. */
int restore_row_remove(struct box *b, struct span id, struct err *err);

typedef int restore_row_fn(void *ctx, const struct restore_row *r, struct err *err);

/** Newest first. */
int restore_rows_each(struct box *b, restore_row_fn *fn, void *ctx, struct err *err);

enum kept_kind {
	KEPT_ORIGINAL = 1, /* the item's bytes before */
	KEPT_CREATED,      /* there was none: the restore made it; no body */
	KEPT_HELD,         /* a field's value in the backup, and here */
	KEPT_UNDONE,       /* the item's bytes before an undo of `restore` */
	KEPT_TAKEN, /* the item's bytes before a held value was taken: `restore` is the take */
};

/* What is kept of one item by one restore.  From a callback borrowed. */
struct kept {
	int64_t number; /* given by kept_put() */
	enum kept_kind kind;
	struct span restore; /* its id */
	const char *app;     /* of this terminal */
	struct span native_id;
	uint8_t item[BOX_ID_BYTES];
	struct span name;
	const char *field;  /* HELD, TAKEN: "TEL"; else "" */
	struct span source; /* path within the app */
	int64_t kept_unix_ms;
	/* content.h of what was (or was to be) written, so that it is known again; zeros: not known
	 * (yet: kept_put_written()), or, with UNDONE, the item went.  HELD: of the body. */
	uint8_t written[BOX_HASH_BYTES];
	uint64_t epoch; /* under whose PSK the body is sealed */
	/* ORIGINAL: fields that were added (their keys, 16 bytes each, joined).  UNDONE: content.h
	 * of the item before, 32 bytes.  TAKEN: the key of the value, and then that. */
	struct span added_keys;
	int64_t taken_by; /* HELD: number of the take's KEPT_TAKEN, or 0 */
};

/**
 * Keep it, durably; k->number, ->epoch and ->kept_unix_ms are filled in.
 * @body  ORIGINAL, TAKEN: the item's bytes; UNDONE: the same, or empty; HELD: what the caller wants
 *        back from kept_open(); CREATED: empty.  At most ORIGINAL_BYTES_MAX.
 */
int kept_put(struct box *b, struct kept *k, struct span body, struct err *err);
int kept_put_written(struct box *b, int64_t number, const uint8_t content[static BOX_HASH_BYTES],
		     struct err *err);
/** The held value is applied by the take whose KEPT_TAKEN is @taken_by: it stays listed until that
 *  take's restore is finished. */
int kept_put_taken(struct box *b, int64_t number, int64_t taken_by, struct err *err);
/** All that @taken_by applied is held again. */
int kept_put_untaken(struct box *b, int64_t taken_by, struct err *err);
int kept_remove(struct box *b, int64_t number, struct err *err);

/**
 * Open a body, appended to @out.
 * @psk  of the epoch k->epoch.
 * @aek  the private half of that epoch.
 * @return 0, or -1: ERR_AUTH, ERR_NOT_FOUND, ERR_LIMIT.
 */
int kept_open(struct buf *out, struct box *b, const struct kept *k, const struct secret *psk,
	      const struct secret *aek, struct err *err);

struct kept_filter {
	enum kept_kind kind;   /* 0: all but HELD */
	const char *app;       /* NULL: all */
	struct span native_id; /* p NULL: all */
	struct span restore;   /* p NULL: all */
};

typedef int kept_fn(void *ctx, const struct kept *k, struct err *err);

/** Newest first.  Held values that were taken are left out. */
int kept_each(struct box *b, const struct kept_filter *f, kept_fn *fn, void *ctx, struct err *err);

/** Is there anything of @restore that could be undone?  0, BOX_ABSENT or -1. */
int kept_any(struct box *b, struct span restore, struct err *err);

/** Forget what is older than @before_unix_ms; *n receives how much that was.  The file's room is
 *  overwritten (secure_delete), its journal cut. */
int kept_purge(uint64_t *n, struct box *b, int64_t before_unix_ms, struct err *err);
/** The same, but only what was kept no later than number @newest: kept_newest() at an earlier time. */
int kept_purge_up_to(uint64_t *n, struct box *b, int64_t newest, int64_t before_unix_ms,
		     struct err *err);
/** The number of what was kept last; 0: nothing is kept. */
int kept_newest(int64_t *number, struct box *b, struct err *err);

#endif
