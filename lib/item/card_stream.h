/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_stream: card_split() over a file that is read piece by piece, with the same result.
 *
 * A window (text_stream.h) ends where a line begins that continues no other, and what is last in it
 * is kept back until more is read: only then is it known where that ends.
 */
#ifndef ITEM_CARD_STREAM_H
#define ITEM_CARD_STREAM_H

#include "item/card.h"
#include "item/text_stream.h"

/** A text_split_fn. */
int
card_stream_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

#endif
