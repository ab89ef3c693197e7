/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cutter: the chunks of one item, in order, each time the same.
 *
 * An item is cut twice: once to learn the ids of its chunks, and again, after the server told which
 * of them it lacks, to seal those.  So nothing but one piece is ever held of a large file.
 *     cards   values over 2 KiB, decoded; if what remains is over 32 KiB, that too, raw
 *     files   pieces by class (chunk/chunk.h), if they are over 32 KiB
 */
#ifndef BACKUP_CUTTER_H
#define BACKUP_CUTTER_H

#include "apps/apps.h"
#include "box/content.h"
#include "chunk/chunk.h"
#include "format/payload.h"
#include "item/recipe.h"

#define CUTTER_ITEM_BYTES_MAX (64u << 20) /* of an item that is merged by fields: ITEM_BYTES_MAX */

struct cutter;

#define CUTTER_MOVED 2 /* the source changed: nothing that came so far is of use */

/**
 * Begin.
 * @class    of a file that is cut into pieces; ignored for cards and for small files.
 * @content  takes the item's bytes as they pass, for cutter_finish(); or NULL.
 * @return 0, CUTTER_MOVED, or -1: ERR_LIMIT, ERR_IO, ERR_NOMEM.
 */
int cutter_open(struct cutter **out, struct app_session *s, const struct app_place *place,
		enum chunk_class class, struct content *content, struct err *err);
void cutter_free(struct cutter *c);
AUTO_PTR(cutter_free, struct cutter);

/** The next chunk, borrowed until the next call.  0, CHUNK_END (the item came whole from one
 *  unchanged source), CUTTER_MOVED, -1. */
int cutter_next(struct cutter *c, enum chunk_class *class, struct span *plain, struct err *err);

/** After CHUNK_END: append the payload, whose chunks are numbered as they came. */
int cutter_payload(struct buf *out, const struct cutter *c, struct err *err);

/** The class that the pieces of a file got; 0: it was not cut into pieces. */
uint8_t cutter_class(const struct cutter *c);

#endif
