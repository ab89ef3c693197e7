/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: a terminal's item A and its backup A' become a new A; nothing of A is touched.
 *
 *   1. a field equal in both: A's bytes stay, to the byte;
 *   2. a field only in A: stays;
 *   3. a field only in A': is added, before A's END, written in A's version and line ends;
 *   4. a field that holds one value only, different in both: A's stays, the other is held; so is an
 *      alarm where the times differ;
 *   5. nothing is deleted or replaced, and doing it again changes nothing.
 *
 * Fields of A' that are marked as dropped (item_mark_dropped()) are passed over: the app has no place
 * for them, and they are safe where they are.
 *
 * Pure: no app, no I/O, no clock.  Laws (tests/unit/merge): merge(A, A) = A byte for byte;
 * merge(merge(A, A'), A') = merge(A, A'); no field of A is missing; every field of A' is in the
 * result, or held.  Each added line is read back before it counts: if it does not have the key it
 * came with (a value that A's version cannot express), it is held instead.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "base/buf.h"
#include "base/err.h"
#include "item/form.h"

enum merge_result {
	MERGE_IDENTICAL, /* the new A is A: nothing to write */
	MERGE_MERGED,
};

enum merge_held {
	MERGE_HELD_SINGLE,     /* one value only, and A has another */
	MERGE_HELD_UNWRITABLE, /* A's version cannot express it */
	MERGE_HELD_UNFIT /* A has a place for it, but it would not mean the same there (agree.h) */
};

struct merge_change {
	const struct field *theirs; /* in A' */
	const struct field
		*mine; /* held: what A has; NULL if unwritable or unfit, or if A' itself has two
	                               and the other was added.  added: NULL */
	enum merge_held why; /* held only */
};

struct merge_outcome {
	enum merge_result result;
	struct buf bytes;           /* the new A; for MERGE_IDENTICAL a copy of A's bytes */
	struct merge_change *added; /* pointers into A and A': valid while both live */
	size_t n_added, cap_added;
	struct merge_change *held;
	size_t n_held, cap_held;
	size_t n_equal;  /* fields of A' that A has */
	size_t n_chosen; /* fields of A' that were looked at: equal + added + held */
};

#define MERGE_OUTCOME_INIT                                                                         \
	{                                                                                          \
		.bytes = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX)                                      \
	}

void merge_outcome_clear(struct merge_outcome *o);
AUTO_OBJ(merge_outcome_clear, struct merge_outcome);

/** Is this field of A' wanted?  For taking back one field only. */
typedef bool merge_wants_fn(void *ctx, const struct field *theirs);

struct merge_choice {
	merge_wants_fn *wants; /* NULL: all */
	void *ctx;
};

/**
 * @out    MERGE_OUTCOME_INIT, or cleared.
 * @mine   A, parsed with the app's profile.  @theirs: A', parsed with the same profile.
 * @choice which fields; NULL: all.
 * @return 0, or -1: ERR_NOMEM, ERR_LIMIT.
 */
int merge_items(struct merge_outcome *out, const struct item *mine, const struct item *theirs,
		const struct merge_choice *choice, struct err *err);

/* How a backup's card is written as a new contact. */
struct merge_new {
	uint8_t item_id[16];
	bool uid_taken;             /* another item here has its UID, or the app cannot hold it */
	struct merge_choice choice; /* fields that identify the item (N, FN) come along always */
};

/**
 * The bytes for a new contact, appended to @out: those of @theirs, but
 * without the fields that are marked as dropped;
 * without UID, `UID:urn:uuid:…` of the item id is inserted; with a taken one, it replaces the UID,
 * and the original goes into X-CLOUDBOX-UID.
 */
int merge_new_item(struct buf *out, const struct item *theirs, const struct merge_new *how,
		   struct err *err);

/**
 * Take a held value by explicit choice: @out gets A's bytes with @old replaced by @value of A'.
 * @old  a field of @mine; NULL: add it.
 * @return 0, or -1: ERR_UNSUPPORTED (A's version cannot express it), ERR_NOMEM, ERR_LIMIT.
 */
int merge_take(struct buf *out, const struct item *mine, const struct field *old,
	       const struct item *theirs, const struct field *value, struct err *err);

/**
 * Undo: A's bytes without what a restore added, where it is still as it was added; with nothing
 * edited between, the bytes from before the merge.  (One corner cannot be told apart: a card that
 * ends with a stray soft break `=`, an empty line behind it or none, becomes the same card; the
 * empty line is taken for the merge's.)
 * @added    keys of the added fields (merge_change.theirs->stored_key); so @mine's are compared.
 * @removed  as many flags as keys: true where the field was found and taken away; false: it was
 *           changed or removed since, or shares its line with something newer.  It stays.
 */
int merge_remove(struct buf *out, const struct item *mine, const struct field_key *added,
		 size_t n_added, bool *removed, struct err *err);

/**
 * Where a file goes whose place is taken by other content: "NAME (from backup).EXT", appended to
 * @out.  Only the last part of @path changes; a leading dot belongs to the name (".profile" becomes
 * ".profile (from backup)"); the extension is what stands behind the last dot.  Where the name
 * would exceed 255 bytes, it is cut before " (from backup)" at a character boundary. A path that
 * has this form already stays as it is: no third copy.
 */
int merge_file_name(struct buf *out, struct span path, struct err *err);

enum merge_file {
	MERGE_FILE_IDENTICAL, /* same content there: nothing to write */
	MERGE_FILE_NEW,       /* nothing there: write it at its path */
	MERGE_FILE_BESIDE,    /* other content there: the terminal's stays, write it beside */
	MERGE_FILE_HELD, /* other content beside, too: nothing is written, it stays in the Box */
};

/** The merge rule for files.  Hashes are of the same kind and length; NULL: there is no such file.
 *  @at_path: what the terminal has at the path; @beside: at merge_file_name()'s. */
enum merge_file
merge_file(struct span backup_hash, const struct span *at_path, const struct span *beside);

#endif
