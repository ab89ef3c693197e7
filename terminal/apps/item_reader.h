/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item_reader: an item's original bytes, in pieces, never torn.
 *
 * The source is opened beneath the app's folder, its stamp compared before the first byte and after
 * the last one: APP_END vouches that all pieces come from one unchanged file.  What was read before
 * an APP_MOVED is to be thrown away.
 *
 *     while ((rc = item_reader_next(r, &piece, err)) == 0)
 *             use(piece);
 *     if (rc == APP_MOVED) ...                 refresh and read again, or report it
 */
#ifndef APPS_ITEM_READER_H
#define APPS_ITEM_READER_H

#include "apps/adapter.h"

/** 0, APP_MOVED, or -1 with ERR_IO, ERR_NOMEM.  Takes min(size, APP_PIECE_BYTES) of memory. */
int item_reader_open(struct item_reader **out, struct app_session *s, const struct app_place *place,
		     struct err *err);
void item_reader_free(struct item_reader *r);
AUTO_PTR(item_reader_free, struct item_reader);

/** Bytes in all: the place's size. */
uint64_t item_reader_size(const struct item_reader *r);

/**
 * The next piece: APP_PIECE_BYTES, the last one what is left.  Borrowed until the next call.
 * @return 0; APP_END (no piece; all were good); APP_MOVED; -1 with ERR_IO.
 */
int item_reader_next(struct item_reader *r, struct span *piece, struct err *err);

/** Append the whole item to @out, whose ceiling bounds it.  0, APP_MOVED (nothing is appended), or
 *  -1: ERR_LIMIT, ERR_IO, ERR_NOMEM. */
int item_read_all(struct buf *out, struct app_session *s, const struct app_place *place,
		  struct err *err);

#endif
