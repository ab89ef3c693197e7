/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_copy: this terminal's copy of the account log, HOME/account-log.
 *
 * The entries as the server gave them, each with its length in front (wire_log_next), so that every
 * run can verify the Box's keys against signed entries without a request.  Replaced as a whole
 * before the Box's identity learns of it; a copy that is longer than the identity says is the trace
 * of a crash in between, and log_copy_adopt() catches up.  A shorter or another one is damage.
 */
#ifndef ACCOUNT_LOG_COPY_H
#define ACCOUNT_LOG_COPY_H

#include "box/box.h"
#include "format/log.h"

#define LOG_COPY_BYTES_MAX (16u << 20)

/** Apply every entry of @entries to @s.  ERR_AUTH, ERR_CONFLICT, ERR_FORMAT… as log_state_apply().
 */
int log_copy_apply(struct log_state *s, struct span entries, struct err *err);

/** The hash of entry number @index (from 0) of @entries.  ERR_NOT_FOUND. */
int log_copy_hash_at(struct hash32 *out, struct span entries, uint64_t index, struct err *err);

/** Append the copy's bytes to @raw and its state to @s (log_state_init() is done here; the caller
 *  clears both).  ERR_NOT_FOUND: there is none; ERR_AUTH, ERR_FORMAT: damaged. */
int log_copy_read(struct log_state *s, struct buf *raw, struct box *b, struct err *err);

/** Replace the copy by @raw, whose state is @s, and let the identity follow: length, head and,
 *  after a rotate, the keys.  ERR_REVOKED: the log shuts this device out (the copy is kept). */
int log_copy_adopt(struct box *b, const struct log_state *s, struct span raw, struct err *err);

#endif
