/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_card: a vCard as Evolution Data Server keeps it, and as its row shows it.
 *
 * The service reads vCard 3.0 well; of 2.1 it destroys charsets, of 4.0 pictures.  So it gets nothing but
 * clean 3.0 in UTF-8 (card_convert.h), and whole cards: it would put fields of its own in place of others'.
 * What its library would print otherwise than we read it (`URL:http\://…`, NICKNAME with two names, text that
 * somebody forgot to fold) is written anew in our words, and where that does not help, its line goes into the
 * text of an X-CLOUDBOX-RAW, where no app sees it, and comes out again when it is shown.
 * A card whose UID has a `;` would lie under what stands before that, where two would meet: it gets a UID of
 * ours and keeps the other as X-CLOUDBOX-UID.
 *
 * Laws (tests/unit/terminal/apps/test_eds_card.c): every field of a card is in what is shown of what was
 * written of it; showing what is shown changes nothing.
 */
#ifndef APPS_EDS_CARD_H
#define APPS_EDS_CARD_H

#include "apps/eds_keep.h"

/** Append what a row shows of the service's @text: without the parameter X-EVOLUTION-E164, which the service
 *  adds to numbers; parameters sorted, since its library turns their order round each time that it reads a card.
 *  0 or -1 (ERR_NOMEM, ERR_LIMIT). */
int eds_card_show(struct buf *out, struct span text, struct err *err);

/** Append what to write for the card @bytes.  @is_new: under another UID where need be.
 *  0, or -1: ERR_SYNTAX (no card), ERR_NOMEM, ERR_LIMIT, or @print's. */
int eds_card_write(struct buf *out, struct span bytes, bool is_new, eds_print_fn *print, void *ctx,
		   struct err *err);

#endif
