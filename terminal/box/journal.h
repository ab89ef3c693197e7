/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: batches on their way.
 *
 *     SCANNED --journal_seal--> SEALED --journal_sent--> SENT --journal_ack--> (in `saved`)
 *                                  \________ journal_drop ________/   refused: to be sealed anew
 *
 * journal_seal() makes the batch's bytes durable as HOME/journal/NUMBER before the row that names
 * them, with everything that the ACK will change: so an ACK that arrives after a crash is applied
 * in one transaction, and a batch is only ever re-sent byte-identical.  At most one batch is under
 * way. Files without a row (a crash between the two) are removed by box_lock().  Sealing, sending and
 * acknowledging are for whoever holds that lock.
 */
#ifndef BOX_JOURNAL_H
#define BOX_JOURNAL_H

#include "box/saved.h"
#include "format/state.h"

#define JOURNAL_BATCH_BYTES_MAX ((8u << 20) + (64u << 10))

enum journal_state {
	JOURNAL_SEALED,
	JOURNAL_SENT, /* an attempt was made: the server may have it */
};

struct journal_batch {
	uint64_t number; /* of the file */
	enum journal_state state;
	uint8_t kind; /* 0 backup, 1 rejoin */
	uint64_t seq;
	uint8_t head[BOX_HASH_BYTES];
	uint64_t epoch;
	uint64_t bytes;
	uint32_t attempts;
	int64_t sealed_unix_ms;
	int64_t receipt; /* of receipts.h, to be completed at the ACK; 0: none */
};

/* What one record of the batch will change. */
struct journal_change {
	bool tombstone; /* then only app, native_id, item and folder of `saved` count */
	/* The item's new live version.  `versions`, `saved_unix_ms` and `proven_unix_ms` are the
	 * journal's to fill at the ACK. */
	struct saved saved;
};

/*
 * Sealing, in one transaction:
 *     journal_begin  journal_add_change*  state_update(journal_store())  journal_seal
 * or, at any point before the end, box_rollback().
 */

/** ERR_EXISTS: another batch is under way. */
int journal_begin(struct box *b, struct err *err);
int journal_add_change(struct box *b, const struct journal_change *c, struct err *err);

/** The state tree as it will be after the batch: what is saved, with the changes added so far.  Its
 *  put() and clear() are kept with the batch and take effect at the ACK.  Borrows @b; valid between
 *  journal_begin() and journal_seal(). */
void journal_store(struct state_store *out, struct box *b);

/** Live items before the batch, and after the changes added so far. */
int journal_counts(uint64_t *n_before, uint64_t *n_after, struct box *b, struct err *err);

/**
 * Make the batch durable.
 * @batch  receives its number; kind, seq, head, epoch, receipt are given.
 * @bytes  as sealed; at most JOURNAL_BATCH_BYTES_MAX.
 */
int journal_seal(struct box *b, struct journal_batch *batch, struct span bytes, struct err *err);

/** The batch under way.  0, BOX_ABSENT or -1. */
int journal_current(struct journal_batch *out, struct box *b, struct err *err);

/** Its bytes, appended to @out.  ERR_FORMAT: not as long as they were. */
int
journal_read(struct buf *out, struct box *b, const struct journal_batch *batch, struct err *err);

/** Before each attempt. */
int journal_sent(struct box *b, struct journal_batch *batch, struct err *err);

/**
 * The server has it: apply its changes to `saved`, the tree, the inventory and the identity (seq,
 * head), forget the batch and the dropped heads.  One transaction.
 * @server_unix_ms  the server's time, for the shortcuts' saved_at.
 */
int journal_ack(struct box *b, const struct journal_batch *batch, int64_t server_unix_ms,
		struct err *err);

/** Refused in a way that allows sealing anew: forget the batch, keep its head until the next ACK.
 */
int journal_drop(struct box *b, const struct journal_batch *batch, struct err *err);

/** Is @head that of a batch that was dropped?  Then the server has it after all: its changes are
 *  kept as long as its head; journal_ack_dropped() applies them. */
int journal_find_dropped(struct journal_batch *out, struct box *b,
			 const uint8_t head[static BOX_HASH_BYTES], struct err *err);
int journal_ack_dropped(struct box *b, const struct journal_batch *batch, int64_t server_unix_ms,
			struct err *err);

#endif
